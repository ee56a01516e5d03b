package sysinfo

import (
	"bufio"
	"bytes"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// group is a control group that limits memory: see cgroups(7).
type group struct {
	path   string // within its hierarchy
	folder string // of its files, relative to the root of the file system
	files  groupFiles
}

// groupFiles holds the names of a version's files, and of the key for page-cache memory,
// which Linux reclaims before it kills a process.
type groupFiles struct{ limit, usage, cache string }

var (
	version1 = groupFiles{"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"}
	version2 = groupFiles{"memory.max", "memory.current", "inactive_file"}
)

// left returns how many bytes remain of the group's limit, at least 1, and whether it
// has a limit.
func (g group) left(root fs.FS) (bytes int64, limited bool) {
	limit := number(root, path.Join(g.folder, g.files.limit))
	if limit <= 0 {
		return 0, false
	}
	used := number(root, path.Join(g.folder, g.files.usage))
	used -= min(used, field(root, path.Join(g.folder, "memory.stat"), g.files.cache))
	return max(limit-used, 1), true
}

// memoryGroups returns the process's groups and their ancestors, of both versions.
func memoryGroups(root fs.FS) (groups []group) {
	own := ownGroups(root)
	for _, m := range mounts(root) {
		var g group
		var ok bool
		switch {
		case m.kind == "cgroup2":
			g.path, ok = own[""]
			g.files = version2
		case m.kind == "cgroup" && slices.Contains(m.options, "memory"):
			g.path, ok = own["memory"]
			g.files = version1
		}
		if !ok {
			continue
		}
		below, inside := strings.CutPrefix(g.path, strings.TrimSuffix(m.root, "/"))
		if !inside || strings.Contains(below, "..") { // not visible in the container
			below = ""
		}
		for below = path.Clean("/" + below); ; below = path.Dir(below) {
			g.path = path.Join(m.root, below)
			g.folder = strings.TrimPrefix(path.Join(m.point, below), "/")
			groups = append(groups, g)
			if below == "/" {
				break
			}
		}
	}
	return groups
}

// ownGroups returns the paths of the process's groups by controller, "" for version 2.
func ownGroups(root fs.FS) map[string]string {
	own := map[string]string{}
	eachLine(root, "proc/self/cgroup", func(line string) {
		if parts := strings.SplitN(line, ":", 3); len(parts) == 3 { // number:controllers:path
			for _, c := range strings.Split(parts[1], ",") {
				own[c] = parts[2]
			}
		}
	})
	return own
}

// mount is a line of /proc/self/mountinfo: see proc_pid_mountinfo(5).
type mount struct {
	root, point, kind string
	options           []string // of the file system
}

func mounts(root fs.FS) (list []mount) {
	unescape := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
	eachLine(root, "proc/self/mountinfo", func(line string) {
		place, system, _ := strings.Cut(line, " - ")
		p, s := strings.Fields(place), strings.Fields(system)
		if len(p) >= 5 && len(s) >= 3 {
			list = append(list, mount{unescape.Replace(p[3]), unescape.Replace(p[4]), s[0], strings.Split(s[2], ",")})
		}
	})
	return list
}

func eachLine(root fs.FS, path string, do func(line string)) {
	text, err := fs.ReadFile(root, path)
	if err != nil {
		return
	}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		do(lines.Text())
	}
}
