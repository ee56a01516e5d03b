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

func TestOnlineCPUs(t *testing.T) {
	for text, want := range map[string]int{
		"0\n": 1, "0-1\n": 2, "0-3,8-11\n": 8, "0,2,4": 3, "": 0, "0-": 0, "3-1": 0, "a": 0, "-1": 0, "0,": 0,
	} {
		root := fstest.MapFS{"sys/devices/system/cpu/online": {Data: []byte(text)}}
		if got := onlineCPUs(root); got != want {
			t.Errorf("onlineCPUs of %q = %d, want %d", text, got, want)
		}
	}
	if got := onlineCPUs(fstest.MapFS{}); got != 0 {
		t.Errorf("onlineCPUs without the file = %d", got)
	}
}
