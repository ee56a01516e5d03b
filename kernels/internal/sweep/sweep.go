// Package sweep has the inner loops of the stencil kernels for vectors.
//
// A row of n points lies in memory as vectors of as many lanes as fit: lane l of
// vector i is point l·n/lanes + i, so that the neighbours of a vector are the
// vectors before and after it, and no load straddles two. Only at the ends of a
// row lanes move by one. Pack brings a row into that order, Unpack back.
package sweep

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
	ResidualLanes = 8
	Segment       = 256
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
