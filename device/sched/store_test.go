package sched_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"offload/device"
	"offload/device/sched"
	"offload/kernels/gravity"
)

// What was measured is there in the next process, for the same device and version; a
// file that is damaged is as good as none, and is replaced.
func TestMeasuredCostsAreKept(t *testing.T) {
	k := gravity.Force(device.Float32)
	dir := filepath.Join(t.TempDir(), "deep", "folder")
	open := func(version string) *sched.Scheduler {
		return schedule(t, sched.Options{Devices: []sched.Candidate{host}, Folder: dir, Version: version})
	}
	first := open("1")
	if first.Measured("cpu", k) {
		t.Fatal("measured before it was")
	}
	calibrate(t, first, k)
	if err := first.Save(); err != nil {
		t.Fatal(err)
	}
	if !open("1").Measured("cpu", k) {
		t.Error("the next process knows nothing")
	}
	if open("2").Measured("cpu", k) {
		t.Error("another version takes the costs")
	}
	path := onlyFile(t, dir)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]string{
		"empty":                 "",
		"half":                  string(good[:len(good)/2]),
		"no JSON":               "hello",
		"another device":        strings.Replace(string(good), "reference", "preference", 1),
		"a negative time":       strings.Replace(string(good), `"seconds": [`+"\n", `"seconds": [-1,`+"\n", 1),
		"amounts out of order":  strings.Replace(string(good), `"amount": `, `"amount": 1e30, "x": `, 1),
		"no transfers":          `{"key": "", "kernels": {}}`,
		"a line without points": `{"key":"x","upload":{"points":[]},"download":{"points":[]},"kernels":{"force.f32":null}}`,
	} {
		t.Run(name, func(t *testing.T) {
			if bad == string(good) {
				t.Fatal("this is the good file")
			}
			if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
				t.Fatal(err)
			}
			if open("1").Measured("cpu", k) {
				t.Error("believed")
			}
		})
	}
	again := open("1")
	calibrate(t, again, k)
	if err := again.Save(); err != nil || !open("1").Measured("cpu", k) {
		t.Errorf("a damaged file was not replaced: %v", err)
	}
	last := open("1")
	if err := last.Forget(); err != nil || last.Measured("cpu", k) || open("1").Measured("cpu", k) {
		t.Errorf("not forgotten: %v", err)
	}
}

func onlyFile(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%d files, %v", len(entries), err)
	}
	return filepath.Join(dir, entries[0].Name())
}

// With a folder that cannot be written, the scheduler works and Save returns the error.
func TestUnwritableFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := sched.New(t.Context(), sched.Options{Devices: []sched.Candidate{host}, Pool: new(goPool), Folder: path})
	if err != nil {
		t.Fatal(err)
	}
	k := gravity.Force(device.Float32)
	if err := s.Calibrate(t.Context(), "cpu", []*device.Kernel{k}); err != nil || !s.Measured("cpu", k) {
		t.Errorf("%v; measured: %v", err, s.Measured("cpu", k))
	}
	if err := s.Save(); err == nil {
		t.Error("Save says nothing")
	}
	if err := s.Close(); err == nil || !strings.Contains(err.Error(), "saving costs") {
		t.Errorf("Close: %v", err)
	}
}
