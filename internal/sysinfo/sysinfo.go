// Package sysinfo reports the machine's free memory, the name of its processor, and the number of its CPUs.
package sysinfo

import (
	"cmp"
	"io/fs"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// Memory is the memory that this process can allocate without swapping or being killed.
type Memory struct {
	Free  int64  // bytes; 0 if unknown
	Limit string // the control group that limits it; empty if it is the machine
}

// FreeMemory returns the machine's free memory or, if that is less, what remains of the
// limit of a control group of this process.
func FreeMemory() Memory { return freeMemory(os.DirFS("/")) }

func freeMemory(root fs.FS) Memory {
	m := Memory{Free: field(root, "proc/meminfo", "MemAvailable:") << 10}
	for _, g := range memoryGroups(root) {
		if left, limited := g.left(root); limited && (m.Free == 0 || left < m.Free) {
			m = Memory{Free: left, Limit: "control group " + g.path}
		}
	}
	return m
}

// field returns the number after key in a file whose lines begin with a key, or 0 if
// there is none.
func field(root fs.FS, path, key string) (n int64) {
	eachLine(root, path, func(line string) {
		if fields := strings.Fields(line); len(fields) >= 2 && fields[0] == key {
			n, _ = strconv.ParseInt(fields[1], 10, 64)
		}
	})
	return n
}

// number returns the number in a file, or 0 if there is none, as for “max”.
func number(root fs.FS, path string) int64 {
	text, err := fs.ReadFile(root, path)
	if err != nil {
		return 0
	}
	n, _ := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	return n
}

// CPUName returns the model name of the processor, or the architecture if that is
// unknown.
func CPUName() string { return cpuName(os.DirFS("/")) }

func cpuName(root fs.FS) string {
	name := ""
	eachLine(root, "proc/cpuinfo", func(line string) {
		if key, value, _ := strings.Cut(line, ":"); name == "" && strings.TrimSpace(key) == "model name" {
			name = strings.TrimSpace(value)
		}
	})
	return cmp.Or(name, runtime.GOARCH)
}

// OnlineCPUs returns the number of the machine's CPUs, which may be more than this process is bound to; 0 if it is unknown.
func OnlineCPUs() int { return onlineCPUs(os.DirFS("/")) }

func onlineCPUs(root fs.FS) (n int) {
	text, err := fs.ReadFile(root, "sys/devices/system/cpu/online")
	if err != nil {
		return 0
	}
	for part := range strings.SplitSeq(strings.TrimSpace(string(text)), ",") { // as in 0-3,8-11
		from, to, several := strings.Cut(part, "-")
		lo, err := strconv.Atoi(from)
		hi := lo
		if several && err == nil {
			hi, err = strconv.Atoi(to)
		}
		if err != nil || hi < lo {
			return 0
		}
		n += hi - lo + 1
	}
	return n
}
