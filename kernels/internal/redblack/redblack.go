// Package redblack has the inner loops of red-black relaxation on half-rows: the points of
// one colour in a row of a grid.
package redblack

import (
	"offload/internal/contract"
	"offload/internal/ieee"
)

// Float is a type of floating-point numbers.
type Float = ieee.Float

// Link is a half-row in a wavefront, in memory that is aligned to vectors.
type Link[T Float] struct {
	At  *T // its first point
	Row *T // the left neighbour of that, in the half-row of the other colour
}

// Outputs of a Segment.
const (
	None     = iota
	State    // residuals, and the half-rows beside them, flushed
	Solution // natural rows, flushed
)

// Segment is a part of a half-row.
type Segment struct {
	End    int // behind its last point; a multiple of Form.Lanes unless it is the end of the half-row
	Output int
}

// Wave is a step of a wavefront of half-sweeps: half-rows one above another, of which each is
// updated with the new values of the one below. Points around those of a half-row, up to a
// whole vector, are read, and written with undefined values.
type Wave[T Float] struct {
	Count int // of half-rows to update; at most 7

	// The lowest half-row is set to State + (A + B)/2, unless A is nil.
	State *T
	A, B  *float32

	// Side is the right side of the half-row above the lowest one, or nil. SideSteps has the
	// numbers of bytes from there to the right side of the next half-row, and from that to the
	// one after it; and so on in turn.
	Side      *T
	SideSteps [2]int

	Residual *float32 // twice the residuals, rounded to float32 and flushed
	Out      *T       // the output of a segment, without points behind the last whole vector
	Segments [3]Segment
	Wide     int // 1 if the first point of the half-rows does not count, and keeps its value like the one behind the last
	Stream   int // 1 if Out is aligned to vectors and caches cannot hold it

	// Ahead has distances in bytes to what later steps will read: from State, from A, and two
	// from Side.
	Ahead [4]int

	CX, CY T
}

// Form is a set of loops. All forms give the same bits. The first argument sets the number
// of elements; the others have at least as many, or as many more as is said. Outputs do not
// overlap inputs. Weights of the neighbours in the row and in the column are cx and cy.
type Form[T Float] struct {
	// Lanes is the number of elements of a vector. A form with vectors has waves, by Wave.Run,
	// and lacks Relax, Residual and Correct.
	Lanes int
	wide  bool // its vectors are those of AVX-512

	// Relax sets the points of a half-row to the values that satisfy their equations: up and
	// down are the half-rows above and below, row is that of the other colour in the same
	// row, with one element more. Side is the right side, or nil for zero.
	Relax func(dst, up, down, row, side []T, cx, cy T)

	// Residual sets dst to twice the changes that Relax would make to the points of at,
	// rounded to float32 and flushed, and returns the largest magnitude of a change.
	Residual func(dst []float32, at, up, down, row, side []T, cx, cy T) T

	// Correct sets dst to src + (a + b)/2.
	Correct func(dst, src []T, a, b []float32)

	// Cubic sets dst to the values of cubics half-way between b and c; a and d are the
	// neighbours beyond.
	Cubic func(dst, a, b, c, d []T)

	// Flush copies src and flushes it.
	Flush func(dst, src []T)

	// Join sets dst, of an even length, to elements of even and odd in turn, and flushes it.
	Join func(dst, even, odd []T)

	// StreamFlush and StreamJoin are Flush and Join for outputs that caches cannot hold.
	StreamFlush func(dst, src []T)
	StreamJoin  func(dst, even, odd []T)

	// Split sets even and odd, of equal lengths, to the elements of src in turn, of which
	// there are twice as many.
	Split func(even, odd, src []float32)

	// Largest returns the largest magnitude in c.
	Largest func(c []float32) float32
}

// Plain returns the form in Go.
func Plain[T Float]() Form[T] {
	return Form[T]{
		Relax:       relax[T],
		Residual:    residual[T],
		Correct:     correct[T],
		Cubic:       cubic[T],
		Flush:       flush[T],
		Join:        join[T],
		StreamFlush: flush[T],
		StreamJoin:  join[T],
		Split:       split,
		Largest:     largest[float32],
	}
}

func relax[T Float](dst, up, down, row, side []T, cx, cy T) {
	n := len(dst)
	if n == 0 {
		return
	}
	up, down, row = up[:n], down[:n], row[:n+1]
	left := row[0]
	if side == nil {
		for i := range dst {
			right := row[i+1]
			dst[i] = T(cy*(up[i]+down[i])) + T(cx*(left+right))
			left = right
		}
		return
	}
	side = side[:n]
	for i := range dst {
		right := row[i+1]
		dst[i] = T(cy*(up[i]+down[i])) + T(cx*(left+right)) + side[i]
		left = right
	}
}

func residual[T Float](dst []float32, at, up, down, row, side []T, cx, cy T) (most T) {
	n := len(dst)
	if n == 0 {
		return 0
	}
	at, up, down, row = at[:n], up[:n], down[:n], row[:n+1]
	left := row[0]
	for i := range dst {
		right := row[i+1]
		v := T(cy*(up[i]+down[i])) + T(cx*(left+right))
		if side != nil {
			v += side[i]
		}
		left = right
		r := v - at[i]
		most = max(most, ieee.Abs(r))
		dst[i] = flushed(float32(2*r), contract.Floor32)
	}
	return most
}

func correct[T Float](dst, src []T, a, b []float32) {
	n := len(dst)
	src, a, b = src[:n], a[:n], b[:n]
	for i := range dst {
		dst[i] = src[i] + T(T(0.5)*(T(a[i])+T(b[i])))
	}
}

func cubic[T Float](dst, a, b, c, d []T) {
	n := len(dst)
	a, b, c, d = a[:n], b[:n], c[:n], d[:n]
	for i := range dst {
		dst[i] = T(T(0.5625)*(b[i]+c[i])) - T(T(0.0625)*(a[i]+d[i]))
	}
}

// floor returns the magnitude below which stored values become zero.
func floor[T Float]() T {
	var v T
	if _, single := any(v).(float32); single {
		return contract.Floor32
	}
	f := contract.Floor64
	return T(f)
}

func flushed[T Float](v, floor T) T {
	if v < floor && v > -floor {
		return 0
	}
	return v
}

func flush[T Float](dst, src []T) {
	src = src[:len(dst)]
	f := floor[T]()
	for i, v := range src {
		dst[i] = flushed(v, f)
	}
}

func join[T Float](dst, even, odd []T) {
	n := len(dst) / 2
	even, odd = even[:n], odd[:n]
	f := floor[T]()
	for i, v := range even {
		dst[2*i], dst[2*i+1] = flushed(v, f), flushed(odd[i], f)
	}
}

func split(even, odd, src []float32) {
	odd = odd[:len(even)]
	src = src[:2*len(even)]
	for i := range even {
		even[i], odd[i] = src[2*i], src[2*i+1]
	}
}

func largest[T Float](c []T) (most T) {
	for _, v := range c {
		most = max(most, ieee.Abs(v))
	}
	return most
}
