package plate_test

import (
	"encoding/binary"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"offload/device"
	"offload/sims/plate"
)

// numpy runs a script that needs NumPy and returns what it prints.
func numpy(t *testing.T, args ...string) string {
	t.Helper()
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(python, "-c", "import numpy").Run() != nil {
			continue
		}
		said, err := exec.Command(python, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, said)
		}
		return strings.TrimSpace(string(said))
	}
	if os.Getenv("OFFLOAD_REQUIRE_NUMPY") != "" {
		t.Fatal("no python3 with NumPy")
	}
	t.Skip("no python3 with NumPy")
	return ""
}

// What NumPy writes is read as NumPy reads it, to the last bit, and what we write is read
// by NumPy.
func TestNumPy(t *testing.T) {
	dir := t.TempDir()
	written := &plate.Field[float64]{Rows: 3, Cols: 4}
	for i := range 12 {
		written.T = append(written.T, float64(i)*0.1)
	}
	for _, name := range []string{"written.npy", "written.npz"} {
		if err := plate.Write(filepath.Join(dir, name), written, plate.WriteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	version := numpy(t, filepath.Join("testdata", "arrays.py"), dir)
	expected, err := filepath.Glob(filepath.Join(dir, "*.f64"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range expected {
		name := strings.TrimSuffix(path, ".f64")
		wantAsNumPy[float64](t, name, name+".f64")
		wantAsNumPy[float32](t, name, name+".f32")
	}
	refused, err := filepath.Glob(filepath.Join(dir, "refused.*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range refused {
		_, err := plate.Read[float32](path)
		if !errors.Is(err, plate.ErrFormat) {
			t.Errorf("%v, want ErrFormat", err)
		}
		t.Log(strings.TrimPrefix(err.Error(), dir))
	}
	if len(expected) != 12*2*2*3+5 || len(refused) != 14 {
		t.Errorf("%d and %d files, want 149 and 14", len(expected), len(refused))
	}
	t.Logf("NumPy %s: %d files are equal, %d are refused", version, len(expected), len(refused))
}

// wantAsNumPy compares a file with the values that NumPy has for it.
func wantAsNumPy[T device.Float](t *testing.T, name, values string) {
	t.Helper()
	path := name + ".npy"
	if _, err := os.Stat(path); err != nil {
		path = name + ".npz:temperature"
	}
	if filepath.Base(name) == "unnamed" {
		path = name + ".npz"
	}
	f, err := plate.Read[T](path)
	if err != nil {
		t.Error(err)
		return
	}
	data, err := os.ReadFile(values)
	if err != nil {
		t.Fatal(err)
	}
	want := make([]T, len(f.T))
	if n, err := binary.Decode(data, binary.LittleEndian, want); err != nil || n != len(data) {
		t.Errorf("%s: %d values, %v", path, len(f.T), err)
	}
	same := func(a, b T) bool {
		return a == b && math.Signbit(float64(a)) == math.Signbit(float64(b)) || a != a && b != b
	}
	if !slices.EqualFunc(f.T, want, same) {
		t.Errorf("%s as %v: %v, NumPy has %v", path, device.TypeOf[T](), f.T, want)
	}
}
