package grid

import (
	"offload/device"
	"offload/kernels/internal/sweep"
)

// stencilHost returns the host code of a stencil kernel, with vectors and in plain Go.
// See stencilCut for the division of a launch.
func stencilHost[T device.Float](row sweep.Row[T], update sweep.Update) []device.HostCode {
	plain, vector := sweep.Plain(row), sweep.Vector[T](update)
	return []device.HostCode{{
		Name:  "avx2",
		Ready: sweep.HasVector,
		Plan:  planStencil[T],
		Run: func(t *device.Tile) {
			if t.Width(stencilIn) < vector.MinWidth {
				runStencil(t, &plain)
			} else {
				runStencil(t, &vector)
			}
		},
	}, {
		Name: "go",
		Plan: planStencil[T],
		Run:  func(t *device.Tile) { runStencil(t, &plain) },
	}}
}

func planStencil[T device.Float](l *device.Launch, workers int, p *device.Plan) {
	c := cutStencil[T](l)
	for pass := range c.passes {
		p.Tasks = append(p.Tasks, c.strips*c.bands(c.rowsOf(pass), workers, c.depth(pass)))
	}
	if c.strips > 1 {
		p.Tasks = append(p.Tasks, joinTasks(l.Rows.Len(), workers))
	}
	size := device.TypeOf[T]().Size()
	p.Shared = (c.between()*c.gridSize() + c.partials()) * size
	p.Local = c.elements(size)*size + c.slots()*4
}

// runStencil computes one strip of one band in one pass, or joins partial residuals.
func runStencil[T device.Float](t *device.Tile, form *sweep.Form[T]) {
	c := cutStencil[T](t.Launch)
	g := gridOf[T](t)
	if g.rows == 0 || g.cols == 0 {
		return
	}
	if t.Phase == c.passes {
		g.joinResiduals(t, &c)
		return
	}
	band := t.Task / c.strips
	s := strip[T]{
		grid: g, cut: c, form: form,
		depth: c.depth(t.Phase),
		rows:  c.rowsOf(t.Phase).Part(band, t.Tasks/c.strips),
		from:  matrix[T]{g.in, 0, g.cols},
		to:    matrix[T]{g.out, 0, g.cols},
	}
	if t.Phase > 0 {
		s.from = s.scratchGrid(t, t.Phase-1)
	}
	if t.Phase < c.passes-1 {
		s.to = s.scratchGrid(t, t.Phase)
	}
	s.place(t, t.Task%c.strips)
	s.run(t)
}

const (
	// stencilDepth is the largest number of sweeps of one pass over the grid.
	stencilDepth = 36
	// stencilBatch is the number of rows that go through the sweeps of a pass
	// together.
	stencilBatch = 24
	// lastRows is the number of rows that go through the last sweep of all together, with
	// the residuals.
	lastRows = 4
	// stripSegments is the number of segments of a residual in a strip.
	stripSegments = 2
)

// stencilCut is the division of a launch. The sweeps are done in passes of several, each
// a phase. In a pass the grid is divided into strips of columns, those into bands of
// rows, and a task performs all sweeps of the pass for one strip of one band: it begins
// with as many additional columns and rows on each side as there are sweeps, and loses
// one on each side in each sweep. So some points are computed twice, but a task reads and
// writes memory once for all its sweeps. Strips end where segments of the residual end,
// so that a segment belongs to one task.
type stencilCut struct {
	out        device.Range // rows of the launch
	rows, cols int
	sweeps     int
	passes     int
	segments   int
	strips     int
}

func cutStencil[T device.Float](l *device.Launch) stencilCut {
	u, sweeps := l.Args[stencilIn], stencilHalo(l)
	segments := (u.Width + residualSegment - 1) / residualSegment
	return stencilCut{
		out:      l.Rows,
		rows:     u.NumRows(),
		cols:     u.Width,
		sweeps:   sweeps,
		passes:   (sweeps + stencilDepth - 1) / stencilDepth,
		segments: segments,
		strips:   max(1, (segments+stripSegments-1)/stripSegments),
	}
}

// depth returns the number of sweeps of a pass.
func (c *stencilCut) depth(pass int) int { return c.done(pass+1) - c.done(pass) }

// done returns the number of sweeps before a pass.
func (c *stencilCut) done(pass int) int { return c.sweeps * pass / c.passes }

// rowsOf returns the rows that a pass computes: those of the launch, and those around
// them that later passes read.
func (c *stencilCut) rowsOf(pass int) device.Range {
	return c.out.Grow(c.sweeps-c.done(pass+1), c.rows)
}

// columns returns the columns of a strip.
func (c *stencilCut) columns(strip int) device.Range {
	s := device.Range{Lo: 0, Hi: c.segments}.Part(strip, c.strips)
	return device.Range{Lo: s.Lo * residualSegment, Hi: min(s.Hi*residualSegment, c.cols)}
}

// bands returns the number of bands of a pass: several tasks for each worker, so that a
// late one delays the others little, unless bands become so low that too many rows are
// computed twice.
func (c *stencilCut) bands(rows device.Range, workers, depth int) int {
	for tasks := 4 * workers; tasks > workers; tasks /= 2 {
		if n := (tasks + c.strips - 1) / c.strips; n == 1 || rows.Len()/n >= 16*depth {
			return max(1, min(n, rows.Len()))
		}
	}
	n := (workers + c.strips - 1) / c.strips
	return max(1, min(n, rows.Len()*c.cols*depth/bandUpdates, 2*rows.Len()/depth, rows.Len()))
}

// bandUpdates is the least number of updates of a task.
const bandUpdates = 1 << 16

// between returns the number of grids kept between passes.
func (c *stencilCut) between() int { return min(c.passes-1, 2) }

// region returns the rows of such a grid.
func (c *stencilCut) region() device.Range { return c.rowsOf(0) }

func (c *stencilCut) gridSize() int { return c.region().Len() * c.cols }

// partials returns the number of partial residuals, if strips have to be joined: a sum
// for each segment and a maximum for each strip of each row.
func (c *stencilCut) partials() int {
	if c.strips == 1 {
		return 0
	}
	return c.out.Len() * (c.segments + c.strips)
}

// matrix is a grid or some rows of one, from row base on.
type matrix[T device.Float] struct {
	data []T
	base int
	cols int
}

func (m matrix[T]) row(r int, columns device.Range) []T {
	return m.data[(r-m.base)*m.cols:][columns.Lo:columns.Hi]
}

// walk prefetches a rectangle of points, in shares.
type walk[T device.Float] struct {
	over         matrix[T]
	rows         device.Range // left
	columns      device.Range
	column       int
	pointsAtOnce int
}

// walkOver returns a walk of the given number of shares.
func walkOver[T device.Float](m matrix[T], rows, columns device.Range, shares int) walk[T] {
	return walk[T]{
		over:         m,
		rows:         rows,
		columns:      columns,
		column:       columns.Lo,
		pointsAtOnce: (rows.Len()*columns.Len() + shares - 1) / shares,
	}
}

// fetch prefetches the next share.
func (w *walk[T]) fetch(prefetch func([]T)) {
	for left := w.pointsAtOnce; left > 0 && w.rows.Lo < w.rows.Hi; {
		hi := min(w.columns.Hi, w.column+left)
		prefetch(w.over.row(w.rows.Lo, device.Range{Lo: w.column, Hi: hi}))
		left -= hi - w.column
		if w.column = hi; hi == w.columns.Hi {
			w.column = w.columns.Lo
			w.rows.Lo++
		}
	}
}
