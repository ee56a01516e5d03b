package plate

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"

	"offload/device"
)

// Array holds the values of a NumPy array in C order: row by row.
type Array[V device.Float | bool] struct {
	Shape  []int // rows and columns, or the number of values; empty for a single number
	Values []V
}

// DecodeNPY reads a field from a stream in NumPy's format: a matrix of bool, integers or
// floats, in any byte order, in C or Fortran order, rounded to T. The stream has size
// bytes, or an unknown number if size is negative. The error wraps ErrFormat for any
// other content, a wrong length, and a number that is too large for T. NaN and Inf are
// accepted; Check finds them. DecodeNPY allocates memory in proportion to the bytes
// read, or to size.
func DecodeNPY[T device.Float](r io.Reader, size int64) (*Field[T], error) {
	return fieldOf(decodeArray(r, size, size, []int{2}, number[T]))
}

// fieldOf returns the field with the values of a matrix.
func fieldOf[T device.Float](a *Array[T], err error) (*Field[T], error) {
	if err != nil {
		return nil, err
	}
	return &Field[T]{Rows: a.Shape[0], Cols: a.Shape[1], T: a.Values}, nil
}

// decodeArray reads an array with one of these numbers of dimensions, each at most 2.
// The stream has size bytes, if that is known, but may end before; memory is allocated
// in advance for at most as many values as there can be bytes.
func decodeArray[V device.Float | bool](r io.Reader, size, bytes int64, dims []int, convert converter[V]) (*Array[V], error) {
	in := bufio.NewReaderSize(r, 1<<16)
	h, start, err := readNpyHeader(in, dims)
	if err != nil {
		return nil, err
	}
	if size >= 0 && size != start+h.dataSize() {
		return nil, formatError("its %s values take %d bytes, but %d are there", times(h.shape), h.dataSize(), size-start)
	}
	points := h.points()
	values := make([]V, 0, min(points, max(int(min(bytes, math.MaxInt)), 1<<16)))
	chunk := make([]byte, 1<<15)
	for len(values) < points {
		data := chunk[:min(points-len(values), len(chunk)/h.element.size)*h.element.size]
		if err := readFull(in, data, "its "+times(h.shape)+" values"); err != nil {
			return nil, err
		}
		for ; len(data) > 0; data = data[h.element.size:] {
			v, err := convert(h.element, h.element.bits(data), len(values))
			if err != nil {
				return nil, err
			}
			values = append(values, v)
		}
	}
	if _, err := in.ReadByte(); err == nil {
		return nil, formatError("extra data after its %s values", times(h.shape))
	} else if err != io.EOF {
		return nil, err
	}
	if h.fortran && len(h.shape) == 2 {
		values = fromColumns(values, h.shape[0], h.shape[1])
	}
	return &Array[V]{h.shape, values}, nil
}

// fromColumns converts a matrix from Fortran order to C order.
func fromColumns[V any](columns []V, rows, cols int) []V {
	t := make([]V, len(columns))
	for c := range cols {
		for r := range rows {
			t[r*cols+c] = columns[c*rows+r]
		}
	}
	return t
}

// EncodeNPY writes f to a stream for numpy.load, in C order as '<f4' or '<f8'.
func EncodeNPY[T device.Float](w io.Writer, f *Field[T]) error {
	if err := f.checkSize(); err != nil {
		return err
	}
	if _, err := io.WriteString(w, npyStart(f.Rows, f.Cols, device.TypeOf[T]().Size())); err != nil {
		return err
	}
	return writeValues(w, f.T, make([]byte, 0, 1<<15))
}

// checkSize returns an error if f is nil, empty, or has another number of values.
func (f *Field[T]) checkSize() error {
	if f == nil {
		return device.Invalidf("no field")
	}
	if f.Rows < 1 || f.Cols < 1 || len(f.T)/f.Cols != f.Rows || len(f.T)%f.Cols != 0 {
		return device.Invalidf("%d values for a grid of %d × %d points", len(f.T), f.Rows, f.Cols)
	}
	return nil
}

// writeValues writes values in little-endian order, in pieces of the capacity of buffer.
func writeValues[T device.Float](w io.Writer, values []T, buffer []byte) error {
	for len(values) > 0 {
		bytes := buffer[:0]
		n := min(len(values), cap(buffer)/8)
		for _, v := range values[:n] {
			bytes = appendValue(bytes, v)
		}
		if _, err := w.Write(bytes); err != nil {
			return err
		}
		values = values[n:]
	}
	return nil
}

// appendValue appends the bytes of v. It does not convert through float64, in order
// to keep every bit pattern.
func appendValue[T device.Float](bytes []byte, v T) []byte {
	switch v := any(v).(type) {
	case float32:
		return binary.LittleEndian.AppendUint32(bytes, math.Float32bits(v))
	case float64:
		return binary.LittleEndian.AppendUint64(bytes, math.Float64bits(v))
	}
	return bytes
}

// npyStart returns all that comes before the data, padded to a multiple of 64 bytes.
func npyStart(rows, cols, size int) string {
	const fixed = len(npyMagic) + 2 + 2 // with the version and the length
	dict := fmt.Sprintf("{'descr': '<f%d', 'fortran_order': False, 'shape': (%d, %d), }", size, rows, cols)
	length := (fixed+len(dict)+1+63)/64*64 - fixed
	head := binary.LittleEndian.AppendUint16([]byte(npyMagic+"\x01\x00"), uint16(length))
	return string(head) + dict + strings.Repeat(" ", length-len(dict)-1) + "\n"
}
