// Package redblack has the inner loops of red-black relaxation on half-rows: the points of
// one colour in a row of a grid.
package redblack

import (
	"offload/internal/contract"
	"offload/internal/ieee"
)

// Float is a type of floating-point numbers.
type Float = ieee.Float

// Link is a half-row in a chain of updates.
type Link[T Float] struct {
	At   *T // its first point
	Row  *T // the half-row of the other colour in the same row
	Side *T // its right side, or nil
}

// Form is a set of loops. All forms give the same bits. The first argument sets the number
// of elements; the others have at least as many, or as many more as is said. Outputs do not
// overlap inputs. Weights of the neighbours in the row and in the column are cx and cy.
type Form[T Float] struct {
	// Relax sets the points of a half-row to the values that satisfy their equations: up and
	// down are the half-rows above and below, row is that of the other colour in the same
	// row, with one element more. Side is the right side, or nil for zero.
	Relax func(dst, up, down, row, side []T, cx, cy T)

	// Chain relaxes count half-rows of n points, one above another, in turn: links[1] between
	// links[0] below and links[2] above, then links[2] with the new links[1] below, and so
	// on to links[count]. It is nil if the form has none. Memory behind half-rows, but not
	// right sides, is read, and written with what it holds.
	Chain func(links []Link[T], n int, cx, cy T)

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

	// Prefetch asks for memory ahead of its use; nil if the form cannot.
	Prefetch func(at *byte, size int)

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
