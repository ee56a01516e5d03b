package poisson

import (
	"context"
	"fmt"
	"math"
	"sync"

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
		if v-v != 0 && !s.problem.isolated(at) { // not finite
			return device.Invalidf("value %g in row %d, column %d of u", v, at/s.problem.Cols, at%s.problem.Cols)
		}
	}
	if source != nil {
		return checkValues(s.problem, "source", source)
	}
	return nil
}

// changes reports whether the value of point number j of row i is to be found. Its state in
// the equations says so, unless one point stands for a part.
func (s *general[T]) changes(i, j int, state uint8) bool {
	return state == free || !s.problem.keeps(i, j)
}

// heat sums up what the equations are given. Its largest magnitude is that of held points,
// of ambient temperatures, and of the rise that sources and fluxes cause, as rise has it.
func (s *general[T]) heat(ctx context.Context, u, source []T) (heat, error) {
	h := heat{caused: make([]float64, len(u)), largest: s.problem.ambient()}
	most := 0.0
	var mu sync.Mutex
	if err := s.crew.rows(ctx, s.problem.Rows, s.problem.Cols, func(r device.Range) error {
		given, caused, err := s.heatRows(h.caused, u, source, r)
		mu.Lock()
		defer mu.Unlock()
		h.largest, most = max(h.largest, given), max(most, caused)
		return err
	}); err != nil {
		return h, err
	}
	for _, part := range s.eqs.parts {
		if err := s.balance(part, h.caused); err != nil {
			return h, err
		}
		h.means = append(h.means, s.eqs.mean(part.points, func(at int) float64 { return float64(u[at]) }))
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

// heatRows sets the heat caused in the cells of rows r, and returns the largest magnitudes of
// held points and of that heat.
func (s *general[T]) heatRows(caused []float64, u, source []T, r device.Range) (given, most float64, err error) {
	for i := r.Lo; i < r.Hi; i++ {
		flux := s.eqs.row(s.eqs.flux, i)
		for j, state := range s.states(i) {
			at := i*s.problem.Cols + j
			if !s.changes(i, j, state) {
				if v := math.Abs(float64(u[at])); v > given && !s.problem.isolated(at) {
					given = v
				}
				continue
			}
			q := 0.0
			if source != nil {
				q = float64(source[at])
			} else if s.problem.Source != nil {
				q = s.problem.Source[at]
			}
			v := flux[j] + float64(q*(s.eqs.area(i, j)*s.eqs.unit))
			if !(math.Abs(v) <= math.MaxFloat64/16) {
				return given, most, device.Invalidf("a source of %g in row %d, column %d is too large", q, i, j)
			}
			if caused[at] = v; math.Abs(v) > most {
				most = math.Abs(v)
			}
		}
	}
	return given, most, nil
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
		area += s.eqs.area(at/s.problem.Cols, at%s.problem.Cols)
	}
	if math.Abs(sum) > least*magnitudes {
		if len(p.points) == len(caused) { // the whole plate
			return ErrIncompatible
		}
		at, cols := p.points[0], s.problem.Cols
		return fmt.Errorf("%w around row %d, column %d", ErrIncompatible, at/cols, at%cols)
	}
	for _, at := range p.points {
		caused[at] -= float64(sum * (s.eqs.area(at/s.problem.Cols, at%s.problem.Cols) / area))
	}
	return nil
}

// rise estimates the largest magnitude of the solution with this heat into the cells, whose
// largest magnitude is most, and zeros elsewhere: by one cycle from 0.
func (s *general[T]) rise(ctx context.Context, caused []float64, most float64) (float64, error) {
	l := s.levels[0]
	_, e := math.Frexp(most)
	values := make([]float32, l.rows*l.cols)
	for i := range l.rows {
		for j, state := range s.states(i) {
			if at := i*l.cols + j; state == free {
				values[at] = flush(float32(math.Ldexp(caused[at], 1-e)), networkFloor32)
			}
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

// states returns the states of the points of row i.
func (s *general[T]) states(i int) []uint8 {
	g := s.eqs.finest
	return g.state[g.at(i, 0):][:g.cols]
}

// load sets the first state and the right side, scaled. The first guess is limited to
// what the solution can be.
func (s *general[T]) load(ctx context.Context, u []T, h heat, factor float64) error {
	floor := multigrid.NetworkFloor[T]()
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
	cols := s.problem.Cols
	if err := setRows(ctx, s.crew, &s.x[0], cols, func(dst []T, r device.Range) {
		for k, first := 0, r.Lo*cols; k < len(dst); k++ {
			dst[k] = 0
			if s.problem.isolated(first + k) {
				continue
			}
			x := float64(u[first+k])
			if shift != nil {
				x -= shift[first+k]
			}
			dst[k] = flush(T(max(-limit, min(limit, x*factor))), floor)
		}
	}); err != nil {
		return err
	}
	return setRows(ctx, s.crew, &s.b, cols, func(dst []T, r device.Range) {
		clear(dst)
		for i := r.Lo; i < r.Hi; i++ {
			to, caused, around := dst[(i-r.Lo)*cols:][:cols], h.caused[i*cols:][:cols], s.eqs.row(s.eqs.around, i)
			for j, state := range s.states(i) {
				if state == free {
					to[j] = flush(T((caused[j]+around[j])*factor), floor)
				}
			}
		}
	})
}

// store sets u to the state x.
func (s *general[T]) store(ctx context.Context, x *array, u []T, h heat, factor float64) error {
	values := make([]T, len(u))
	if err := x.buffer.Read(ctx, 0, device.Of(values)); err != nil {
		return err
	}
	s.setValues(ctx, values, u, h, factor)
	return nil
}

// setValues sets u to the values of a state.
func (s *general[T]) setValues(ctx context.Context, values, u []T, h heat, factor float64) {
	unscale := 1 / factor
	_ = s.crew.rows(context.WithoutCancel(ctx), s.problem.Rows, s.problem.Cols, func(r device.Range) error {
		for i := r.Lo; i < r.Hi; i++ {
			for j, state := range s.states(i) {
				if at := i*s.problem.Cols + j; s.changes(i, j, state) {
					u[at] = T(float64(values[at]) * unscale)
				}
			}
		}
		return nil
	})
	s.restoreMeans(h, u, func(at int) float64 { return float64(float64(values[at]) * unscale) })
}

// restoreMeans sets u to values in the parts without a way out, such that its means are
// those of the first guess.
func (s *general[T]) restoreMeans(h heat, u []T, value func(at int) float64) {
	for k, part := range s.eqs.parts {
		m := s.eqs.mean(part.points, value)
		for _, at := range part.points {
			u[at] = T(value(at) - m + h.means[k])
		}
	}
}
