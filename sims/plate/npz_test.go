package plate_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"hash/crc32"
	"io"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"offload/device"
	"offload/sims/plate"
)

// part is a file in an archive.
type part struct {
	name   string
	method uint16
	data   []byte
}

func archive(t testing.TB, parts ...part) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, p := range parts {
		w, err := z.CreateHeader(&zip.FileHeader{Name: p.name, Method: p.method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(p.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// one returns a matrix of one value.
func one(x float64) []byte {
	return npyFile("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1)}", x)
}

func decodeNPZ[T device.Float](file []byte, name string) (*plate.Field[T], error) {
	return plate.DecodeNPZ[T](bytes.NewReader(file), int64(len(file)), name)
}

func TestNPZChoice(t *testing.T) {
	single := archive(t, part{"temperature.npy", zip.Store, one(1)}, part{"notes.txt", zip.Store, []byte("cold")})
	several := archive(t, part{"a.npy", zip.Deflate, one(1)}, part{"b.npy", zip.Store, one(2)}, part{"sub/c.npy", zip.Deflate, one(3)})
	twice := archive(t, part{"a.npy", zip.Store, one(1)}, part{"a.npy", zip.Store, one(2)})
	other := archive(t, part{"notes.txt", zip.Store, []byte("cold")})
	var many []part
	for i := range 30 {
		many = append(many, part{strings.Repeat("x", i+1) + ".npy", zip.Store, one(1)})
	}
	for _, c := range []struct {
		name   string
		file   []byte
		choose string
		want   float64 // or an error that says this:
		says   string
	}{
		{"the only one", single, "", 1, ""},
		{"the only one by name", single, ":temperature", 1, ""},
		{"with its ending", single, ":temperature.npy", 1, ""},
		{"the first", several, ":a", 1, ""},
		{"the second", several, ":b", 2, ""},
		{"in a folder", several, ":sub/c", 3, ""},
		{"the last of a name", twice, "", 2, ""},
		{"none chosen", several, "", 0, `choose one with :NAME at the end of the path, of "a", "b", "sub/c"`},
		{"one that is missing", several, ":d", 0, `without an array "d", but with "a", "b", "sub/c"`},
		{"another than the only one", single, ":pressure", 0, `without an array "pressure", but with "temperature"`},
		{"of many", archive(t, many...), "", 0, `"xxxxxxxxxxxx" and 18 more`},
		{"no arrays", other, "", 0, "without arrays"},
		{"an empty archive", archive(t), ":a", 0, "without arrays"},
	} {
		path := save(t, "x.npz", c.file)
		f, err := plate.Read[float64](path + c.choose)
		switch {
		case c.says == "" && (err != nil || f.T[0] != c.want):
			t.Errorf("%s: %v, %v; want %v", c.name, f, err, c.want)
		case c.says != "" && (!errors.Is(err, plate.ErrFormat) || !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), path)):
			t.Errorf("%s: %v; want ErrFormat with %q", c.name, err, c.says)
		}
	}
}

// lying returns an archive that states wrong sizes or a wrong checksum for its one file.
func lying(t testing.TB, h zip.FileHeader, stored []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	h.Name, h.CompressedSize64 = "a.npy", uint64(len(stored))
	w, err := z.CreateRaw(&h)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(stored); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// badArchives have one mistake each; the key is part of the error.
func badArchives(t testing.TB) map[string][]byte {
	file := one(1)
	good := archive(t, part{"a.npy", zip.Deflate, npyFile("{'descr': '<f8', 'fortran_order': False, 'shape': (9, 9)}", make([]float64, 81))})
	before := slices.Clone(good) // its directory says that it begins a byte later, and so the member at -1
	before[len(before)-6]++
	huge := npyFile("{'descr': '<f8', 'fortran_order': False, 'shape': (262144, 262144)}", 0.0)
	size, sum := uint64(len(file)), crc32.ChecksumIEEE(file)
	hugeSize := uint64(len(huge)) - 8 + 8<<36
	return map[string][]byte{
		"not a valid zip file":           good[:len(good)-10],
		"zip: not a valid zip":           before,
		"take 8 bytes, but 7 are there":  archive(t, part{"a.npy", zip.Store, file[:len(file)-1]}),
		"does not begin with the magic":  archive(t, part{"a.npy", zip.Store, []byte("no array at all")}),
		"checksum error":                 lying(t, zip.FileHeader{UncompressedSize64: size, CRC32: sum + 1}, file),
		"unsupported compression":        lying(t, zip.FileHeader{UncompressedSize64: size, CRC32: sum, Method: 99}, file),
		"but 9 are there":                lying(t, zip.FileHeader{UncompressedSize64: size + 1, CRC32: sum}, file),
		"but 9223372036854775":           lying(t, zip.FileHeader{UncompressedSize64: math.MaxUint64, CRC32: sum}, file),
		"262144 × 262144":                lying(t, zip.FileHeader{UncompressedSize64: hugeSize, CRC32: sum}, huge),
		"corrupt input":                  lying(t, zip.FileHeader{UncompressedSize64: size, CRC32: sum, Method: zip.Deflate}, []byte("\xff not deflated")),
		"ends within the first 8 bytes":  lying(t, zip.FileHeader{UncompressedSize64: size, CRC32: sum}, nil),
		"a 1-D array of shape (1), not ": archive(t, part{"a.npy", zip.Store, npyFile("{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}", 0.0)}),
	}
}

// Broken archives are refused, and memory is allocated for what is there, not for what
// they say.
func TestBadNPZ(t *testing.T) {
	for want, file := range badArchives(t) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := decodeNPZ[float64](file, "")
		runtime.ReadMemStats(&after)
		if !errors.Is(err, plate.ErrFormat) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want ErrFormat with %q", err, want)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20 {
			t.Errorf("%q: %d bytes allocated for a file of %d", want, used, len(file))
		}
	}
	if _, err := plate.DecodeNPZ[float64](strings.NewReader(""), -1, ""); !errors.Is(err, plate.ErrFormat) {
		t.Errorf("a negative size: %v, want ErrFormat", err)
	}
}

// brokenDisk fails to read what begins before an offset.
type brokenDisk struct {
	*bytes.Reader
	offset int64
}

func (d brokenDisk) ReadAt(p []byte, offset int64) (int, error) {
	if offset < d.offset {
		return 0, errors.New("the disk is broken")
	}
	return d.Reader.ReadAt(p, offset)
}

// The error of a disk is not one of the format.
func TestNPZOnABrokenDisk(t *testing.T) {
	file := archive(t, part{"a.npy", zip.Deflate, one(1)})
	for _, offset := range []int64{20, 1 << 20} {
		_, err := plate.DecodeNPZ[float64](brokenDisk{bytes.NewReader(file), offset}, int64(len(file)), "")
		if err == nil || errors.Is(err, plate.ErrFormat) || err.Error() != "the disk is broken" {
			t.Errorf("%v, want the error of the disk", err)
		}
	}
}

func TestNPZRoundTrip(t *testing.T) {
	t.Run("f32", testNPZRoundTrip[float32])
	t.Run("f64", testNPZRoundTrip[float64])
}

func testNPZRoundTrip[T device.Float](t *testing.T) {
	f := newField[T](t, 123, 217, plate.Edges{Top: 100, Left: 0.1, Right: -1e-30})
	path := filepath.Join(t.TempDir(), "f.npz")
	if err := plate.Write(path, f, plate.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{path, path + ":temperature"} {
		g, err := plate.Read[T](path)
		if err != nil || g.Rows != f.Rows || g.Cols != f.Cols || diff(g, f) != "" {
			t.Errorf("%s: %v", path, err)
		}
	}
	var npy bytes.Buffer
	if err := plate.EncodeNPY(&npy, f); err != nil {
		t.Fatal(err)
	}
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if len(z.File) != 1 || z.File[0].Name != "temperature.npy" || z.File[0].Method != zip.Store ||
		!z.File[0].Modified.Equal(time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Fatalf("the archive holds %+v", z.File[0].FileHeader)
	}
	member, err := z.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	if data, err := io.ReadAll(member); err != nil || !bytes.Equal(data, npy.Bytes()) {
		t.Errorf("the member is not the .npy file: %d bytes, %v", len(data), err)
	}
}
