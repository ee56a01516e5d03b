package device

import (
	"context"
	"math"
	"unsafe"
)

// Launch computes Rows of the outputs of Kernel, with one argument for each of its
// parameters. The zero Range means no rows.
type Launch struct {
	Kernel *Kernel
	Args   []Arg
	Rows   Range
}

// Wait waits for all work queued on the outputs of l, and returns the first error of any
// of them.
func (l *Launch) Wait(ctx context.Context) error {
	if l == nil || l.Kernel == nil || len(l.Args) != len(l.Kernel.Params) {
		return Invalidf("wait for an incomplete launch")
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
	value  uint64 // of a scalar: its bits
	typ    Type   // of a scalar: its type
	wide   bool   // the scalar is an int that overflows typ
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

// Rows narrows a matrix to its rows lo ≤ i < hi. For rows outside the matrix, a launch
// with the argument fails with ErrInvalid.
func (a Arg) Rows(lo, hi int) Arg {
	if a.Len < 0 || lo < 0 || hi < lo || hi > a.NumRows() {
		a.Len = -1
		return a
	}
	a.Offset += lo * a.Width
	a.Len = (hi - lo) * a.Width
	return a
}

// NumRows returns the number of rows of a matrix.
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

// Int passes a count or an offset as a scalar of type Int32. A launch with a value that
// overflows fails with ErrInvalid.
func Int(n int) Arg {
	nearest := min(max(n, math.MinInt32), math.MaxInt32)
	a := Val(int32(nearest))
	a.wide = nearest != n
	return a
}

// Bits returns the bits of a scalar; those of a 32-bit type are in the low half.
func (a Arg) Bits() uint64 { return a.value }

// elements returns the range of buffer elements that the argument spans.
func (a Arg) elements() Range { return Range{a.Offset, a.Offset + a.Len} }

// rowElements is the range of elements, counted in the buffer, of rows r, which a has.
func (a Arg) rowElements(r Range) Range {
	return Range{a.Offset + r.Lo*a.Width, a.Offset + r.Hi*a.Width}
}

// Scalar returns the value of scalar argument i of l. It panics if the argument has
// another type.
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

// Range is a half-open range of indices, Lo ≤ i < Hi.
type Range struct{ Lo, Hi int }

// Len returns the number of indices.
func (r Range) Len() int { return r.Hi - r.Lo }

// Part returns the i-th of n consecutive parts of r, whose lengths differ by at most one,
// the longer ones first. It is empty unless 0 ≤ i < n.
func (r Range) Part(i, n int) Range {
	if i < 0 || i >= n || r.Hi <= r.Lo {
		return Range{r.Lo, r.Lo}
	}
	size, extra := r.Len()/n, r.Len()%n
	lo := r.Lo + i*size + min(i, extra)
	hi := lo + size
	if i < extra {
		hi++
	}
	return Range{lo, hi}
}

// Grow returns r with max(h, 0) more indices on each side, clipped to 0 ≤ i < n.
func (r Range) Grow(h, n int) Range {
	h, n = max(h, 0), max(n, 0)
	lo, hi := max(0, r.Lo-h), n
	if h < n-r.Hi { // else r.Hi+h exceeds n, or overflows
		hi = r.Hi + h
	}
	return Range{min(lo, hi), hi}
}

// Intersects reports whether r and s share an index.
func (r Range) Intersects(s Range) bool {
	return max(r.Lo, s.Lo) < min(r.Hi, s.Hi)
}

// Tile is one piece of a launch, as passed to a kernel's Go code. Row indices are those
// of the launch.
type Tile struct {
	*Launch
	Rows   Range // rows to compute
	Phase  int   // phase of the plan
	Task   int   // task of the phase
	Tasks  int   // number of tasks of the phase
	Worker int   // number of the worker that runs it, from 0

	ctx    context.Context
	views  *[MaxParams]Slice
	shared []uint64
	local  []uint64
}

// View returns the whole matrix passed as argument i, row after row. A kernel must write
// to the tile's rows of an output only.
func View[T Element](t *Tile, i int) []T { return As[T](t.views[i]) }

// Width returns the number of elements in a row of argument i.
func (t *Tile) Width(i int) int { return t.Args[i].Width }

// Done reports whether the launch was cancelled. A task of more than about a millisecond
// should check it regularly and return early.
func (t *Tile) Done() bool { return t.ctx.Err() != nil }

// Shared returns the plan's shared scratch as elements of type T. Its initial content is
// arbitrary.
func Shared[T Element](t *Tile) []T { return scratch[T](t.shared) }

// Local returns the worker's own scratch as elements of type T. Its initial content is
// arbitrary.
func Local[T Element](t *Tile) []T { return scratch[T](t.local) }

func scratch[T Element](words []uint64) []T {
	var zero T
	n := len(words) * 8 / int(unsafe.Sizeof(zero))
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(words))), n)
}

// Binding is a launch with its arguments resolved to host memory; host devices make tiles
// from it. It is reused from launch to launch.
type Binding struct {
	Launch *Launch
	Ctx    context.Context
	Views  [MaxParams]Slice
	Shared []uint64
}

// Tile sets t to a piece of the bound launch: the rows to compute, the worker, and the
// worker's own scratch. The caller sets Phase, Task and Tasks.
func (b *Binding) Tile(t *Tile, rows Range, worker int, local []uint64) {
	t.Launch, t.ctx, t.views, t.shared = b.Launch, b.Ctx, &b.Views, b.Shared
	t.Rows, t.Worker, t.local = rows, worker, local
}
