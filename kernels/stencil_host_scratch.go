package kernels

import (
	"offload/device"
	"offload/kernels/internal/sweep"
)

// cacheLine is the number of bytes of a cache line.
const cacheLine = 64

// slots is the number of packed rows that a task keeps.
func (c *stencilCut) slots() int { return 2*stencilDepth + stencilBatch }

// stride is the distance of packed rows of so many points: an odd number of
// cache lines, so that rows do not compete for the same places in the cache.
func stride(points, size int) int {
	lines := (points*size + 2*cacheLine - 1) / cacheLine // with place for empty lanes
	return (lines | 1) * cacheLine / size
}

// widest is the largest number of points in a row of a strip.
func (c *stencilCut) widest() int {
	own := (c.segments + c.strips - 1) / c.strips * residualSegment
	return min(c.cols, max(own+2*stencilDepth, leastWidth))
}

// leastWidth is the least number of columns with which a task begins.
const leastWidth = 64

// elements is the number of elements of a worker's scratch: packed rows,
// rows before and after the last sweep, a tail, lanes and sums of a residual, and
// bounds.
func (c *stencilCut) elements(size int) int {
	return (c.slots()+lastRows+2)*stride(c.widest(), size) + 2*maxLanes + sweep.BoundsLen + c.segments
}

// place sets the columns of a task, and where its rows are in the scratch.
func (s *strip[T]) place(t *device.Tile, column int) {
	size := device.TypeOf[T]().Size()
	s.columns = s.cut.columns(column)
	s.halo = s.columns.Grow(s.depth, s.grid.cols)
	if least := min(leastWidth, s.grid.cols); s.halo.Len() < least {
		s.halo.Lo = max(0, s.halo.Hi-least)
		s.halo.Hi = s.halo.Lo + least
	}
	s.width = s.form.Width(s.halo.Len())
	s.last = s.form.Place(s.halo.Len()-1, s.width)

	step, slots := stride(s.halo.Len(), size), s.cut.slots()
	scratch := device.Local[T](t)
	take := func(n int) []T {
		part := scratch[:n:n]
		scratch = scratch[n:]
		return part
	}
	s.buf = take(slots * step)
	for i := range s.old {
		s.old[i] = take(step)[:s.width]
	}
	s.new, s.tail = take(step)[:s.width], take(step)[:s.block()]
	s.lanes, s.sums, s.bounds = take(2*maxLanes), take(s.cut.segments), take(sweep.BoundsLen)
	s.form.ClearBounds(s.bounds)
	s.quick = s.form.Quick(s.grid.cx, s.grid.cy)
	s.floor, s.large = flushBelow[T](), maxFinite[T]()/16
	s.final = s.form.Rows
	if s.form.Signed {
		s.final = s.quick
	}
	if s.form.Free != nil {
		s.unflushed, s.free = s.form.Free(s.grid.cx, s.grid.cy), s.depth
	}
	s.at = device.Local[int32](t)[s.cut.elements(size)*size/4:][:2*s.depth+stencilBatch]
	for i := range s.at {
		s.at[i] = int32(i * step)
	}
	s.residuals = t.Phase == s.cut.passes-1
}

// scratchGrid is the grid that a pass before the last one writes.
func (s *strip[T]) scratchGrid(t *device.Tile, pass int) matrix[T] {
	size := s.cut.gridSize()
	return matrix[T]{device.Shared[T](t)[pass%2*size:][:size], s.cut.region().Lo, s.grid.cols}
}
