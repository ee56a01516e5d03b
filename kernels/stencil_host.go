package kernels

import "offload/device"

// bandsPerWorker cuts each sweep into more bands than workers, so that one that
// is held up delays the others little.
const bandsPerWorker = 4

// bandPoints is the least number of points worth a task of its own.
const bandPoints = 8192

// stencilHost runs the sweeps of a launch as phases, each cut into bands of rows.
// Between two phases the grid lives in one of two shared scratch grids; the last
// phase writes the output and the residuals.
func stencilHost[T device.Float](sweep rowSweep[T]) []device.HostCode {
	return []device.HostCode{{
		Name: "go",
		Plan: planStencil[T],
		Run:  func(t *device.Tile) { runBand(t, sweep) },
	}}
}

func planStencil[T device.Float](l *device.Launch, workers int, p *device.Plan) {
	u, sweeps := l.Args[stencilIn], stencilHalo(l)
	region := l.Rows.Grow(sweeps, u.NumRows())
	for left := sweeps - 1; left >= 0; left-- {
		p.Tasks = append(p.Tasks, bands(l.Rows.Grow(left, u.NumRows()), u.Width, workers))
	}
	grids := min(sweeps-1, 2)
	p.Shared = grids * region.Len() * u.Width * device.TypeOf[T]().Size()
}

// bands is the number of tasks for a sweep over rows of width points.
func bands(rows device.Range, width, workers int) int {
	points := rows.Len() * width
	return max(1, min(workers*bandsPerWorker, points/bandPoints, rows.Len()))
}

// runBand does one band of one sweep.
func runBand[T device.Float](t *device.Tile, sweep rowSweep[T]) {
	g := gridOf[T](t)
	region := t.Launch.Rows.Grow(g.sweeps, g.rows)
	from, fromBase := g.in, 0
	if t.Phase > 0 {
		from, fromBase = g.scratch(t, t.Phase-1, region.Len()), region.Lo
	}
	left := g.sweeps - 1 - t.Phase
	rows := t.Launch.Rows.Grow(left, g.rows)
	band := rows.Part(t.Task, t.Tasks)
	if left == 0 {
		for r := range rowsOf(band) {
			g.sweepRow(sweep, g.out, 0, from, fromBase, r)
			g.residuals[2*r], g.residuals[2*r+1] = rowResidual(g.row(g.out, 0, r), g.row(from, fromBase, r))
		}
		return
	}
	to := g.scratch(t, t.Phase, region.Len())
	for r := range rowsOf(band) {
		g.sweepRow(sweep, to, region.Lo, from, fromBase, r)
	}
}

// scratch is the grid that the sweep of that phase writes.
func (g *grid[T]) scratch(t *device.Tile, phase, rows int) []T {
	size := rows * g.cols
	return device.Shared[T](t)[phase%2*size:][:size]
}
