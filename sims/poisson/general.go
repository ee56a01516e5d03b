package poisson

import (
	"context"
	"fmt"

	"offload/device"
	"offload/kernels/multigrid"
)

// The general method solves any problem: by conjugate gradients in T, each of whose
// iterations is preconditioned by a multigrid cycle in float32. Interpolation and the
// operators of coarser grids follow the equations, so that materials, held points and any
// number of points are allowed. Levels of up to hostPoints points are computed in the
// caller's goroutine.

// general is the general method.
type general[T device.Float] struct {
	problem *Problem
	memory
	crew   crew
	eqs    *assembly
	levels []*generalLevel // the finest first
	bottom *cholesky
	cycle  []step // from the residual to its correction, both on the finest level

	// On the finest level.
	x, p    [2]array
	q, b    array
	coef    *array // the coefficients in T
	sums    array
	largest array
}

// newGeneral sets up the levels.
func newGeneral[T device.Float](ctx context.Context, dev device.Device, p *Problem) (method[T], error) {
	s, err := openGeneral[T](ctx, dev, p, hostPoints)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// openGeneral is newGeneral with levels of up to border points on the host.
func openGeneral[T device.Float](ctx context.Context, dev device.Device, p *Problem, border int) (*general[T], error) {
	crew := crewOf(dev)
	eqs, err := assemble(ctx, crew, p)
	if err != nil {
		return nil, err
	}
	pairs, last, err := hierarchy(ctx, crew, eqs.finest)
	if err != nil {
		return nil, err
	}
	s := &general[T]{problem: p, memory: memory{dev: dev}, crew: crew, eqs: eqs, bottom: newCholesky(last), levels: newGeneralLevels(pairs, last, border)}
	if err := s.allocate(ctx, pairs, last); err != nil {
		s.Close()
		return nil, fmt.Errorf("grid of %d × %d points: %w", p.Rows, p.Cols, err)
	}
	s.cycle = s.visit(nil, 0, true)
	return s, nil
}

// finestArrays sets the sizes of the finest level's matrices in T, and returns those that
// need memory of their own.
func (s *general[T]) finestArrays() []*array {
	t, l := device.TypeOf[T](), s.levels[0]
	n := l.rows * l.cols
	all := []*array{&s.x[0], &s.x[1], &s.p[0], &s.p[1], &s.q, &s.b}
	for _, a := range all {
		*a = array{typ: t, len: n}
	}
	s.sums = array{typ: t, len: l.rows * multigrid.DirectionWidth}
	s.largest = array{typ: t, len: l.rows}
	s.coef = &l.coef
	if t != device.Float32 {
		s.coef = &array{typ: t, len: n * multigrid.Planes4}
		all = append(all, s.coef)
	}
	return append(all, &s.sums, &s.largest)
}

// allocate allocates the matrices, and sets coefficients and weights.
func (s *general[T]) allocate(ctx context.Context, pairs []*pairOfGrids, last *grid) error {
	for _, a := range s.finestArrays() {
		if err := s.place(a, true, a == &s.sums || a == &s.largest); err != nil {
			return err
		}
	}
	for k, l := range s.levels {
		border := k > 0 && s.levels[k-1].onDevice && !l.onDevice
		alone := k == len(s.levels)-1 && l.onDevice
		for _, a := range l.arrays() {
			if err := s.place(a, l.onDevice || border && a.passes, !l.onDevice || alone && a.passes); err != nil {
				return err
			}
		}
		g := last
		if k < len(pairs) {
			g = pairs[k].fine
			if err := setRows(ctx, s.crew, &l.weights, l.weightsWidth(), pairs[k].planes); err != nil {
				return err
			}
		}
		if err := setRows(ctx, s.crew, &l.coef, l.cols*l.planes, func(dst []float32, r device.Range) { coefficients(g, dst, r) }); err != nil {
			return err
		}
	}
	if t := device.TypeOf[T](); t != device.Float32 {
		err := setRows(ctx, s.crew, s.coef, s.problem.Cols*multigrid.Planes4, func(dst []T, r device.Range) { coefficients(s.eqs.finest, dst, r) })
		if err != nil {
			return err
		}
	}
	for k, l := range s.levels[:len(s.levels)-1] {
		if err := l.prepare(s.dev, s.levels[k+1]); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// weightsWidth returns the elements of a row of weights.
func (l *generalLevel) weightsWidth() int {
	width := l.cols
	if l.axes&multigrid.HalveCols != 0 {
		width = (l.cols + 1) / 2
	}
	return multigrid.WeightPlanes(l.axes) * width
}

// chunk is the size in bytes of the pieces in which matrices are set: a core's second cache
// holds them.
const chunk = 1 << 18

// setRows sets a matrix, by a function that sets some rows of the given width.
func setRows[E device.Float](ctx context.Context, crew crew, a *array, width int, set func(dst []E, r device.Range)) error {
	return crew.rows(ctx, a.len/width, width, func(r device.Range) error {
		if a.buffer == nil {
			set(device.As[E](a.host)[r.Lo*width:r.Hi*width], r)
			return nil
		}
		step := min(r.Len(), max(1, chunk/(width*a.typ.Size())))
		values := make([]E, step*width)
		for lo := r.Lo; lo < r.Hi; lo += step {
			hi := min(lo+step, r.Hi)
			part := values[:(hi-lo)*width]
			set(part, device.Range{Lo: lo, Hi: hi})
			if err := a.buffer.Write(ctx, lo*width, device.Of(part)); err != nil {
				return err
			}
		}
		return nil
	})
}
