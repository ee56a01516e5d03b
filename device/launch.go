package device

import (
	"context"
	"math"
)

// Launch asks for rows Rows of the outputs of Kernel, with one argument for
// each of its parameters. The zero Range stands for no rows.
type Launch struct {
	Kernel *Kernel
	Args   []Arg
	Rows   Range
}

// Wait waits until what was queued on the outputs of l is done, and returns the first
// error that concerns one of them.
func (l *Launch) Wait(ctx context.Context) error {
	if l == nil || l.Kernel == nil || len(l.Args) != len(l.Kernel.Params) {
		return Invalidf("a wait for what is no launch")
	}
	for i, p := range l.Kernel.Params {
		if p.Access.Writes() {
			if err := Wait(ctx, l.Args[i].Buffer); err != nil {
				return err
			}
		}
	}
	return nil
}

// Arg is an argument: a matrix in a buffer, or a scalar.
type Arg struct {
	Buffer Buffer // nil for a scalar
	Offset int    // first element of the matrix in the buffer
	Len    int    // elements of the matrix
	Width  int    // elements of a row
	value  uint64 // bits of a scalar
	typ    Type   // type of a scalar
	wide   bool   // the scalar stands for an int that typ does not hold
}

// Vec passes a buffer as rows of one element.
func Vec(b Buffer) Arg { return Mat(b, 1) }

// Mat passes a buffer as a matrix with rows of width elements.
func Mat(b Buffer, width int) Arg {
	if b == nil {
		return Arg{Width: width}
	}
	return Arg{Buffer: b, Len: b.Len(), Width: width}
}

// Rows narrows a matrix to its rows lo up to hi. Rows that it does not have are
// refused as ErrInvalid when the argument is used.
func (a Arg) Rows(lo, hi int) Arg {
	if a.Len < 0 || lo < 0 || hi < lo || hi > a.NumRows() {
		a.Len = -1
		return a
	}
	a.Offset += lo * a.Width
	a.Len = (hi - lo) * a.Width
	return a
}

// NumRows is the number of rows of a matrix.
func (a Arg) NumRows() int {
	if a.Width <= 0 || a.Len < 0 {
		return 0
	}
	return a.Len / a.Width
}

// Val passes a scalar.
func Val[T Element](x T) Arg {
	switch v := any(x).(type) {
	case float32:
		return Arg{typ: Float32, value: uint64(math.Float32bits(v))}
	case float64:
		return Arg{typ: Float64, value: math.Float64bits(v)}
	case int32:
		return Arg{typ: Int32, value: uint64(uint32(v))}
	}
	return Arg{typ: Uint32, value: uint64(any(x).(uint32))}
}

// Int passes a count or an offset as a scalar of type Int32. A launch with one that
// does not fit is refused.
func Int(n int) Arg {
	nearest := min(max(n, math.MinInt32), math.MaxInt32)
	a := Val(int32(nearest))
	a.wide = nearest != n
	return a
}

// Bits are the bits of a scalar, in the low half if it has 32.
func (a Arg) Bits() uint64 { return a.value }

// elements is the part of the buffer that the argument spans.
func (a Arg) elements() Range { return Range{a.Offset, a.Offset + a.Len} }

// RowElements is the range of elements, counted in the buffer, of rows r, which a has.
func (a Arg) RowElements(r Range) Range {
	return Range{a.Offset + r.Lo*a.Width, a.Offset + r.Hi*a.Width}
}

// Scalar is the value of the scalar argument i of l. It panics if the argument
// has another type.
func Scalar[T Element](l *Launch, i int) T {
	a := l.Args[i]
	var x T
	if a.typ != TypeOf[T]() {
		panic("device: scalar of " + a.typ.String() + " taken as " + TypeOf[T]().String())
	}
	switch p := any(&x).(type) {
	case *float32:
		*p = math.Float32frombits(uint32(a.value))
	case *float64:
		*p = math.Float64frombits(a.value)
	case *int32:
		*p = int32(uint32(a.value))
	case *uint32:
		*p = uint32(a.value)
	}
	return x
}
