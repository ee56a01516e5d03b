// Package sysinfo tells what the machine has: memory that may still be taken, and
// the name of its processor.
package sysinfo

import (
	"bufio"
	"os"
	"strconv"
	"strings"
)

// Available is the number of bytes that this process can allocate without
// swapping or being killed: the free memory of the machine, or what the
// process's control group leaves, if that is less. It is 0 where unknown.
func Available() int64 {
	free := meminfo("/proc/meminfo", "MemAvailable:")
	for _, g := range [][2]string{
		{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"},
		{"/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"},
	} {
		limit, used := number(g[0]), number(g[1])
		if left := limit - used; limit > 0 && left > 0 && (free == 0 || left < free) {
			free = left
		}
	}
	return free
}

// meminfo is the value in bytes of a line such as “MemAvailable:  123 kB”.
func meminfo(path, key string) int64 {
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) >= 2 && fields[0] == key {
			kb, _ := strconv.ParseInt(fields[1], 10, 64)
			return kb << 10
		}
	}
	return 0
}

// number reads a file that holds one number; 0 for none, or for “max”.
func number(path string) int64 {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	n, _ := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	return n
}
