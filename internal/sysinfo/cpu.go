package sysinfo

import (
	"bufio"
	"os"
	"runtime"
	"strings"
)

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
