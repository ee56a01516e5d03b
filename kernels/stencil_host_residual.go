package kernels

import (
	"offload/device"
	"offload/internal/ieee"
)

// residual computes the residual of the part of row r in this strip, from the
// row after the last sweep and before. If there are more strips, the parts are
// joined after the last pass.
func (s *strip[T]) residual(t *device.Tile, r int, last, before []T) {
	sums, most := s.sums, []T(nil)
	if s.cut.strips > 1 {
		sums, most = partialResiduals[T](t, &s.cut, r)
		sums, most = sums[s.columns.Lo/residualSegment:], most[t.Task%s.cut.strips:]
	}
	whole := len(last) / residualSegment
	largest := s.form.Segments(sums[:whole], last, before, squareFloor[T]())
	if done := whole * residualSegment; done < len(last) {
		var a T
		a, sums[whole] = s.segment(last[done:], before[done:])
		largest = max(largest, a)
		whole++
	}
	if s.cut.strips > 1 {
		most[0] = largest
		return
	}
	var squares T
	for _, q := range sums[:whole] {
		squares += q
	}
	s.grid.residuals[2*r], s.grid.residuals[2*r+1] = largest, squares
}

// segment is rowResidual for a segment with fewer columns than others.
func (s *strip[T]) segment(last, before []T) (largest, squares T) {
	s.form.Squares(s.lanes, last, before, squareFloor[T]())
	for _, a := range s.lanes[maxLanes:] {
		largest = max(largest, a)
	}
	for j := len(last) &^ (maxLanes - 1); j < len(last); j++ {
		d := last[j] - before[j]
		if a := ieee.Abs(d); a > largest {
			largest = a
		}
		if q := T(d * d); !(q < squareFloor[T]()) {
			s.lanes[j&(maxLanes-1)] += q
		}
	}
	return largest, joinLanes((*[maxLanes]T)(s.lanes), maxLanes)
}

// partialResiduals are the sums of the segments of row r and the largest changes
// in its strips, of a launch with more than one strip.
func partialResiduals[T device.Float](t *device.Tile, c *stencilCut, r int) (sums, largest []T) {
	all := device.Shared[T](t)[c.between()*c.gridSize():]
	i := r - c.out.Lo
	return all[i*c.segments:][:c.segments],
		all[c.out.Len()*c.segments+i*c.strips:][:c.strips]
}

// joinRows is the least number of rows whose residuals are worth a task.
const joinRows = 512

func joinTasks(rows, workers int) int { return max(1, min(workers, rows/joinRows)) }

// joinResiduals joins the parts of the residuals of some rows.
func (g *grid[T]) joinResiduals(t *device.Tile, c *stencilCut) {
	for r := range rowsOf(c.out.Part(t.Task, t.Tasks)) {
		sums, most := partialResiduals[T](t, c, r)
		var largest, squares T
		for _, a := range most {
			largest = max(largest, a)
		}
		for _, q := range sums {
			squares += q
		}
		g.residuals[2*r], g.residuals[2*r+1] = largest, squares
	}
}
