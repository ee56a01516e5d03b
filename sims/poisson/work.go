package poisson

import (
	"offload/device"
	"offload/kernels/multigrid"
)

// Work is the predicted work of a solution: a number of launches like Launch, which has no
// buffers, and the memory in bytes.
type Work struct {
	Launch   *device.Launch
	Launches int
	Memory   int64            // on the device
	Host     int64            // on the host, beside the problem and the solution
	Kernels  []*device.Kernel // all that are used
}

// fineLaunches is the predicted number of launches on the finest grid, with those on coarser
// grids counted by their points.
const fineLaunches = 12

// WorkOf returns the predicted work of Solve. The error wraps device.ErrInvalid for an
// invalid problem.
func WorkOf[T device.Float](p *Problem) (Work, error) {
	if err := p.check(); err != nil {
		return Work{}, err
	}
	if sizes := plainHierarchy(p); sizes != nil {
		return plainWork[T](p, sizes), nil
	}
	return generalWork[T](p), nil
}

// plainWork returns the work of the plain method.
func plainWork[T device.Float](p *Problem, sizes []size) Work {
	w := Work{Launches: fineLaunches, Kernels: []*device.Kernel{
		multigrid.Start(device.Float32), multigrid.Finish(device.Float32),
		multigrid.Start(device.TypeOf[T]()), multigrid.Cycle(device.TypeOf[T]()), multigrid.Finish(device.TypeOf[T]()),
	}}
	var finest *plainLevel[T]
	for i, s := range sizes {
		finest = newPlainLevel[T](s, i == len(sizes)-1)
		for _, a := range append(finest.arrays(i, len(sizes)), &finest.side) {
			w.Memory += int64(a.len * a.typ.Size())
		}
	}
	cx, cy := weights[T](p)
	shape := func(width int) device.Arg { return device.Arg{Len: (finest.n/2 + 1) * width, Width: width} }
	w.Launch = multigrid.NewCycle(multigrid.Grid[T]{N: finest.n, M: finest.m, Cx: cx, Cy: cy},
		shape(2*finest.half), shape(finest.wide32), shape(4*finest.half), shape(1),
		shape(2*finest.half), shape(2*finest.half32), shape(multigrid.NormsWidth))
	return w
}

// generalLaunches is the predicted number of launches of the general method on the finest
// grid, with those on coarser grids counted by their points.
const generalLaunches = 110

// generalHost is the memory in bytes that a point of any grid needs on the host: most of it for
// the equations and the interpolation while they are prepared.
const generalHost = 102

// generalWork returns the work of the general method, with the coarser grids that the
// distances of points alone lead to.
func generalWork[T device.Float](p *Problem) Work {
	t := device.TypeOf[T]()
	w := Work{Launches: generalLaunches, Kernels: []*device.Kernel{
		multigrid.Direction(t), multigrid.Step(t), multigrid.Dot(t), multigrid.Smooth(), multigrid.Restrict(), multigrid.Prolong(),
	}}
	g := &grid{rows: p.Rows, cols: p.Cols, wrapRows: p.Top.Kind == Periodic, wrapCols: p.Left.Kind == Periodic}
	var pairs []*pairOfGrids
	dx, dy := p.spacing()
	ratio := dy / dx * (dy / dx) // of the conductances along rows and columns
	for gap := (gaps{1, 1}); g.rows*g.cols > coarsest; {
		p := &pairOfGrids{fine: g}
		p.rows, p.cols = axis{n: g.rows, coarse: g.rows}, axis{n: g.cols, coarse: g.cols}
		cols := g.cols > 3 && (g.rows <= 3 || ratio*anisotropy >= 1)
		rows := g.rows > 3 && (g.cols <= 3 || ratio <= anisotropy)
		if cols {
			p.cols, gap.cols = newAxis(g.cols, g.wrapCols, true, gap.cols)
			ratio /= 4
		}
		if rows {
			p.rows, gap.rows = newAxis(g.rows, g.wrapRows, true, gap.rows)
			ratio *= 4
		}
		p.coarse = &grid{rows: p.rows.coarse, cols: p.cols.coarse, wrapRows: g.wrapRows, wrapCols: g.wrapCols, nine: true}
		pairs, g = append(pairs, p), p.coarse
	}
	s := &general[T]{problem: p, levels: newGeneralLevels(pairs, g, hostPoints)}
	arrays := s.finestArrays()
	for k, l := range s.levels {
		w.Host += generalHost * int64(l.rows) * int64(l.cols)
		for _, a := range l.arrays() {
			if l.onDevice || a.passes && s.levels[k-1].onDevice {
				arrays = append(arrays, a)
			}
		}
	}
	for _, a := range arrays {
		w.Memory += int64(a.len * a.typ.Size())
	}
	shape := func(width int) device.Arg { return device.Arg{Len: p.Rows * width, Width: width} }
	n := shape(p.Cols)
	w.Launch = multigrid.NewStep[T](n, n, n, shape(multigrid.Planes4*p.Cols), n, n, shape(1), p.Top.Kind == Periodic, 1, 1)
	return w
}
