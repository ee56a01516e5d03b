package device

import "fmt"

// Element is a Go type that buffers hold.
type Element interface {
	float32 | float64 | int32 | uint32
}

// Float is a Go type that kernels compute in.
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

// Size is the number of bytes of one element; zero for a value that is no Type.
func (t Type) Size() int {
	switch t {
	case Float32, Int32, Uint32:
		return 4
	case Float64:
		return 8
	}
	return 0
}

// String is the short name that flags and reports use.
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

// TypeOf is the Type of T.
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
