// Package sysinfo reports the machine's free memory and the name of its processor.
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
