package poisson

import (
	"context"
	"fmt"
	"math"

	"offload/device"
	"offload/internal/ieee"
	"offload/kernels/multigrid"
)

// heat is what the equations are given, in float64.
type heat struct {
	caused  []float64 // into each cell by sources and fluxes
	largest float64   // magnitude given
	means   []float64 // of the first guess, over each part without a way out
}

// checkData refuses arguments of Solve.
func (s *general[T]) checkData(u, source []T, o Options) error {
	if err := o.check(); err != nil {
		return err
	}
	if len(u) != s.problem.Rows*s.problem.Cols {
		return device.Invalidf("%d values of u for %d × %d points", len(u), s.problem.Rows, s.problem.Cols)
	}
	for at, v := range u {
		if v-v != 0 && !s.problem.isolated(at) {
			return device.Invalidf("value %g in row %d, column %d of u", v, at/s.problem.Cols, at%s.problem.Cols)
		}
	}
	if source != nil {
		return checkValues(s.problem, "source", source)
	}
	return nil
}

// changes reports whether a point's value is to be found.
func (s *general[T]) changes(at int) bool {
	return !s.problem.keeps(at/s.problem.Cols, at%s.problem.Cols)
}

// heat sums up what the equations are given. Its largest magnitude is that of held points,
// of ambient temperatures, and of the rise that sources and fluxes cause, as rise has it.
func (s *general[T]) heat(ctx context.Context, u, source []T) (heat, error) {
	h := heat{caused: make([]float64, len(u)), largest: s.problem.ambient()}
	most := 0.0
	for at := range u {
		if !s.changes(at) {
			if !s.problem.isolated(at) {
				h.largest = max(h.largest, math.Abs(float64(u[at])))
			}
			continue
		}
		q := 0.0
		if source != nil {
			q = float64(source[at])
		} else if s.problem.Source != nil {
			q = s.problem.Source[at]
		}
		h.caused[at] = s.eqs.flux[at] + float64(q*(s.eqs.area[at]*s.eqs.unit))
		if !(math.Abs(h.caused[at]) <= math.MaxFloat64/16) {
			return h, device.Invalidf("a source of %g in row %d, column %d is too large", q, at/s.problem.Cols, at%s.problem.Cols)
		}
		most = max(most, math.Abs(h.caused[at]))
	}
	for _, part := range s.eqs.parts {
		if err := s.balance(part, h.caused); err != nil {
			return h, err
		}
		h.means = append(h.means, mean(s.eqs.area, part.points, func(at int) float64 { return float64(u[at]) }))
	}
	if most > 0 {
		rise, err := s.rise(ctx, h.caused, most)
		if err != nil {
			return h, err
		}
		h.largest = max(h.largest, rise)
	}
	return h, nil
}

// mean returns the mean of values at points, weighted by their areas.
func mean(area []float64, points []int, value func(at int) float64) float64 {
	var sum, all float64
	for _, at := range points {
		sum += float64(value(at) * area[at])
		all += area[at]
	}
	return sum / all
}

// balance makes the sum of the heat into a part 0, which rounding prevents, and refuses one
// that is larger.
func (s *general[T]) balance(p part, caused []float64) error {
	least := 0x1p-40
	if device.TypeOf[T]() == device.Float32 {
		least = 0x1p-20
	}
	var sum, magnitudes, area float64
	for _, at := range p.points {
		sum += caused[at]
		magnitudes += math.Abs(caused[at])
		area += s.eqs.area[at]
	}
	if math.Abs(sum) > least*magnitudes {
		if len(p.points) == len(caused) { // the whole plate
			return ErrIncompatible
		}
		at, cols := p.points[0], s.problem.Cols
		return fmt.Errorf("%w around row %d, column %d", ErrIncompatible, at/cols, at%cols)
	}
	for _, at := range p.points {
		caused[at] -= float64(sum * (s.eqs.area[at] / area))
	}
	return nil
}

// rise estimates the largest magnitude of the solution with this heat into the cells, whose
// largest magnitude is most, and zeros elsewhere: by one cycle from 0.
func (s *general[T]) rise(ctx context.Context, caused []float64, most float64) (float64, error) {
	l := s.levels[0]
	_, e := math.Frexp(most)
	values := make([]float32, l.rows*l.cols)
	for at, v := range caused {
		if s.free(at) {
			values[at] = flush(float32(math.Ldexp(v, 1-e)), networkFloor32)
		}
	}
	if err := l.f.buffer.Write(ctx, 0, device.Of(values)); err != nil {
		return 0, err
	}
	if err := run(ctx, s.cycle); err != nil {
		return 0, err
	}
	if err := l.u[1].buffer.Read(ctx, 0, device.Of(values)); err != nil {
		return 0, err
	}
	largest := float32(0)
	for _, v := range values {
		largest = max(largest, ieee.Abs(v))
	}
	return math.Ldexp(float64(largest), e-1), ctx.Err()
}

// free reports whether a point has an equation.
func (s *general[T]) free(at int) bool {
	g := s.eqs.finest
	return g.state[g.at(at/g.cols, at%g.cols)] == free
}

// load sets the first state and the right side, scaled. The first guess is limited to
// what the solution can be.
func (s *general[T]) load(ctx context.Context, u []T, h heat, factor float64) error {
	floor := multigrid.NetworkFloor[T]()
	values := make([]T, len(u))
	limit := 2 * h.largest * factor
	var shift []float64
	if len(h.means) > 0 {
		shift = make([]float64, len(u))
		for k, part := range s.eqs.parts {
			for _, at := range part.points {
				shift[at] = h.means[k]
			}
		}
	}
	for at, v := range u {
		if s.problem.isolated(at) {
			continue
		}
		x := float64(v)
		if shift != nil {
			x -= shift[at]
		}
		values[at] = flush(T(max(-limit, min(limit, x*factor))), floor)
	}
	if err := s.x[0].buffer.Write(ctx, 0, device.Of(values)); err != nil {
		return err
	}
	for at := range values {
		values[at] = 0
		if s.free(at) {
			values[at] = flush(T((h.caused[at]+s.eqs.around[at])*factor), floor)
		}
	}
	return s.b.buffer.Write(ctx, 0, device.Of(values))
}

// store sets u to the state x.
func (s *general[T]) store(ctx context.Context, x *array, u []T, h heat, factor float64) error {
	values := make([]T, len(u))
	if err := x.buffer.Read(ctx, 0, device.Of(values)); err != nil {
		return err
	}
	unscale := 1 / factor
	for at, v := range values {
		if s.changes(at) {
			u[at] = T(float64(v) * unscale)
		}
	}
	s.restoreMeans(h, u, func(at int) float64 { return float64(float64(values[at]) * unscale) })
	return nil
}

// restoreMeans sets u to values in the parts without a way out, such that its means are
// those of the first guess.
func (s *general[T]) restoreMeans(h heat, u []T, value func(at int) float64) {
	for k, part := range s.eqs.parts {
		m := mean(s.eqs.area, part.points, value)
		for _, at := range part.points {
			u[at] = T(value(at) - m + h.means[k])
		}
	}
}
