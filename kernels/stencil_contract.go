package kernels

import "offload/device"

// rowSweep is one sweep over one row of at least three points.
type rowSweep[T device.Float] func(dst, up, mid, down []T, cx, cy T)

// stencilContract is the definition of the stencil kernels: sweep by sweep over
// the rows asked for and as many rows around them as the sweeps still to come
// will look at; then the residual of the last sweep, row by row.
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

// grid is what a stencil launch works on.
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

// row is row r of a matrix whose first row is row base of the grid.
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
