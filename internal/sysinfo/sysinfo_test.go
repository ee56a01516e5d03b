package sysinfo

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestAvailable(t *testing.T) {
	if got := Available(); runtime.GOOS == "linux" && (got < 1<<20 || got > 1<<50) {
		t.Errorf("Available() = %d bytes", got)
	}
}

func TestReaders(t *testing.T) {
	file := func(text string) string {
		path := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if got := meminfo(file("MemTotal: 9 kB\nMemAvailable:  3 kB\n"), "MemAvailable:"); got != 3072 {
		t.Errorf("meminfo = %d, want 3072", got)
	}
	if got := number(file("max\n")); got != 0 {
		t.Errorf("number of “max” = %d, want 0", got)
	}
	if got := number(file("4096\n")); got != 4096 {
		t.Errorf("number = %d, want 4096", got)
	}
}

func TestCPUName(t *testing.T) {
	if got := CPUName(); got == "" {
		t.Error("CPUName() is empty")
	}
	if got := cpuName("no such file"); got != runtime.GOARCH {
		t.Errorf("cpuName without cpuinfo = %q, want %q", got, runtime.GOARCH)
	}
}
