package kernels

import "offload/device"

const (
	// stencilDepth is the largest number of sweeps of one pass over the grid.
	stencilDepth = 36
	// stencilBatch is the number of rows that go through the sweeps of a pass
	// together.
	stencilBatch = 24
	// lastRows is the number of rows that do the last sweep of all together, with
	// the residuals.
	lastRows = 4
	// stripSegments is the number of segments of a residual in a strip.
	stripSegments = 2
)

// stencilCut says how a launch is cut. The sweeps are done in passes of several,
// each a phase. In a pass the grid is cut into strips of columns, those into
// bands of rows, and a task does all sweeps of the pass for one strip of one
// band: it begins with as many more columns and rows around it as there are
// sweeps and loses one on each side in each sweep. So tasks do some points twice,
// but each reads and writes memory once for all its sweeps. Strips end where
// segments of the residual end, so that a segment belongs to one task.
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

// depth is the number of sweeps of a pass.
func (c *stencilCut) depth(pass int) int { return c.done(pass+1) - c.done(pass) }

// done is the number of sweeps before a pass.
func (c *stencilCut) done(pass int) int { return c.sweeps * pass / c.passes }

// rowsOf are the rows that a pass has to compute: those of the launch, and
// those around them that the sweeps after the pass look at.
func (c *stencilCut) rowsOf(pass int) device.Range {
	return c.out.Grow(c.sweeps-c.done(pass+1), c.rows)
}

// columns are those of a strip.
func (c *stencilCut) columns(strip int) device.Range {
	s := device.Range{Lo: 0, Hi: c.segments}.Part(strip, c.strips)
	return device.Range{Lo: s.Lo * residualSegment, Hi: min(s.Hi*residualSegment, c.cols)}
}

// bands is the number of bands of a pass: several tasks for each worker, so that
// one that is held up delays the others little, unless bands become so low that
// too many rows are done twice.
func (c *stencilCut) bands(rows device.Range, workers, depth int) int {
	for tasks := 4 * workers; tasks > workers; tasks /= 2 {
		if n := (tasks + c.strips - 1) / c.strips; n == 1 || rows.Len()/n >= 16*depth {
			return max(1, min(n, rows.Len()))
		}
	}
	n := (workers + c.strips - 1) / c.strips
	return max(1, min(n, rows.Len()*c.cols*depth/bandUpdates, 2*rows.Len()/depth, rows.Len()))
}

// bandUpdates is the least number of updates worth a task of its own.
const bandUpdates = 1 << 16

// between is the number of grids that live between passes.
func (c *stencilCut) between() int { return min(c.passes-1, 2) }

// region are the rows that such a grid has.
func (c *stencilCut) region() device.Range { return c.rowsOf(0) }

func (c *stencilCut) gridSize() int { return c.region().Len() * c.cols }

// partials is the number of partial residuals, if strips have to be joined: a
// sum for each segment and a maximum for each strip of each row.
func (c *stencilCut) partials() int {
	if c.strips == 1 {
		return 0
	}
	return c.out.Len() * (c.segments + c.strips)
}
