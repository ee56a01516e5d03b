// Package sweep has the inner loops of the stencil kernels for vectors.
//
// A row of n points is stored as vectors: lane l of vector i is point l·n/lanes + i, so
// that the neighbours of a vector are the vectors before and after it, and no load
// straddles two. Only at the ends of a row lanes move by one. Pack converts a row to that
// order, Unpack converts it back.
package sweep

import (
	"math"
	"offload/internal/contract"
)

//go:generate sh -c "cd _asm && go run . -out ../sweep_amd64.s -stubs ../sweep_amd64.go -pkg sweep"

// Float is the type of the points.
type Float interface{ float32 | float64 }

// Update is the formula of a sweep.
type Update int

// The updates.
const (
	Jacobi Update = iota // cy·(up + down) + cx·(left + right)
	Heat                 // here + (cy·((up + down) − 2·here) + cx·((left + right) − 2·here))
)

// ResidualLanes is the number of lanes of a residual's sums, Segment the number
// of columns after which the lanes are joined.
const (
	ResidualLanes = contract.ResidualLanes
	Segment       = contract.ResidualSegment
)

// Rows performs one sweep over len(at) − 2 rows of n points: for each j, the row at
// buf[at[j+1]] with those at buf[at[j]] above and buf[at[j+2]] below gives the new row,
// which replaces the one above. Values whose magnitude is below floor become zero. The
// first point of a row and element last of it keep the value of the middle row.
type Rows[T Float] func(buf []T, at []int32, n, last int, cx, cy, floor T)

// Form is one set of inner loops for an update.
type Form[T Float] struct {
	Update   Update
	Lanes    int
	MinWidth int // least number of points in a row

	Rows Rows[T]
	// Quick returns the sweep for these coefficients and values so small that a sum of four
	// does not overflow. Unless Signed, values that become zero may keep a minus sign; no
	// other value depends on it.
	Quick  func(cx, cy T) Rows[T]
	Signed bool
	// Free returns the sweep for values for which Quick is valid and that cannot fall below
	// the floor: see FreeSweeps. Nil if there is no faster one.
	Free func(cx, cy T) Rows[T]

	// Pack sets dst to a row stored in Lanes blocks: the first in head, the last in tail,
	// the others one after another in middle. A single block is tail. Pack adds the values
	// to the bounds.
	Pack func(dst, head, middle, tail, bounds []T)
	// Unpack does the reverse.
	Unpack func(head, middle, tail, src []T)
	// Squares sets lanes[:8] to the sums of (last[j] − before[j])² in lane j mod 8, from
	// left to right and without squares below floor, and lanes[8:16] to values whose
	// largest one is the largest |last[j] − before[j]|. It ignores the elements after the
	// last multiple of eight.
	Squares func(lanes, last, before []T, floor T)
	// Segments does the same for len(sums) whole segments and joins the lanes by halves. It
	// sets sums to the sum of each segment, and returns the largest change of all.
	Segments func(sums, last, before []T, floor T) (largest T)
	// Prefetch prefetches a slice into the cache.
	Prefetch func(s []T)
}

// Width returns the number of elements of a packed row of n points.
func (f *Form[T]) Width(n int) int { return (n + f.Lanes - 1) / f.Lanes * f.Lanes }

// Place returns the index of point j in a packed row of width elements.
func (f *Form[T]) Place(j, width int) int {
	block := width / f.Lanes
	return j%block*f.Lanes + j/block
}

// Row performs one sweep over one row of at least three points, whose first and last keep
// their values. dst may be up.
type Row[T Float] func(dst, up, mid, down []T, cx, cy T)

// Plain returns the form without vectors for the update of row.
func Plain[T Float](row Row[T]) Form[T] {
	rows := Rows[T](row.rows)
	return Form[T]{
		Lanes:    1,
		MinWidth: 3,
		Rows:     rows,
		Quick:    func(T, T) Rows[T] { return rows },
		Signed:   true,
		Pack:     func(dst, _, _, tail, _ []T) { copy(dst, tail) },
		Unpack:   func(_, _, tail, src []T) { copy(tail, src) },
		Squares:  squares[T],
		Segments: segments[T],
		Prefetch: func([]T) {},
	}
}

// rows applies row to rows that are not packed. The floor is that of row.
func (row Row[T]) rows(buf []T, at []int32, n, _ int, cx, cy, _ T) {
	for j := range len(at) - 2 {
		up, mid, down := buf[at[j]:][:n], buf[at[j+1]:][:n], buf[at[j+2]:][:n]
		row(up, up, mid, down, cx, cy)
	}
}

func squares[T Float](lanes, last, before []T, floor T) {
	lanes, before = lanes[:2*ResidualLanes], before[:len(last)]
	clear(lanes)
	sums, largest := lanes[:ResidualLanes], lanes[ResidualLanes:]
	for j := range len(last) &^ (ResidualLanes - 1) {
		d := last[j] - before[j]
		if s := T(d * d); !(s < floor) {
			sums[j%ResidualLanes] += s
		}
		if d < 0 {
			d = -d
		}
		if d > largest[0] {
			largest[0] = d
		}
	}
}

func segments[T Float](sums, last, before []T, floor T) (largest T) {
	var lanes [2 * ResidualLanes]T
	for i := range sums {
		squares(lanes[:], last[i*Segment:][:Segment], before[i*Segment:][:Segment], floor)
		for n := ResidualLanes / 2; n > 0; n /= 2 {
			for l := range n {
				lanes[l] += lanes[l+n]
			}
		}
		sums[i] = lanes[0]
		largest = max(largest, lanes[ResidualLanes])
	}
	return largest
}

// BoundsLen is the number of elements of a record of bounds. For each lane, a form with
// vectors keeps the largest magnitude, the bits of the least value above zero minus one,
// and the OR of the bits of all values.
const BoundsLen = 3 * 8

// ClearBounds sets b to the bounds of no values.
func (f *Form[T]) ClearBounds(b []T) {
	clear(b)
	switch b := any(b[f.Lanes : 2*f.Lanes]).(type) {
	case []float32:
		for l := range b {
			b[l] = math.Float32frombits(math.MaxUint32)
		}
	case []float64:
		for l := range b {
			b[l] = math.Float64frombits(math.MaxUint64)
		}
	}
}

// Peak returns the largest magnitude, ignoring NaN.
func (f *Form[T]) Peak(b []T) (peak T) {
	for _, p := range b[:f.Lanes] {
		if p > peak {
			peak = p
		}
	}
	return peak
}

// Least returns a lower bound of all values but zero, or 0 if a value has a minus sign.
func (f *Form[T]) Least(b []T) T {
	least, signs := uint32(math.MaxUint32), uint32(0)
	for l := range f.Lanes {
		least = min(least, upper(b[f.Lanes+l]))
		signs |= upper(b[2*f.Lanes+l])
	}
	switch {
	case signs>>31 != 0:
		return 0
	case least == math.MaxUint32:
		return T(math.Inf(1))
	}
	return fromUpper[T](least)
}

// upper returns the first 32 bits of x.
func upper[T Float](x T) uint32 {
	switch x := any(x).(type) {
	case float32:
		return math.Float32bits(x)
	case float64:
		return uint32(math.Float64bits(x) >> 32)
	}
	return 0
}

// fromUpper returns the number whose first 32 bits are bits and whose other bits are
// zero.
func fromUpper[T Float](bits uint32) (x T) {
	switch x := any(&x).(type) {
	case *float32:
		*x = math.Float32frombits(bits)
	case *float64:
		*x = math.Float64frombits(uint64(bits) << 32)
	}
	return x
}

// FreeSweeps returns the number of sweeps, at most most, that may use Free: starting from
// values that are zero or at least least, they give only values that are zero or at least
// floor.
//
// A sweep reduces the least value above zero by at most the factor of the least weight of
// its formula: the values are not negative, rounding keeps their order, and the worst
// case is a point whose other neighbours are zero. The margin is for the rounding of the
// products.
func (f *Form[T]) FreeSweeps(least, floor, cx, cy T, most int) int {
	if f.Free == nil {
		return 0
	}
	const margin = 0x1p-20
	weight := min(cx, cy)
	if f.Update == Heat {
		weight = min(weight, 1-T(2*cx)-T(2*cy)-margin)
	}
	weight *= 1 - margin
	n := 0
	for n < most && least*weight >= floor {
		least *= weight
		n++
	}
	return n
}
