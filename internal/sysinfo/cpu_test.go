package sysinfo

import (
	"runtime"
	"testing"
	"testing/fstest"
)

func TestCPUName(t *testing.T) {
	if got := CPUName(); got == "" {
		t.Error("CPUName() is empty")
	}
	for text, want := range map[string]string{
		"":                                 runtime.GOARCH,
		"processor\t: 0\nBogoMIPS\t: 50\n": runtime.GOARCH,
		"model\t: 2\nmodel name\t: A: B\n\nmodel name\t: C\n": "A: B",
	} {
		root := fstest.MapFS{"proc/cpuinfo": {Data: []byte(text)}}
		if got := cpuName(root); got != want {
			t.Errorf("cpuName of %q = %q, want %q", text, got, want)
		}
	}
	if got := cpuName(fstest.MapFS{}); got != runtime.GOARCH {
		t.Errorf("cpuName without cpuinfo = %q, want %q", got, runtime.GOARCH)
	}
}
