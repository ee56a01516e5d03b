// Package sysinfo tells what the machine has: memory that may still be taken, and
// the name of its processor.
package sysinfo

import (
	"bufio"
	"bytes"
	"io/fs"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// Memory is what this process can still allocate without swapping or being killed.
type Memory struct {
	Free  int64  // bytes; 0 where unknown
	Limit string // what leaves no more, if it is not the machine: a control group
}

// FreeMemory returns what the machine has free, or what a control group that this
// process is in leaves of its limit, if that is less.
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

// field is the number behind key in a file with a key at the head of each line, 0 if
// there is none.
func field(root fs.FS, path, key string) int64 {
	text, err := fs.ReadFile(root, path)
	if err != nil {
		return 0
	}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) >= 2 && fields[0] == key {
			n, _ := strconv.ParseInt(fields[1], 10, 64)
			return n
		}
	}
	return 0
}

// number reads a file that holds one number; 0 for none, or for “max”.
func number(root fs.FS, path string) int64 {
	text, err := fs.ReadFile(root, path)
	if err != nil {
		return 0
	}
	n, _ := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	return n
}

// CPUName is the processor's name as its vendor gives it, or the architecture
// where the system does not tell.
func CPUName() string { return cpuName("/proc/cpuinfo") }

func cpuName(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return runtime.GOARCH
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		key, value, ok := strings.Cut(lines.Text(), ":")
		if ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
