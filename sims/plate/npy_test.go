package plate_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sbinet/npyio/npy"

	"offload/device"
	"offload/sims/plate"
)

// npyFile returns a file of version 1 with that dictionary.
func npyFile(dict string, data ...any) []byte {
	var b bytes.Buffer
	b.WriteString("\x93NUMPY\x01\x00")
	binary.Write(&b, binary.LittleEndian, uint16(len(dict)+1))
	b.WriteString(dict + "\n")
	for _, x := range data {
		binary.Write(&b, binary.LittleEndian, x)
	}
	return b.Bytes()
}

func decode[T device.Float](file []byte) (*plate.Field[T], error) {
	return plate.DecodeNPY[T](bytes.NewReader(file), int64(len(file)))
}

func TestNPYRoundTrip(t *testing.T) {
	t.Run("f32", testRoundTrip[float32])
	t.Run("f64", testRoundTrip[float64])
}

func testRoundTrip[T device.Float](t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {1, 5}, {5, 1}, {3, 4}, {123, 217}} {
		f := newField[T](t, size[0], size[1], plate.Edges{Top: 100, Left: 0.1, Right: -1e-30})
		f.T[len(f.T)-1] = T(math.Inf(-1)) // files may hold what Check refuses
		path := filepath.Join(t.TempDir(), "f.npy")
		if err := plate.Write(path, f, plate.WriteOptions{}); err != nil {
			t.Fatal(err)
		}
		g, err := plate.Read[T](path)
		if err != nil || g.Rows != f.Rows || g.Cols != f.Cols || diff(g, f) != "" {
			t.Errorf("%v: %v", size, err)
		}
		wantReadableByOthers(t, path, f)
	}
}

// wantReadableByOthers reads the file with another implementation.
func wantReadableByOthers[T device.Float](t *testing.T, path string, f *plate.Field[T]) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r, err := npy.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var values []T
	if err := r.Read(&values); err != nil || !slices.Equal(values, f.T) {
		t.Errorf("npyio: %v", err)
	}
	if h := r.Header.Descr; h.Fortran || !slices.Equal(h.Shape, []int{f.Rows, f.Cols}) {
		t.Errorf("npyio: %+v", h)
	}
}

// The bytes are those of numpy.save.
func TestNPYBytes(t *testing.T) {
	f := &plate.Field[float64]{Rows: 2, Cols: 3, T: []float64{0, 1, 2, 3, 4, 5}}
	var got bytes.Buffer
	if err := plate.EncodeNPY(&got, f); err != nil {
		t.Fatal(err)
	}
	want := "\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }"
	want += strings.Repeat(" ", 127-len(want)) + "\n"
	if head := got.String()[:128]; head != want || got.Len() != 128+48 {
		t.Errorf("%q and %d bytes in all, want %q and 176", head, got.Len(), want)
	}
	if err := plate.EncodeNPY(io.Discard, &plate.Field[float32]{Rows: 2, Cols: 2}); !errors.Is(err, device.ErrInvalid) {
		t.Errorf("no values: %v, want ErrInvalid", err)
	}
}

func TestNPYVariants(t *testing.T) {
	six := []float32{0, 1, 2, 3, 4, 5}
	version2 := slices.Replace(npyFile("{'descr':'<f4','fortran_order':False,'shape':(2,3)}", six), 6, 10, 2, 0, 52, 0, 0, 0)
	for name, c := range map[string]struct {
		file []byte
		want []float64
	}{
		"f4":              {npyFile("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", six), []float64{0, 1, 2, 3, 4, 5}},
		"Fortran order":   {npyFile("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", six), []float64{0, 2, 4, 1, 3, 5}},
		"another order":   {npyFile(`{"shape":(2,3,),"descr":"<f4" , "fortran_order":False}   `, six), []float64{0, 1, 2, 3, 4, 5}},
		"version 2":       {version2, []float64{0, 1, 2, 3, 4, 5}},
		"f8 with NaN":     {npyFile("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1), }", math.Inf(1)), []float64{math.Inf(1)}},
		"f8 rounded once": {npyFile("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1), }", 0.1), []float64{0.1}},
	} {
		f, err := decode[float64](c.file)
		if err != nil || !slices.Equal(f.T, c.want) {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
		stream, err := plate.DecodeNPY[float64](bytes.NewReader(c.file), -1)
		if err != nil || !slices.Equal(stream.T, c.want) {
			t.Errorf("%s, length unknown: %+v, %v", name, stream, err)
		}
	}
}

// badFiles have one mistake each; the key is part of the error.
var badFiles = map[string][]byte{
	"begin with the magic":                 []byte("PK\x03\x04 not this"),
	"it ends within the first":             {},
	"version 9.1":                          []byte("\x93NUMPY\x09\x01"),
	"ends within the header":               []byte("\x93NUMPY\x01\x00\xff\x00{'descr'"),
	"a header of 4294967295 bytes":         []byte("\x93NUMPY\x02\x00\xff\xff\xff\xff{"),
	"malformed header":                     npyFile("hello"),
	`header at ""`:                         npyFile(""),
	`header at "\n"`:                       npyFile("{'descr': '<f8', 'fortran_order': False}"),
	`header at "exec`:                      npyFile("{exec('x')}"),
	`header at " 1, `:                      npyFile("{'other': 1, 'descr': '<f8'}"),
	`has "descr" twice`:                    npyFile("{'descr': '<f8', 'descr': '<f8'}"),
	`header at "1,`:                        npyFile("{'descr': '<f8', 'fortran_order': 1, 'shape': (1, 1)}"),
	"a 0-D array of shape (), not 2-D":     npyFile("{'descr': '<f8', 'fortran_order': False, 'shape': ()}", 0.0),
	"a 1-D array of shape (1), not 2-D":    npyFile("{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}", 0.0),
	"a 3-D array of shape (1 × 2 × 3)":     npyFile("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2, 3)}", 0.0),
	"a 1000-D array of shape (1 × 1 × 1 ×": npyFile("{'descr': '<f8', 'fortran_order': False, 'shape': ("+strings.Repeat("1, ", 1000)+")}", 0.0),
	"shape of -1 × -8":                     npyFile("{'descr': '<f8', 'fortran_order': False, 'shape': (-1, -8)}", 0.0),
	"shape of 0 × 5":                       npyFile("{'descr': '<f8', 'fortran_order': False, 'shape': (0, 5)}"),
	"4294967296":                           npyFile("{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296)}"),
	`header at "9999`:                      npyFile("{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999, 1)}"),
	"100000 × 100000":                      npyFile("{'descr': '<f8', 'fortran_order': False, 'shape': (100000, 100000)}", 0.0),
	"take 16 bytes, but 8 are there":       npyFile("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2)}", 0.0),
	"take 8 bytes, but 16 are there":       npyFile("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1)}", 0.0, 0.0),
	"1e+300, value number 1, is too large": npyFile("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2)}", 0.0, 1e300),
}

func TestBadNPY(t *testing.T) {
	for want, file := range badFiles {
		_, err := decode[float32](file)
		if !errors.Is(err, plate.ErrFormat) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v; want ErrFormat with %q", err, want)
		}
		if _, err := plate.DecodeNPY[float32](bytes.NewReader(file), -1); !errors.Is(err, plate.ErrFormat) {
			t.Errorf("%q, length unknown: %v; want ErrFormat", want, err)
		}
	}
}
