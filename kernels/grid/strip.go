package grid

import (
	"offload/device"
	"offload/internal/ieee"
	"offload/kernels/internal/base"
	"offload/kernels/internal/sweep"
)

// strip is one task: depth sweeps over the columns of a strip in a band of rows.
//
// Batches of rows go through all sweeps one after another, while they are in the nearest
// cache. A sweep moves a batch up by one row, and needs two rows of the batch before: at
// sweep s, at[2(depth−1−s):] lists the places of the rows, first those two, then the
// batch. A new row replaces the one above it, which is not needed any more. So after the
// sweep the batch begins at the place of the two rows, right after the two of the next
// sweep, and the rows that this sweep keeps for the next batch come last.
type strip[T device.Float] struct {
	grid  grid[T]
	cut   stencilCut
	form  *sweep.Form[T]
	depth int
	rows  device.Range // to compute

	from, to  matrix[T]
	residuals bool

	columns device.Range // to compute
	halo    device.Range // columns and those around them
	width   int          // elements of a packed row
	last    int          // where its last point is

	unflushed sweep.Rows[T] // for the first free sweeps
	quick     sweep.Rows[T] // for the other sweeps
	final     sweep.Rows[T] // for the last sweep
	free      int
	floor     T       // see flushBelow
	large     T       // magnitude above which quick is not valid
	at        []int32 // places of the rows in buf
	buf       []T
	tail      []T           // the last block of a row, if a part of it is empty
	old       [lastRows][]T // rows before the last sweep
	new       []T           // and after
	lanes     []T           // of a residual
	sums      []T           // of whole segments, if there is only one strip
	bounds    []T           // of the values so far
}

// run performs the task.
func (s *strip[T]) run(t *device.Tile) {
	first := s.rows.Grow(s.depth, s.grid.rows)
	for y := first.Lo; y-s.depth < s.rows.Hi && !t.Done(); y += stencilBatch {
		s.enter(batch(y), first)
		next := walkOver(s.from, meet(batch(y+stencilBatch), first), s.halo, s.depth)
		leaving := walkOver(s.to, meet(batch(y-s.depth), s.rows), s.columns, s.depth)
		for k := range s.depth {
			if s.residuals && k == s.depth-1 {
				break
			}
			s.sweep(k, batch(y-k-1))
			next.fetch(s.form.Prefetch)
			leaving.fetch(s.form.Prefetch)
		}
		if s.residuals {
			s.finish(t, batch(y-s.depth))
		} else {
			s.leave(batch(y - s.depth))
		}
		s.turn()
	}
}

func batch(y int) device.Range { return device.Range{Lo: y, Hi: y + stencilBatch} }

// meet returns the part of a that is in b.
func meet(a, b device.Range) device.Range {
	a.Lo = max(a.Lo, b.Lo)
	a.Hi = max(a.Lo, min(a.Hi, b.Hi))
	return a
}

// enter packs the rows of a batch.
func (s *strip[T]) enter(rows, first device.Range) {
	for r := range rowsOf(meet(rows, first)) {
		head, middle, tail := s.blocks(s.from.row(r, s.halo))
		if len(tail) < s.block() {
			clear(s.tail[copy(s.tail, tail):])
			tail = s.tail
		}
		s.form.Pack(s.packed(s.at[2*s.depth+r-rows.Lo]), head, middle, tail, s.bounds)
	}
	if s.free > 0 {
		s.free = s.form.FreeSweeps(s.form.Least(s.bounds), s.floor, s.grid.cx, s.grid.cy, s.free)
	}
	if s.form.Peak(s.bounds) > s.large {
		s.quick, s.final, s.free = s.form.Rows, s.form.Rows, 0
	}
}

// sweepOf returns the code of sweep k: flushed, unless no value can fall below the floor.
func (s *strip[T]) sweepOf(k int, flushed sweep.Rows[T]) sweep.Rows[T] {
	if k < s.free {
		return s.unflushed
	}
	return flushed
}

// block returns the number of points in a lane of a packed row.
func (s *strip[T]) block() int { return s.width / s.form.Lanes }

// blocks returns the first lane of a row, those between, and the last one.
func (s *strip[T]) blocks(row []T) (head, middle, tail []T) {
	n := s.block()
	last := s.width - n
	return row[:min(n, last)], row[min(n, last):last], row[last:]
}

// sweep performs sweep k for the needed rows among rows. The first and last rows of the
// plate keep their values.
func (s *strip[T]) sweep(k int, rows device.Range) {
	at := s.at[2*(s.depth-1-k):]
	todo := meet(rows, s.rows.Grow(s.depth-1-k, s.grid.rows))
	for todo.Len() > 0 && s.fixed(todo.Lo) {
		s.keep(at[todo.Lo-rows.Lo:])
		todo.Lo++
	}
	hi := todo.Hi
	if todo.Len() > 0 && s.fixed(hi-1) {
		hi--
	}
	if todo.Lo < hi {
		s.sweepOf(k, s.quick)(s.buf, at[todo.Lo-rows.Lo:hi-rows.Lo+2], s.width, s.last, s.grid.cx, s.grid.cy, s.floor)
	}
	if hi < todo.Hi {
		s.keep(at[hi-rows.Lo:])
	}
}

// fixed reports whether row r keeps its values.
func (s *strip[T]) fixed(r int) bool { return r == 0 || r == s.grid.rows-1 || s.grid.cols < 3 }

// keep copies an unchanged row to the place of the new one.
func (s *strip[T]) keep(at []int32) { copy(s.packed(at[0]), s.packed(at[1])) }

func (s *strip[T]) packed(at int32) []T { return s.buf[at:][:s.width] }

// leave writes the rows of a batch after the last sweep.
func (s *strip[T]) leave(rows device.Range) {
	for r := range rowsOf(meet(rows, s.rows)) {
		s.write(r, s.at[r-rows.Lo])
	}
}

// write writes the task's part of row r. The lanes between the first and the last one are
// unpacked to their destination directly, if possible.
func (s *strip[T]) write(r int, at int32) {
	out, lo, n := s.to.row(r, s.columns), s.columns.Lo-s.halo.Lo, s.block()
	head, middle, tail := s.blocks(s.new)
	last := s.width - n - lo // where tail belongs
	if direct := s.form.Lanes > 2 && lo <= n && last <= len(out); !direct {
		s.form.Unpack(head, middle, tail, s.packed(at))
		copy(out, s.new[lo:])
		return
	}
	s.form.Unpack(head, out[n-lo:last], tail, s.packed(at))
	copy(out, head[lo:])
	copy(out[last:], tail)
}

// finish performs the last sweep, with the residuals, a few rows at a time.
func (s *strip[T]) finish(t *device.Tile, rows device.Range) {
	todo := meet(rows, s.rows)
	for todo.Len() > 0 {
		n := 1
		for n < min(lastRows, todo.Len()) && !s.fixed(todo.Lo) && !s.fixed(todo.Lo+n) {
			n++
		}
		at := s.at[todo.Lo-rows.Lo:][:n+2]
		for i := range n {
			head, middle, tail := s.blocks(s.old[i])
			s.form.Unpack(head, middle, tail, s.packed(at[i+1]))
		}
		if s.fixed(todo.Lo) {
			s.keep(at)
		} else {
			s.sweepOf(s.depth-1, s.final)(s.buf, at, s.width, s.last, s.grid.cx, s.grid.cy, s.floor)
		}
		for i := range n {
			r := todo.Lo + i
			s.write(r, at[i])
			s.residual(t, r, s.to.row(r, s.columns), s.old[i][s.columns.Lo-s.halo.Lo:][:s.columns.Len()])
		}
		todo.Lo += n
	}
}

// turn moves the places of the batch, which moved from the end of the list to its
// beginning during the sweeps, back to the end.
func (s *strip[T]) turn() {
	var places [stencilBatch]int32
	copy(places[:], s.at)
	copy(s.at, s.at[stencilBatch:])
	copy(s.at[2*s.depth:], places[:])
}

// cacheLine is the number of bytes of a cache line.
const cacheLine = 64

// slots returns the number of packed rows that a task keeps.
func (c *stencilCut) slots() int { return 2*stencilDepth + stencilBatch }

// stride returns the distance of packed rows of the given number of points: an odd number
// of cache lines, so that rows do not map to the same cache sets.
func stride(points, size int) int {
	lines := (points*size + 2*cacheLine - 1) / cacheLine // with room for empty lanes
	return (lines | 1) * cacheLine / size
}

// widest returns the largest number of points in a row of a strip.
func (c *stencilCut) widest() int {
	own := (c.segments + c.strips - 1) / c.strips * residualSegment
	return min(c.cols, max(own+2*stencilDepth, leastWidth))
}

// leastWidth is the least number of columns with which a task begins.
const leastWidth = 64

// elements returns the number of elements of a worker's scratch: packed rows, rows before
// and after the last sweep, a tail, lanes and sums of a residual, and bounds.
func (c *stencilCut) elements(size int) int {
	return (c.slots()+lastRows+2)*stride(c.widest(), size) + 2*base.MaxLanes + sweep.BoundsLen + c.segments
}

// place sets the columns of a task, and the places of its rows in the scratch.
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
	s.lanes, s.sums, s.bounds = take(2*base.MaxLanes), take(s.cut.segments), take(sweep.BoundsLen)
	s.form.ClearBounds(s.bounds)
	s.quick = s.form.Quick(s.grid.cx, s.grid.cy)
	s.floor, s.large = flushBelow[T](), base.MaxFinite[T]()/16
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

// scratchGrid returns the grid that a pass before the last one writes.
func (s *strip[T]) scratchGrid(t *device.Tile, pass int) matrix[T] {
	size := s.cut.gridSize()
	return matrix[T]{device.Shared[T](t)[pass%2*size:][:size], s.cut.region().Lo, s.grid.cols}
}

// residual computes the residual of this strip's part of row r, from the row after and
// before the last sweep. With several strips, the parts are joined after the last pass.
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

// segment is rowResidual for a segment with fewer columns than the others.
func (s *strip[T]) segment(last, before []T) (largest, squares T) {
	s.form.Squares(s.lanes, last, before, squareFloor[T]())
	for _, a := range s.lanes[base.MaxLanes:] {
		largest = max(largest, a)
	}
	for j := len(last) &^ (base.MaxLanes - 1); j < len(last); j++ {
		d := last[j] - before[j]
		if a := ieee.Abs(d); a > largest {
			largest = a
		}
		if q := T(d * d); !(q < squareFloor[T]()) {
			s.lanes[j&(base.MaxLanes-1)] += q
		}
	}
	return largest, base.JoinLanes((*[base.MaxLanes]T)(s.lanes), base.MaxLanes)
}

// partialResiduals returns the sums of the segments of row r and the largest changes in
// its strips, for a launch with more than one strip.
func partialResiduals[T device.Float](t *device.Tile, c *stencilCut, r int) (sums, largest []T) {
	all := device.Shared[T](t)[c.between()*c.gridSize():]
	i := r - c.out.Lo
	return all[i*c.segments:][:c.segments],
		all[c.out.Len()*c.segments+i*c.strips:][:c.strips]
}

// joinRows is the least number of rows of a task that joins residuals.
const joinRows = 512

func joinTasks(rows, workers int) int { return max(1, min(workers, rows/joinRows)) }

// joinResiduals joins the parts of the residuals of a task's rows.
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
