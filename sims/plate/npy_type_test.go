package plate_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"offload/device"
	"offload/sims/plate"
)

// npyOf returns a file of any version with data in any byte order.
func npyOf(version byte, order binary.ByteOrder, dict string, data any) []byte {
	var b bytes.Buffer
	b.WriteString("\x93NUMPY" + string([]byte{version, 0}))
	if version == 1 {
		binary.Write(&b, binary.LittleEndian, uint16(len(dict)))
	} else {
		binary.Write(&b, binary.LittleEndian, uint32(len(dict)))
	}
	b.WriteString(dict)
	binary.Write(&b, order, data)
	return b.Bytes()
}

// elements are the types that are read: six values of each, and what they are as float64.
var elements = []struct {
	name string
	data any
	want []float64
}{
	{"b1", []uint8{0, 1, 1, 0, 1, 0}, []float64{0, 1, 1, 0, 1, 0}},
	{"i1", []int8{0, 1, -1, 127, -128, 5}, []float64{0, 1, -1, 127, -128, 5}},
	{"u1", []uint8{0, 1, 127, 128, 255, 5}, []float64{0, 1, 127, 128, 255, 5}},
	{"i2", []int16{0, 258, -2, 32767, -32768, 5}, []float64{0, 258, -2, 32767, -32768, 5}},
	{"u2", []uint16{0, 258, 32767, 32768, 65535, 5}, []float64{0, 258, 32767, 32768, 65535, 5}},
	{"i4", []int32{0, 1, -2, 1<<31 - 1, -1 << 31, 5}, []float64{0, 1, -2, 1<<31 - 1, -1 << 31, 5}},
	{"u4", []uint32{0, 1, 1 << 31, 1<<32 - 1, 3, 5}, []float64{0, 1, 1 << 31, 1<<32 - 1, 3, 5}},
	{"i8", []int64{0, -1, 1<<53 + 1, 1<<63 - 1, -1 << 63, 5}, []float64{0, -1, 1 << 53, 1 << 63, -1 << 63, 5}},
	{"u8", []uint64{0, 1, 1<<53 + 3, 1<<64 - 1, 1 << 63, 5}, []float64{0, 1, 1<<53 + 4, 1 << 64, 1 << 63, 5}},
	{"f2", []uint16{0x3c00, 0xc000, 0x7bff, 0x8001, 0x0400, 0xfc00}, []float64{1, -2, 65504, -0x1p-24, 0x1p-14, math.Inf(-1)}},
	{"f4", []float32{0, 0.1, -1e38, 0x1p-149, 3, float32(math.Inf(1))}, []float64{0, float64(float32(0.1)), float64(float32(-1e38)), 0x1p-149, 3, math.Inf(1)}},
	{"f8", []float64{0, 0.1, -1e38, 1e-310, 3, math.Inf(1)}, []float64{0, 0.1, -1e38, 1e-310, 3, math.Inf(1)}},
}

// byteOrders are NumPy's signs of byte orders.
var byteOrders = map[string]binary.ByteOrder{
	"<": binary.LittleEndian, ">": binary.BigEndian, "=": binary.NativeEndian, "|": binary.NativeEndian, "": binary.NativeEndian,
}

func TestNPYElements(t *testing.T) {
	for _, e := range elements {
		for sign, order := range byteOrders {
			for version := byte(1); version <= 3; version++ {
				for _, fortran := range []string{"False", "True"} {
					dict := fmt.Sprintf("{'descr': '%s%s', 'fortran_order': %s, 'shape': (2, 3), }", sign, e.name, fortran)
					want := e.want
					if fortran == "True" {
						want = []float64{e.want[0], e.want[2], e.want[4], e.want[1], e.want[3], e.want[5]}
					}
					file := npyOf(version, order, dict, e.data)
					testElements[float32](t, file, want)
					testElements[float64](t, file, want)
					testMask(t, file, want)
				}
			}
		}
	}
}

func testElements[T device.Float](t *testing.T, file []byte, want []float64) {
	t.Helper()
	rounded := make([]T, len(want))
	for i, x := range want {
		rounded[i] = T(x)
	}
	f, err := decode[T](file)
	if err != nil || f.Rows != 2 || f.Cols != 3 || !slices.Equal(f.T, rounded) {
		t.Errorf("%q: %+v, %v; want %v", file[10:40], f, err, rounded)
	}
}

func testMask(t *testing.T, file []byte, values []float64) {
	t.Helper()
	var want []bool
	for _, x := range values {
		want = append(want, x != 0)
	}
	path := filepath.Join(t.TempDir(), "mask.npy")
	if err := os.WriteFile(path, file, 0o666); err != nil {
		t.Fatal(err)
	}
	m, err := plate.ReadMask(path, 2)
	if err != nil || !slices.Equal(m.Shape, []int{2, 3}) || !slices.Equal(m.Values, want) {
		t.Errorf("%q: %+v, %v; want %v", file[10:40], m, err, want)
	}
}

// Each value is rounded to float32 once: by way of float64, these would be tied, and
// rounded down.
func TestNPYRoundsOnce(t *testing.T) {
	for name, data := range map[string]any{"i8": []int64{1<<62 + 1<<38 + 1}, "u8": []uint64{1<<62 + 1<<38 + 1}} {
		f, err := decode[float32](npyFile("{'descr': '<"+name+"', 'fortran_order': False, 'shape': (1, 1)}", data))
		if err != nil || f.T[0] != 1<<62+1<<39 {
			t.Errorf("%s: %v, %v; want %v", name, f, err, float32(1<<62+1<<39))
		}
	}
}

// Every half is what it is by definition, and NaN stays NaN.
func TestNPYHalves(t *testing.T) {
	all := make([]uint16, 1<<16)
	for i := range all {
		all[i] = uint16(i)
	}
	f, err := decode[float64](npyFile("{'descr': '<f2', 'fortran_order': False, 'shape': (256, 256)}", all))
	if err != nil {
		t.Fatal(err)
	}
	for i, got := range f.T {
		exponent, want := i>>10&31, float64(i&1023)/1024
		switch {
		case exponent == 31 && i&1023 != 0:
			want = math.NaN()
		case exponent == 31:
			want = math.Inf(1)
		case exponent == 0:
			want *= math.Pow(2, -14)
		default:
			want = (1 + want) * math.Pow(2, float64(exponent-15))
		}
		if i >= 1<<15 {
			want = -want
		}
		if math.IsNaN(want) != math.IsNaN(got) || !math.IsNaN(want) && math.Float64bits(want) != math.Float64bits(got) {
			t.Fatalf("%#04x is %v, want %v", i, got, want)
		}
	}
}

// Other types are refused, and named.
func TestNPYOtherElements(t *testing.T) {
	for descr, want := range map[string]string{
		"'<c16'":                             `type "<c16" (complex numbers)`,
		"'>c8'":                              `type ">c8" (complex numbers)`,
		"'<f16'":                             `type "<f16" (long double)`,
		"'|O'":                               `type "|O" (Python objects)`,
		"'<U5'":                              `type "<U5" (strings)`,
		"'|S8'":                              `type "|S8" (strings)`,
		"'<M8[ns]'":                          `type "<M8[ns]" (dates or times)`,
		"'<m8[s]'":                           `type "<m8[s]" (dates or times)`,
		"'|V2'":                              `type "|V2" (raw bytes)`,
		"'<i3'":                              `type "<i3"`,
		"'<b2'":                              `type "<b2"`,
		"'<'":                                `type "<"`,
		"''":                                 `type ""`,
		"'<>f8'":                             `type "<>f8"`,
		"'f8\\n'":                            `type "f8\\n"`,
		"('<f8', 2)":                         `several fields: "('<f8', 2), `,
		"[('a', '<f4'), ('b', '<i8', (2,))]": `several fields: "[('a', '<f4'), `,
		"12":                                 "malformed header at \"12",
	} {
		_, err := decode[float64](npyFile("{'descr': "+descr+", 'fortran_order': False, 'shape': (1, 1), }", 0.0))
		if !errors.Is(err, plate.ErrFormat) || !strings.Contains(err.Error(), want) || len(err.Error()) > 120 {
			t.Errorf("%s: %v; want ErrFormat with %s", descr, err, want)
		}
	}
}

// Files as other programs and older versions wrote them.
func TestNPYExamples(t *testing.T) {
	want := newField[float64](t, 9, 13, plate.Edges{Top: 100})
	for _, name := range []string{"big-endian.npy", "int64.npy", "python2-shape.npy"} {
		f, err := plate.Read[float64](filepath.Join("testdata", name))
		if err != nil || f.Rows != 9 || f.Cols != 13 || diff(f, want) != "" {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
	}
}
