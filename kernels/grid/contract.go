package grid

import (
	"math"
	"offload/device"
	"offload/internal/contract"
	"offload/internal/ieee"
	"offload/kernels/internal/base"
)

// rowSweep is one sweep over one row of at least three points.
type rowSweep[T device.Float] func(dst, up, mid, down []T, cx, cy T)

// stencilContract is the definition of the stencil kernels: sweep by sweep over the rows
// of the launch and as many rows around them as later sweeps read; then the residual of
// the last sweep, row by row.
func stencilContract[T device.Float](sweep rowSweep[T]) func(t *device.Tile) {
	return func(t *device.Tile) {
		g := gridOf[T](t)
		region := t.Rows.Grow(g.sweeps, g.rows)
		from := make([]T, region.Len()*g.cols)
		to := make([]T, len(from))
		copy(from, g.in[region.Lo*g.cols:])
		for left := g.sweeps - 1; left >= 0 && !t.Done(); left-- {
			for r := range rowsOf(t.Rows.Grow(left, g.rows)) {
				g.sweepRow(sweep, to, region.Lo, from, region.Lo, r)
			}
			from, to = to, from
		}
		for r := range rowsOf(t.Rows) {
			last, before := g.row(from, region.Lo, r), g.row(to, region.Lo, r)
			copy(g.row(g.out, 0, r), last)
			g.residuals[2*r], g.residuals[2*r+1] = rowResidual(last, before)
		}
	}
}

// grid holds the arguments of a stencil launch.
type grid[T device.Float] struct {
	in, out, residuals []T
	rows, cols, sweeps int
	cx, cy             T
}

func gridOf[T device.Float](t *device.Tile) grid[T] {
	return grid[T]{
		in:        device.View[T](t, stencilIn),
		out:       device.View[T](t, stencilOut),
		residuals: device.View[T](t, stencilResidual),
		rows:      t.Args[stencilIn].NumRows(),
		cols:      t.Width(stencilIn),
		sweeps:    stencilHalo(t.Launch),
		cx:        device.Scalar[T](t.Launch, stencilX),
		cy:        device.Scalar[T](t.Launch, stencilY),
	}
}

// row returns row r of a matrix whose first row is row base of the grid.
func (g *grid[T]) row(m []T, base, r int) []T {
	return m[(r-base)*g.cols:][:g.cols]
}

// sweepRow sets row r of to, whose first row is row toBase of the grid, from the
// rows around it in from, which starts at row fromBase. Rows on the edge of the
// plate are copied.
func (g *grid[T]) sweepRow(sweep rowSweep[T], to []T, toBase int, from []T, fromBase, r int) {
	dst, mid := g.row(to, toBase, r), g.row(from, fromBase, r)
	if r == 0 || r == g.rows-1 || g.cols < 3 {
		copy(dst, mid)
		return
	}
	sweep(dst, g.row(from, fromBase, r-1), mid, g.row(from, fromBase, r+1), g.cx, g.cy)
}

// rowsOf yields the indices of r.
func rowsOf(r device.Range) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for i := r.Lo; i < r.Hi && yield(i); i++ {
		}
	}
}

// residualSegment is the number of columns whose squares form one partial sum.
const residualSegment = contract.ResidualSegment

// rowResidual returns the largest |last − before| of a row and the sum of the squares.
// Squares below squareFloor count as zero. Columns are summed in segments of 256, within
// a segment in 8 strided lanes, column j in lane j mod 8, which are joined by halves;
// segments are added from left to right.
func rowResidual[T device.Float](last, before []T) (largest, squares T) {
	floor := squareFloor[T]()
	for lo := 0; lo < len(last); lo += residualSegment {
		hi := min(lo+residualSegment, len(last))
		var lanes [base.MaxLanes]T
		for j := lo; j < hi; j++ {
			d := last[j] - before[j]
			if a := ieee.Abs(d); a > largest {
				largest = a
			}
			if s := T(d * d); !(s < floor) {
				lanes[j&(base.MaxLanes-1)] += s
			}
		}
		squares += base.JoinLanes(&lanes, base.MaxLanes)
	}
	return largest, squares
}

// Residual joins the residuals of all rows of a grid: the largest change of any point in
// the last sweep, and the 2-norm of the changes, √Σ(u′ − u)². The sums of the rows are
// added in float64 by recursive halves. If a sum is NaN, both results are NaN.
func Residual[T device.Float](rows []T) (largest, norm2 float64) {
	for i := 0; i < len(rows); i += ResidualWidth {
		largest = max(largest, float64(rows[i]))
	}
	sum := sumSquares(rows)
	if sum != sum {
		return sum, sum
	}
	return largest, math.Sqrt(sum)
}

func sumSquares[T device.Float](rows []T) float64 {
	n := len(rows) / ResidualWidth
	switch n {
	case 0:
		return 0
	case 1:
		return float64(rows[1])
	}
	half := n / 2 * ResidualWidth
	return sumSquares(rows[:half]) + sumSquares(rows[half:])
}
