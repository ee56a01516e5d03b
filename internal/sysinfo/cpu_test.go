package sysinfo

import (
	"runtime"
	"testing"
)

func TestCPUName(t *testing.T) {
	if got := CPUName(); got == "" {
		t.Error("CPUName() is empty")
	}
	if got := cpuName("no such file"); got != runtime.GOARCH {
		t.Errorf("cpuName without cpuinfo = %q, want %q", got, runtime.GOARCH)
	}
}
