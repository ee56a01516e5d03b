package poisson

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"

	"offload/device"
	"offload/internal/ieee"
	"offload/kernels/multigrid"
)

const (
	// stagnant is the number of iterations that shall halve the least residual, once it is
	// as small as rounding can make it.
	stagnant = 5
	// roundingUnits bounds the residuals that rounding can cause, in units of the last place
	// of the largest value given.
	roundingUnits = 256
)

// unitRoundoff returns half of the distance from 1 to the next number.
func unitRoundoff[T device.Float]() float64 {
	if device.TypeOf[T]() == device.Float32 {
		return 0x1p-24
	}
	return 0x1p-53
}

// descent is the state of the conjugate gradients. All but the numbers of iterations is
// scaled.
type descent struct {
	tol, smoothTol   float64
	iterations       int
	x, p             int     // which of the states and directions are the last ones
	scale            float64 // of the residual f
	first, residual  float64
	least            [stagnant + 1]float64 // of the residuals up to the last iterations
	alpha, curvature float64               // of the last step
	rounding         float64
	correction       float64 // largest change of a point in iteration number measured
	measured         int
	stalled          bool
}

// Solve implements method.
func (s *general[T]) Solve(ctx context.Context, u, source []T, o Options) (Result, error) {
	if err := s.checkData(u, source, o); err != nil {
		return Result{}, err
	}
	if o.Tol == 0 {
		o.Tol = DefaultTol[T]()
	}
	if o.MaxCycles == 0 {
		o.MaxCycles = defaultCycles
	}
	h, err := s.heat(ctx, u, source)
	if errors.Is(err, ErrIncompatible) {
		return Result{}, err
	}
	if err != nil {
		return Result{}, fmt.Errorf("before the first cycle, with u as given: %w", err)
	}
	if h.largest == 0 {
		for at := range u {
			if !s.problem.keeps(at/s.problem.Cols, at%s.problem.Cols) {
				u[at] = 0
			}
		}
		s.restoreMeans(h, u, func(int) float64 { return 0 })
		return Result{Converged: true, Resolved: true}, nil
	}
	scale, err := scalingOf[T](h.largest)
	if err != nil {
		return Result{}, err
	}
	d := &descent{tol: o.Tol * scale.largest * scale.factor, scale: 1}
	d.smoothTol = math.Sqrt(o.Tol) * scale.largest * scale.factor
	d.rounding = unitRoundoff[T]() * scale.largest * scale.factor
	if o.From != nil {
		err = s.restore(ctx, d, u, &h, scale, o)
	} else if err = s.load(ctx, u, h, scale.factor); err == nil {
		err = s.begin(ctx, d)
	}
	switch {
	case errors.Is(err, device.ErrInvalid):
		return Result{}, err
	case err != nil:
		return Result{}, fmt.Errorf("before the first cycle, with u as given: %w", err)
	}
	return s.descend(ctx, d, u, h, scale, o)
}

// begin sets d to the first guess.
func (s *general[T]) begin(ctx context.Context, d *descent) error {
	err := s.step(ctx, d, 0, &s.x[0], d.next()) // no step: the residual of the first guess
	d.first = d.residual
	for i := range d.least {
		d.least[i] = d.residual
	}
	return err
}

// descend iterates until the residual is within the tolerance.
func (s *general[T]) descend(ctx context.Context, d *descent, u []T, h heat, scale scaling, o Options) (Result, error) {
	var failure, refused error // of the device or ctx, and of Frame
	framed := d.iterations     // of the last frame
	frame := func() {
		var state *State
		if state, failure = s.frame(ctx, d, u, h, scale); failure == nil {
			framed, refused = d.iterations, o.Frame(state)
		}
	}
	for d.residual > 0 && d.iterations < o.MaxCycles && !d.stalled {
		var done bool
		if done, failure = s.done(ctx, d); done || failure != nil {
			break
		}
		if failure = s.iterate(ctx, d); failure != nil {
			break
		}
		if o.Progress != nil && !d.stalled {
			o.Progress(d.iterations, d.residual/scale.factor)
		}
		if o.frames() && d.iterations%o.Every == 0 && d.iterations != framed {
			if frame(); failure != nil || refused != nil {
				break
			}
		}
	}
	if o.frames() && failure == nil && d.iterations != framed {
		frame()
	}
	where := "with u as given"
	if o.frames() && framed > 0 {
		where = "with u as in the last frame"
	}
	if failure != nil && (ctx.Err() == nil || d.iterations == 0) {
		return Result{}, fmt.Errorf("in cycle %d, %s: %w", d.iterations+1, where, failure)
	}
	late := ctx
	if failure != nil {
		var cancel context.CancelFunc
		late, cancel = context.WithTimeout(context.WithoutCancel(ctx), keepWithin)
		defer cancel()
	}
	err := s.measure(late, d)
	if err == nil {
		err = s.store(late, &s.x[d.x], u, h, scale.factor)
	}
	if err != nil && failure == nil && ctx.Err() != nil { // ctx ended after the last cycle
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepWithin)
		defer cancel()
		if err = s.measure(late, d); err == nil {
			err = s.store(late, &s.x[d.x], u, h, scale.factor)
		}
	}
	if err != nil {
		if failure != nil {
			err = fmt.Errorf("%w; the state was not kept: %w", failure, err)
		}
		return Result{}, fmt.Errorf("after %d cycles, %s: %w", d.iterations, where, err)
	}
	r, err := d.result(s.side(), scale)
	if failure == nil {
		failure = refused
	}
	if failure != nil {
		return r, fmt.Errorf("after %d cycles, kept in u: %w", d.iterations, failure)
	}
	return r, err
}

// points returns the argument of a matrix of the finest level.
func (s *general[T]) points(a *array) device.Arg {
	l := s.levels[0]
	return device.Arg{Buffer: a.buffer, Len: l.rows * l.cols, Width: l.cols}
}

// coefficients returns the argument of the coefficients in T.
func (s *general[T]) coefficients() device.Arg {
	l := s.levels[0]
	return device.Arg{Buffer: s.coef.buffer, Len: l.rows * l.cols * multigrid.Planes4, Width: l.cols * multigrid.Planes4}
}

// iterate does an iteration: a cycle for the last residual, a direction, and a step.
func (s *general[T]) iterate(ctx context.Context, d *descent) error {
	if err := run(ctx, s.cycle); err != nil {
		return err
	}
	l := s.levels[0]
	sigma, beta := 1/d.scale, 0.0
	from := &s.x[d.x] // any finite values: they count with beta 0
	if d.iterations > 0 {
		from = &s.p[d.p]
		launch := multigrid.NewDot(device.TypeOf[T](), s.points(&l.u[1]), s.points(&s.q), device.Arg{Buffer: s.sums.buffer, Len: l.rows, Width: 1})
		if err := s.launch(ctx, launch, &s.sums); err != nil {
			return err
		}
		beta = -multigrid.SumRows(device.As[T](s.sums.host)[:l.rows], 1, 0) * sigma / d.curvature
	}
	to := &s.p[1-d.p]
	if err := s.direction(ctx, from, to, sigma, beta); err != nil {
		return err
	}
	rows := device.As[T](s.sums.host)
	descent := multigrid.SumRows(rows, multigrid.DirectionWidth, 0) * sigma
	curvature := multigrid.SumRows(rows, multigrid.DirectionWidth, 1)
	alpha := descent / curvature
	if !(curvature > 0) || !(math.Abs(alpha) < 0x1p100) {
		d.stalled = true // rounding has left nothing to descend along
		return nil
	}
	if err := s.step(ctx, d, alpha, to, d.next()); err != nil {
		return err
	}
	d.iterations, d.p, d.alpha, d.curvature = d.iterations+1, 1-d.p, alpha, curvature
	copy(d.least[1:], d.least[:])
	d.least[0] = min(d.least[1], d.residual)
	d.stalled = d.iterations >= stagnant && d.least[0] > stalled*d.least[stagnant] &&
		d.least[0] < roundingUnits*d.rounding
	return nil
}

// direction sets the matrix to to sigma times the correction of the last cycle plus beta times
// from, q to its product with the operator, and the sums to those of multigrid.Direction.
func (s *general[T]) direction(ctx context.Context, from, to *array, sigma, beta float64) error {
	l := s.levels[0]
	sums := device.Arg{Buffer: s.sums.buffer, Len: l.rows * multigrid.DirectionWidth, Width: multigrid.DirectionWidth}
	launch := multigrid.NewDirection(s.points(&l.u[1]), s.points(from), s.coefficients(), s.points(&l.f), s.points(to), s.points(&s.q), sums,
		l.wrap, T(sigma), T(beta))
	return s.launch(ctx, launch, &s.sums)
}

// step moves the state by alpha times p and computes the residual, of which f is scale times as
// large. If it fails, the state is the one before.
func (s *general[T]) step(ctx context.Context, d *descent, alpha float64, p *array, scale float64) error {
	l := s.levels[0]
	launch := multigrid.NewStep(s.points(&s.x[d.x]), s.points(p), s.points(&s.b), s.coefficients(), s.points(&s.x[1-d.x]), s.points(&l.f),
		device.Arg{Buffer: s.largest.buffer, Len: l.rows, Width: 1}, l.wrap, T(alpha), T(scale))
	if err := s.launch(ctx, launch, &s.largest); err != nil {
		return err
	}
	residual := T(0)
	for _, v := range device.As[T](s.largest.host) {
		residual = max(residual, v)
	}
	d.x, d.residual, d.scale = 1-d.x, float64(residual), scale
	return nil
}

// next returns the scale of the next residual: a power of two for which that of the last
// one is about 1.
func (d *descent) next() float64 {
	if d.residual == 0 {
		return 1
	}
	_, e := math.Frexp(d.residual)
	return math.Ldexp(1, -e)
}

// launch performs a launch and reads its results.
func (s *general[T]) launch(ctx context.Context, l *device.Launch, results *array) error {
	if err := s.dev.Launch(ctx, l); err != nil {
		return err
	}
	if err := results.download(ctx); err != nil {
		return err
	}
	return ctx.Err()
}

// done reports whether the residual is within the tolerance, after at least one iteration.
// On a large grid smooth errors have small residuals, so that the last correction must not
// suggest an error above the square root of the tolerance.
func (s *general[T]) done(ctx context.Context, d *descent) (bool, error) {
	if d.iterations == 0 || d.residual > d.tol {
		return false, nil
	}
	err := s.measure(ctx, d)
	return d.smooth() <= d.smoothTol, err
}

// measure sets the correction of the last iteration.
func (s *general[T]) measure(ctx context.Context, d *descent) error {
	if d.measured == d.iterations {
		return nil
	}
	largest, mu := T(0), sync.Mutex{}
	if err := readRows(ctx, s.crew, &s.p[d.p], s.problem.Cols, func(values []T) {
		most := T(0)
		for _, v := range values {
			most = max(most, ieee.Abs(v))
		}
		mu.Lock()
		defer mu.Unlock()
		largest = max(largest, most)
	}); err != nil {
		return err
	}
	d.correction, d.measured = math.Abs(d.alpha)*float64(largest), d.iterations
	return nil
}

// factor returns the geometric mean of the ratios of residuals between iterations, at
// most 1; 0 without iterations.
func (d *descent) factor() float64 {
	if d.iterations == 0 || !(d.first > 0) {
		return 0
	}
	return root(min(d.residual/d.first, 1), d.iterations)
}

// smooth estimates the smooth part of the error: what the last correction has left.
func (d *descent) smooth() float64 {
	rest := min(max(2*d.factor(), leastRest), 0.9)
	return float64(rest / (1 - rest) * d.correction)
}

// result returns the result of the iterations, and ErrNotConverged if the residual exceeds
// the tolerance.
func (d *descent) result(side int, scale scaling) (Result, error) {
	r := Result{Cycles: d.iterations, Residual: d.residual / scale.factor, Resolved: true, Converged: d.residual <= d.tol}
	r.Relative = r.Residual / scale.largest
	r.Factor = d.factor()
	r.Error = (d.smooth() + float64(2*d.residual) + float64(float64(side)*d.rounding)) / scale.factor
	if d.iterations < 2 {
		r.Factor = 0
	}
	if r.Converged {
		return r, nil
	}
	tol := d.tol / scale.factor / scale.largest
	if d.stalled {
		r.Resolved = false
		return r, fmt.Errorf("%w: rounding keeps the relative residual at %.3g, above the tolerance of %.3g; use f64 or a larger tolerance",
			ErrNotConverged, r.Relative, tol)
	}
	return r, fmt.Errorf("%w: the relative residual is %.3g after %d cycles; the tolerance is %.3g", ErrNotConverged, r.Relative, r.Cycles, tol)
}

// side returns the longer side, in points: rounding grows with it.
func (s *general[T]) side() int { return max(s.problem.Rows, s.problem.Cols) }
