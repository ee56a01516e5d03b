package plate_test

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"offload/device"
	"offload/sims/plate"
)

// save writes a file of a test and returns its path.
func save(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFilesThatAreNone(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{filepath.Join(dir, "none.npy"), filepath.Join(dir, "none.npz:a")} {
		if _, err := plate.Read[float32](path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v, want ErrNotExist", path, err)
		}
	}
	if _, err := plate.Read[float32](dir); err == nil || errors.Is(err, plate.ErrFormat) {
		t.Errorf("a folder: %v, want an error of the system", err)
	}
	path := save(t, "bad.npy", []byte("text, which is no array"))
	if _, err := plate.Read[float32](path); !errors.Is(err, plate.ErrFormat) || !strings.HasPrefix(err.Error(), path) {
		t.Errorf("%v, want ErrFormat about %s", err, path)
	}
	path = save(t, "not.npz", npyFile("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1)}", 7.0))
	if f, err := plate.Read[float64](path); err != nil || f.T[0] != 7 {
		t.Errorf("a matrix whose name ends in .npz: %v, %v", f, err)
	}
	if _, err := plate.Read[float64](path + ":a"); !errors.Is(err, plate.ErrFormat) || !strings.Contains(err.Error(), "not an archive") {
		t.Errorf("%v, want ErrFormat: not an archive", err)
	}
}

func TestReadArray(t *testing.T) {
	number := npyFile("{'descr': '<i2', 'fortran_order': False, 'shape': ()}", int16(7))
	profile := npyFile("{'descr': '<f4', 'fortran_order': True, 'shape': (3,)}", []float32{1, 0, float32(math.NaN())})
	matrix := npyFile("{'descr': '|b1', 'fortran_order': True, 'shape': (2, 2)}", []uint8{1, 0, 1, 1})
	for _, c := range []struct {
		name   string
		file   []byte
		dims   []int
		shape  []int
		values []float64
		mask   []bool
		says   string
	}{
		{"number", number, []int{0}, []int{}, []float64{7}, []bool{true}, ""},
		{"profile", profile, []int{1}, []int{3}, []float64{1, 0, math.NaN()}, []bool{true, false, true}, ""},
		{"profile or matrix", profile, []int{1, 2}, []int{3}, []float64{1, 0, math.NaN()}, []bool{true, false, true}, ""},
		{"matrix", matrix, []int{0, 1, 2}, []int{2, 2}, []float64{1, 1, 0, 1}, []bool{true, true, false, true}, ""},
		{"number for a matrix", number, []int{1, 2}, nil, nil, nil, "a 0-D array of shape (), not 1-D or 2-D"},
		{"matrix for a profile", matrix, []int{1}, nil, nil, nil, "a 2-D array of shape (2 × 2), not 1-D"},
	} {
		path := save(t, "a.npy", c.file)
		a, err := plate.ReadArray[float64](path, c.dims...)
		m, errMask := plate.ReadMask(path, c.dims...)
		if c.says != "" {
			for _, err := range []error{err, errMask} {
				if !errors.Is(err, plate.ErrFormat) || !strings.Contains(err.Error(), c.says) {
					t.Errorf("%s: %v, want ErrFormat with %q", c.name, err, c.says)
				}
			}
			continue
		}
		if err != nil || errMask != nil {
			t.Errorf("%s: %v, %v", c.name, err, errMask)
			continue
		}
		equal := func(x, y float64) bool { return x == y || math.IsNaN(x) && math.IsNaN(y) }
		if !slices.Equal(a.Shape, c.shape) || !slices.EqualFunc(a.Values, c.values, equal) {
			t.Errorf("%s: %+v, want shape %v and %v", c.name, a, c.shape, c.values)
		}
		if !slices.Equal(m.Shape, c.shape) || !slices.Equal(m.Values, c.mask) {
			t.Errorf("%s as a mask: %+v, want shape %v and %v", c.name, m, c.shape, c.mask)
		}
	}
	if _, err := plate.ReadArray[float64](save(t, "a.npy", number), 0, 3); !errors.Is(err, device.ErrInvalid) {
		t.Errorf("3 dimensions: %v, want ErrInvalid", err)
	}
}

// endings are those of the formats that are written.
var endings = []string{".npy", ".npz", ".vti"}

func TestWriteRefuses(t *testing.T) {
	dir := t.TempDir()
	f := newField[float32](t, 3, 4, plate.Edges{Top: 1})
	for _, name := range []string{"f", "f.txt", "npy", "f.npy.gz", "f.NPY", ""} {
		if err := plate.Write(filepath.Join(dir, name), f, plate.WriteOptions{}); !errors.Is(err, device.ErrInvalid) || !strings.Contains(err.Error(), ".vti") {
			t.Errorf("%q: %v, want ErrInvalid with the endings", name, err)
		}
	}
	var none *plate.Field[float32]
	for _, ending := range endings {
		for _, f := range []*plate.Field[float32]{none, {}, {Rows: 2, Cols: 2, T: make([]float32, 3)}} {
			if err := plate.Write(filepath.Join(dir, "f"+ending), f, plate.WriteOptions{}); !errors.Is(err, device.ErrInvalid) {
				t.Errorf("%s of %v: %v, want ErrInvalid", ending, f, err)
			}
		}
	}
	for _, o := range []plate.WriteOptions{{Dx: 1}, {Dy: 1}, {Dx: -1, Dy: 1}, {Dx: math.NaN(), Dy: 1}, {Dx: 1, Dy: math.Inf(1)}} {
		if err := plate.Write(filepath.Join(dir, "f.vti"), f, o); !errors.Is(err, device.ErrInvalid) {
			t.Errorf("%+v: %v, want ErrInvalid", o, err)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// The same field has the same bytes, and replaces the whole of an older file.
func TestWriteReplaces(t *testing.T) {
	big, small := newField[float64](t, 99, 99, plate.Edges{Top: 1}), newField[float64](t, 3, 4, plate.Edges{Left: 1})
	for _, ending := range endings {
		first, second := filepath.Join(t.TempDir(), "a"+ending), filepath.Join(t.TempDir(), "b"+ending)
		for path, fields := range map[string][]*plate.Field[float64]{first: {small}, second: {big, small}} {
			for _, f := range fields {
				if err := plate.Write(path, f, plate.WriteOptions{Dx: 1, Dy: 2}); err != nil {
					t.Fatal(err)
				}
			}
		}
		a, err1 := os.ReadFile(first)
		b, err2 := os.ReadFile(second)
		if err := errors.Join(err1, err2); err != nil || len(a) == 0 || !slices.Equal(a, b) {
			t.Errorf("%s: %d and %d bytes, %v", ending, len(a), len(b), err)
		}
	}
}

func TestWriteToAFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full here")
	}
	for _, ending := range endings {
		path := filepath.Join(t.TempDir(), "f"+ending)
		if err := os.Symlink("/dev/full", path); err != nil {
			t.Skip("no symbolic links here:", err)
		}
		for _, n := range []int{3, 300} { // within the buffers, and beyond
			f := newField[float64](t, n, n, plate.Edges{Top: 1})
			if err := plate.Write(path, f, plate.WriteOptions{}); !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("%s of %d × %d points: %v, want ENOSPC", ending, n, n, err)
			}
		}
	}
}
