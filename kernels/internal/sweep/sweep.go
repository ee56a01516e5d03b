// Package sweep has the inner loops of the stencil kernels for vectors.
//
// A row of n points lies in memory as vectors of as many lanes as fit: lane l of
// vector i is point l·n/lanes + i, so that the neighbours of a vector are the
// vectors before and after it, and no load straddles two. Only at the ends of a
// row lanes move by one. Pack brings a row into that order, Unpack back.
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

// Rows is one sweep over len(at) − 2 rows of n points: for each j from 0 on, the
// row at buf[at[j+1]] with those at buf[at[j]] above and buf[at[j+2]] below gives
// the row that takes the place of the one above. Values whose magnitude is below
// floor become zero. The first point of a row and element last of it keep the
// value of the row in the middle.
type Rows[T Float] func(buf []T, at []int32, n, last int, cx, cy, floor T)

// Form is one set of inner loops for an update.
type Form[T Float] struct {
	Update   Update
	Lanes    int
	MinWidth int // least number of points in a row

	Rows Rows[T]
	// Quick is the sweep to use with these coefficients for values that are not so
	// large that a sum of four overflows. Unless Signed, it may leave a minus sign
	// to values that become zero; no other value depends on that.
	Quick  func(cx, cy T) Rows[T]
	Signed bool
	// Free is the sweep to use where Quick would do and no value can fall below the
	// floor: see FreeSweeps. Nil where there is none that is faster.
	Free func(cx, cy T) Rows[T]

	// Pack sets dst to a row that lies in Lanes blocks: the first in head, the
	// last in tail, the others one after another in middle. If there is only one,
	// it is tail. The values are taken into the bounds.
	Pack func(dst, head, middle, tail, bounds []T)
	// Unpack does the reverse.
	Unpack func(head, middle, tail, src []T)
	// Squares sets lanes[:8] to the sums of (last[j] − before[j])² in lane j mod 8,
	// from left to right and without squares below floor, and lanes[8:16] to
	// values whose largest one is the largest |last[j] − before[j]|. The elements
	// after the last eighth one are left out.
	Squares func(lanes, last, before []T, floor T)
	// Segments does the same for len(sums) whole segments and joins the lanes by
	// halves: the sums of each segment apart, the largest change over all.
	Segments func(sums, last, before []T, floor T) (largest T)
	// Prefetch brings a slice near that will be used soon.
	Prefetch func(s []T)
}

// Width is the number of elements of a packed row of n points.
func (f *Form[T]) Width(n int) int { return (n + f.Lanes - 1) / f.Lanes * f.Lanes }

// Place is the index of point j in a packed row of width elements.
func (f *Form[T]) Place(j, width int) int {
	block := width / f.Lanes
	return j%block*f.Lanes + j/block
}

// Row is one sweep over one row of at least three points, whose first and last
// keep their values. Dst may be up.
type Row[T Float] func(dst, up, mid, down []T, cx, cy T)

// Plain is the form without vectors for the update of row.
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

// rows applies the row to rows that are not packed. The floor is the row's own.
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

// BoundsLen is the number of elements of a record of bounds. A form with vectors
// keeps in it, for each lane, the largest magnitude of the values, the bits of the
// least one above zero less one, and all bits that any value has.
const BoundsLen = 3 * 8

// ClearBounds makes b the bounds of no values.
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

// Peak is the largest magnitude, NaN left out.
func (f *Form[T]) Peak(b []T) (peak T) {
	for _, p := range b[:f.Lanes] {
		if p > peak {
			peak = p
		}
	}
	return peak
}

// Least is a magnitude that no value but zero is below, if no value has a minus
// sign; otherwise it is 0.
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

// upper are the first 32 bits of x.
func upper[T Float](x T) uint32 {
	switch x := any(x).(type) {
	case float32:
		return math.Float32bits(x)
	case float64:
		return uint32(math.Float64bits(x) >> 32)
	}
	return 0
}

// fromUpper is the number whose first bits are those and whose others are zero.
func fromUpper[T Float](bits uint32) (x T) {
	switch x := any(&x).(type) {
	case *float32:
		*x = math.Float32frombits(bits)
	case *float64:
		*x = math.Float64frombits(uint64(bits) << 32)
	}
	return x
}

// FreeSweeps is the number of sweeps, at most the given one, after which no value
// that has come of values of at least least, or zero, is below the floor and not
// zero. So many sweeps may use Free.
//
// A sweep cannot make the least value above zero smaller than by the least weight
// of its formula: the values are not negative, rounding keeps their order, and the
// worst place is one whose other neighbours are zero. The margin is for the
// rounding of the products.
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
