package poisson

import (
	"context"

	"offload/device"
	"offload/internal/contract"
	"offload/kernels/multigrid"
)

const networkFloor32 = contract.NetworkFloor32

// generalLevel is a grid of the cycle and its memory, all of it float32.
type generalLevel struct {
	rows, cols int
	planes     int // of coefficients
	stored     int // rows that the matrices below have, without those of u for the next finer level
	onDevice   bool
	wrap       bool // rows wrap

	f       array
	u       [2]array // between the passes of a visit, and after it
	coef    array
	weights array // to the next coarser level

	coarse, axes          int // rows of the next coarser level; axes are halved for it
	down, begin, more, up step
	finish                step
}

// newGeneralLevels returns the levels of a hierarchy without their memory. Levels of more
// than border points, and the finest, are on the device.
func newGeneralLevels(pairs []*pairOfGrids, last *grid, border int) (all []*generalLevel) {
	add := func(g *grid) *generalLevel {
		l := &generalLevel{rows: g.rows, cols: g.cols, planes: multigrid.Planes4, stored: g.rows, wrap: g.wrapRows,
			onDevice: len(all) == 0 || g.rows*g.cols > border}
		if g.nine {
			l.planes = multigrid.Planes8
		}
		all = append(all, l)
		return l
	}
	height := 0
	for _, p := range pairs {
		l := add(p.fine)
		l.coarse, l.axes = p.coarse.rows, p.axes()
		next := l.rows
		width := l.cols
		if l.axes&multigrid.HalveRows != 0 {
			next = l.rows/2 + 1
			l.stored = 2 * next
		}
		if l.axes&multigrid.HalveCols != 0 {
			width = (l.cols + 1) / 2
		}
		l.size(height)
		l.weights = array{typ: device.Float32, len: next * multigrid.WeightPlanes(l.axes) * width}
		height = next
	}
	add(last).size(height)
	return all
}

// size sets the sizes of the matrices; the next finer level reads so many rows of u.
func (l *generalLevel) size(finerRows int) {
	n := l.stored * l.cols
	l.f = array{typ: device.Float32, len: n, passes: true}
	l.u[0] = array{typ: device.Float32, len: n}
	l.u[1] = array{typ: device.Float32, len: max(n, finerRows*l.cols), passes: true}
	l.coef = array{typ: device.Float32, len: n * l.planes}
}

// arrays returns the memory of a level.
func (l *generalLevel) arrays() []*array {
	all := []*array{&l.f, &l.u[0], &l.u[1], &l.coef}
	if l.weights.len > 0 {
		all = append(all, &l.weights)
	}
	return all
}

// prepare makes the steps of a level above the coarsest one; next is the level after it.
func (l *generalLevel) prepare(mem *memory, next *generalLevel) (err error) {
	points := func(a *array) view { return view{a, l.rows, l.cols} }
	coef := view{&l.coef, l.rows, l.cols * l.planes}
	tall := 1
	if l.axes&multigrid.HalveRows != 0 {
		tall = 2
	}
	height := l.stored / tall
	high := func(a *array) view { return view{a, height, tall * l.cols} }
	weights := view{&l.weights, height, l.weights.len / height}
	set := func(s *step, launchOf func(a []device.Arg) *device.Launch, views ...view) {
		made, e := mem.bind(l.onDevice, launchOf, views...)
		*s = made
		if err == nil {
			err = e
		}
	}
	smooth := func(zero bool) func(a []device.Arg) *device.Launch {
		return func(a []device.Arg) *device.Launch { return multigrid.NewSmooth(a[0], a[1], a[2], a[3], l.wrap, zero) }
	}
	set(&l.begin, smooth(true), points(&l.u[1]), points(&l.f), coef, points(&l.u[0]))
	set(&l.more, smooth(false), points(&l.u[1]), points(&l.f), coef, points(&l.u[0]))
	set(&l.finish, smooth(false), points(&l.u[0]), points(&l.f), coef, points(&l.u[1]))
	set(&l.down, func(a []device.Arg) *device.Launch {
		return multigrid.NewRestrict(a[0], a[1], a[2], a[3], a[4], l.rows, l.coarse, l.axes, l.wrap)
	}, high(&l.u[0]), high(&l.f), view{&l.coef, height, tall * l.cols * l.planes}, weights, view{&next.f, next.rows, next.cols})
	set(&l.up, func(a []device.Arg) *device.Launch {
		return multigrid.NewProlong(a[0], a[1], a[2], l.rows, l.coarse, l.axes, l.wrap)
	}, view{&next.u[1], max(next.rows, height), next.cols}, weights, high(&l.u[0]))
	return err
}

// visit appends a visit to level k and those below: from the right side f to the
// correction u[1], which counts as 0 before the first one.
func (s *general[T]) visit(steps []step, k int, first bool) []step {
	l := s.levels[k]
	if k == len(s.levels)-1 {
		if l.onDevice {
			return append(steps, l.f.download, s.solveCoarsest, l.u[1].upload)
		}
		return append(steps, s.solveCoarsest)
	}
	next := s.levels[k+1]
	if first {
		steps = append(steps, l.begin)
	} else {
		steps = append(steps, l.more)
	}
	steps = append(steps, l.down)
	crosses := l.onDevice && !next.onDevice
	if crosses {
		steps = append(steps, next.f.download)
	}
	steps = s.visit(steps, k+1, true)
	if l.twice(k) && k+1 < len(s.levels)-1 {
		steps = s.visit(steps, k+1, false)
	}
	if crosses {
		steps = append(steps, next.u[1].upload)
	}
	return append(steps, l.up, l.finish)
}

// twice reports whether level k visits the next one twice. Where one axis is halved, every
// second level does, so that the work stays in proportion to the points.
func (l *generalLevel) twice(k int) bool {
	return k > 0 && (l.axes == multigrid.HalveCols|multigrid.HalveRows || k%2 == 1)
}

// solveCoarsest solves the coarsest level.
func (s *general[T]) solveCoarsest(context.Context) error {
	l := s.levels[len(s.levels)-1]
	n := l.rows * l.cols
	s.bottom.solve(device.As[float32](l.f.host)[:n], device.As[float32](l.u[1].host)[:n])
	return nil
}
