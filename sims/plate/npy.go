package plate

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"offload/device"
	"offload/internal/atomicfile"
)

// ReadNPY reads a field from a file in NumPy's format: a matrix of float32 or
// float64, little-endian, in C or Fortran order, converted to T. The error wraps
// ErrFormat for any other content, a wrong length, and a number that is too large
// for T. NaN and Inf are accepted; Check finds them.
func ReadNPY[T device.Float](path string) (*Field[T], error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	size := int64(-1)
	if info.Mode().IsRegular() {
		size = info.Size()
	}
	f, err := DecodeNPY[T](file, size)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// DecodeNPY is like ReadNPY for a stream of size bytes, or of unknown length if size
// is negative. It allocates memory in proportion to the bytes read, or to size.
func DecodeNPY[T device.Float](r io.Reader, size int64) (*Field[T], error) {
	in := bufio.NewReaderSize(r, 1<<16)
	h, start, err := readNpyHeader(in)
	if err != nil {
		return nil, err
	}
	if size >= 0 && size != start+h.dataSize() {
		return nil, formatError("its %d × %d values take %d bytes, but %d are there", h.rows, h.cols, h.dataSize(), size-start)
	}
	points := h.rows * h.cols
	values := make([]T, 0, min(points, max(int(min(size, math.MaxInt)), 1<<16)))
	for len(values) < points {
		if values, err = appendValues(values, in, h, points); err != nil {
			return nil, err
		}
	}
	if _, err := in.ReadByte(); err == nil {
		return nil, formatError("extra data after its %d × %d values", h.rows, h.cols)
	} else if err != io.EOF {
		return nil, err
	}
	f := &Field[T]{Rows: h.rows, Cols: h.cols, T: values}
	if h.fortran {
		f.T = fromColumns(values, h.rows, h.cols)
	}
	return f, nil
}

// appendValues reads the next values, at most a few thousand.
func appendValues[T device.Float](values []T, in io.Reader, h npyHeader, points int) ([]T, error) {
	var chunk [1 << 15]byte
	size := h.typ.Size()
	bytes := chunk[:min(points-len(values), len(chunk)/size)*size]
	if _, err := io.ReadFull(in, bytes); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, formatError("it ends within its %d × %d values", h.rows, h.cols)
		}
		return nil, err
	}
	for ; len(bytes) > 0; bytes = bytes[size:] {
		x := float64(math.Float32frombits(binary.LittleEndian.Uint32(bytes)))
		if size == 8 {
			x = math.Float64frombits(binary.LittleEndian.Uint64(bytes))
		}
		v := T(x)
		if math.IsInf(float64(v), 0) && !math.IsInf(x, 0) {
			return nil, formatError("%g, value number %d, is too large for %v", x, len(values), device.TypeOf[T]())
		}
		values = append(values, v)
	}
	return values, nil
}

// fromColumns converts a matrix from Fortran order to C order.
func fromColumns[T device.Float](columns []T, rows, cols int) []T {
	t := make([]T, len(columns))
	for c := range cols {
		for r := range rows {
			t[r*cols+c] = columns[c*rows+r]
		}
	}
	return t
}

// WriteNPY writes f to a file for numpy.load, in C order as '<f4' or '<f8'. It
// replaces the file as a whole; after an error the file is as it was before.
func WriteNPY[T device.Float](path string, f *Field[T]) error {
	return atomicfile.Write(path, func(w io.Writer) error { return EncodeNPY(w, f) })
}

// EncodeNPY is like WriteNPY but writes to a stream.
func EncodeNPY[T device.Float](w io.Writer, f *Field[T]) error {
	if f == nil {
		return device.Invalidf("no field")
	}
	if f.Rows < 1 || f.Cols < 1 || len(f.T)/f.Cols != f.Rows || len(f.T)%f.Cols != 0 {
		return device.Invalidf("%d values for a grid of %d × %d points", len(f.T), f.Rows, f.Cols)
	}
	if _, err := io.WriteString(w, npyStart(f.Rows, f.Cols, device.TypeOf[T]().Size())); err != nil {
		return err
	}
	var chunk [1 << 15]byte
	for rest := f.T; len(rest) > 0; {
		bytes := chunk[:0]
		n := min(len(rest), len(chunk)/8)
		for _, v := range rest[:n] {
			bytes = appendValue(bytes, v)
		}
		if _, err := w.Write(bytes); err != nil {
			return err
		}
		rest = rest[n:]
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
