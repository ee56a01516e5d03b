package device

import (
	"encoding/binary"
	"fmt"
	"slices"
	"unsafe"
)

// Element is a type of buffer elements.
type Element interface {
	float32 | float64 | int32 | uint32
}

// Float is a floating-point type of kernels.
type Float interface {
	float32 | float64
}

// Type is the type of a buffer's elements or of a scalar.
type Type uint8

// The element types.
const (
	Float32 Type = iota + 1
	Float64
	Int32
	Uint32
)

// Size returns the number of bytes of one element; 0 for an invalid Type.
func (t Type) Size() int {
	switch t {
	case Float32, Int32, Uint32:
		return 4
	case Float64:
		return 8
	}
	return 0
}

// String returns the short name for flags and reports: f32, f64, i32 or u32.
func (t Type) String() string {
	switch t {
	case Float32:
		return "f32"
	case Float64:
		return "f64"
	case Int32:
		return "i32"
	case Uint32:
		return "u32"
	}
	return fmt.Sprintf("Type(%d)", uint8(t))
}

// TypeOf returns the Type of T.
func TypeOf[T Element]() Type {
	var zero T
	switch any(zero).(type) {
	case float32:
		return Float32
	case float64:
		return Float64
	case int32:
		return Int32
	}
	return Uint32
}

// Slice is a Go slice of any element type, passed by value and without allocation. It
// shares memory with the slice that it was made from.
type Slice struct {
	typ Type
	len int
	ptr unsafe.Pointer
}

// Of returns s as a Slice that shares its memory.
func Of[T Element](s []T) Slice {
	return Slice{TypeOf[T](), len(s), unsafe.Pointer(unsafe.SliceData(s))}
}

// MakeSlice allocates n zeroed elements of type t. It panics if t is not an element type
// or n is negative.
func MakeSlice(t Type, n int) (s Slice) {
	switch t {
	case Float32:
		s = Of(make([]float32, n))
	case Float64:
		s = Of(make([]float64, n))
	case Int32:
		s = Of(make([]int32, n))
	case Uint32:
		s = Of(make([]uint32, n))
	default:
		panic("device: MakeSlice of " + t.String())
	}
	if b := s.Bytes(); len(b) >= leastHuge {
		useHugePages(b)
	}
	return s
}

// leastHuge is the number of bytes from which on memory is backed by large pages, as in
// NumPy: with small ones the first use of each, which interrupts the program, takes longer
// than many kernels do.
const leastHuge = 4 << 20

// As returns the Go slice that s wraps. It panics if s holds another type.
func As[T Element](s Slice) []T {
	if s.typ != TypeOf[T]() {
		panic("device: slice of " + s.typ.String() + " taken as " + TypeOf[T]().String())
	}
	return unsafe.Slice((*T)(s.ptr), s.len)
}

// Type returns the type of the elements.
func (s Slice) Type() Type { return s.typ }

// Len returns the number of elements.
func (s Slice) Len() int { return s.len }

// Sub returns elements lo ≤ i < hi of s, sharing its memory. It panics if they are out of
// range.
func (s Slice) Sub(lo, hi int) Slice {
	if lo < 0 || hi < lo || hi > s.len {
		panic("device: Slice.Sub out of range")
	}
	if lo == hi {
		return Slice{typ: s.typ}
	}
	return Slice{s.typ, hi - lo, unsafe.Add(s.ptr, lo*s.typ.Size())}
}

// Bytes returns the memory of s, in the host's byte order.
func (s Slice) Bytes() []byte {
	return unsafe.Slice((*byte)(s.ptr), s.len*s.typ.Size())
}

// Copy copies the elements of src to s. It panics if type or length differ.
func (s Slice) Copy(src Slice) {
	if s.typ != src.typ || s.len != src.len {
		panic("device: Slice.Copy of another type or length")
	}
	copy(s.Bytes(), src.Bytes())
}

// Clone returns a copy of s with its own memory.
func (s Slice) Clone() Slice {
	if s.len == 0 {
		return s
	}
	c := MakeSlice(s.typ, s.len)
	c.Copy(s)
	return c
}

// LittleEndian returns the elements in b, of size bytes each and in the host's byte order, in
// little-endian order. It copies b if the host has another one. It is its own inverse.
func LittleEndian(b []byte, size int) []byte {
	if binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
		return b
	}
	b = slices.Clone(b)
	for element := range slices.Chunk(b, size) {
		slices.Reverse(element)
	}
	return b
}
