package poisson

import (
	"context"
	"fmt"

	"offload/device"
	"offload/kernels/multigrid"
)

const (
	defaultCycles = 100
	// predicted bounds the ratio of the residuals after and before a cycle.
	predicted = 0.2
	// stalled is the factor above which rounding prevents a reduction.
	stalled = 0.5
	// leastRest is the least part of a smooth error that a cycle leaves in an estimate.
	leastRest = 0.1
)

// DefaultTol returns the default of Options.Tol: in float32 a residual that rounding always
// allows, whatever the grid.
func DefaultTol[T device.Float]() float64 {
	if device.TypeOf[T]() == device.Float32 {
		return 0x1p-21
	}
	return 1e-10
}

func (s *plain[T]) check(u, source []T, o Options) error {
	points := s.problem.Rows * s.problem.Cols
	switch {
	case len(u) != points:
		return device.Invalidf("%d values for a grid of %d × %d points", len(u), s.problem.Rows, s.problem.Cols)
	case source != nil && len(source) != points:
		return device.Invalidf("%d sources for a grid of %d × %d points", len(source), s.problem.Rows, s.problem.Cols)
	case o.Tol != 0 && !positive(o.Tol):
		return device.Invalidf("tolerance %g: must be positive, or 0 for the default", o.Tol)
	case o.MaxCycles < 0:
		return device.Invalidf("%d cycles: must be positive, or 0 for the default", o.MaxCycles)
	}
	return o.checkFrames()
}

// Solve implements method. Points inside u are not read: full multigrid begins closer to
// the solution than a guess.
func (s *plain[T]) Solve(ctx context.Context, u, source []T, o Options) (Result, error) {
	if err := s.check(u, source, o); err != nil {
		return Result{}, err
	}
	scale, err := s.scale(u, source)
	if err != nil {
		return Result{}, err
	}
	if scale.largest == 0 {
		clear(u)
		return Result{Converged: true, Resolved: true}, nil
	}
	if o.Tol == 0 {
		o.Tol = DefaultTol[T]()
	}
	if o.MaxCycles == 0 {
		o.MaxCycles = defaultCycles
	}
	p := s.begin(scale, o)
	if o.From != nil {
		if err := s.restoreProgress(&p, scale, o); err != nil {
			return Result{}, err
		}
		if o.From.Ended {
			return p.result(scale, o.From.Factor)
		}
	}
	if err = s.prepare(source != nil || s.problem.Source != nil); err == nil {
		err = s.prepareFinish(u)
	}
	if err == nil {
		err = s.load(ctx, u, source, scale.factor)
	}
	switch {
	case err != nil:
	case o.From != nil:
		err = s.upload(ctx, o.From)
	default:
		if err = run(ctx, s.steps); err == nil {
			p.first, _, err = s.readNorms(ctx)
			p.residual = p.first
		}
	}
	if err != nil {
		return Result{}, fmt.Errorf("before the first cycle, with u as given: %w", err)
	}
	return s.iterate(ctx, u, scale, p, o)
}

// scale returns the scaling of a solution.
func (s *plain[T]) scale(u, source []T) (scaling, error) {
	largest, err := s.largestEdge(u)
	var rise float64
	switch {
	case err != nil:
	case source != nil:
		rise, err = largestRise(s, source)
	case s.problem.Source != nil:
		rise, err = largestRise(s, s.problem.Source)
	}
	if err != nil {
		return scaling{}, err
	}
	largest = max(largest, rise)
	if largest >= 1/ordinary && largest <= ordinary {
		return scaling{largest, 1}, nil
	}
	return scalingOf[T](largest)
}

// progress is what is known of the cycles on the finest level. All but cycles and state is
// scaled.
type progress struct {
	tol        float64
	cycles     int
	state      int     // which state they have reached
	first      float64 // residual of the first state
	residual   float64 // of the present one
	correction float64 // the last one's largest magnitude
	rounding   float64 // estimate of the error by rounding
	stalled    bool
	wrote      bool // u no longer holds what was given or, if framed, the last frame
	framed     bool
}

// begin returns the progress before the first state.
func (s *plain[T]) begin(scale scaling, o Options) progress {
	largest := scale.largest * scale.factor
	return progress{tol: o.Tol * largest, rounding: s.rounding() * largest}
}

// iterate does cycles on the finest level until the residual is within the tolerance.
func (s *plain[T]) iterate(ctx context.Context, u []T, scale scaling, p progress, o Options) (Result, error) {
	report := func() {
		if o.Progress != nil {
			o.Progress(p.cycles, p.residual/scale.factor)
		}
	}
	for {
		if err := run(ctx, s.visit); err != nil {
			return s.keep(ctx, u, scale, p, err)
		}
		last := p.cycles+1 >= o.MaxCycles || p.stalled
		if last || p.residual*predicted <= p.tol {
			p.wrote = s.wraps
			r, c, err := s.normsOf(ctx, s.finish[p.state])
			if err != nil {
				return s.keep(ctx, u, scale, p, err)
			}
			if last || r <= p.tol {
				if err := s.storeAll(ctx, u, scale.factor); err != nil {
					return Result{}, fmt.Errorf("after %d cycles, with part of the solution in u: %w", p.cycles+1, err)
				}
				factor := p.factor()
				p.cycles, p.residual, p.correction = p.cycles+1, r, c
				report()
				result, err := p.result(scale, factor)
				if o.frames() {
					if failure := o.Frame(p.ended(scale, factor)); failure != nil {
						err = fmt.Errorf("after %d cycles, kept in u: %w", p.cycles, failure)
					}
				}
				return result, err
			}
		}
		r, c, err := s.normsOf(ctx, s.cycle[p.state])
		if err != nil {
			return s.keep(ctx, u, scale, p, err)
		}
		p.stalled = r > stalled*p.residual
		p.cycles, p.state, p.residual, p.correction = p.cycles+1, 1-p.state, r, c
		report()
		if o.frames() && p.cycles%o.Every == 0 {
			if result, err := s.frame(ctx, u, scale, &p, o.Frame); err != nil {
				return result, err
			}
		}
	}
}

// rounding estimates the relative error of a solution by rounding, which grows with the
// shorter side: at every point a neighbour's error counts as much as its own.
func (s *plain[T]) rounding() float64 {
	unit := 0x1p-53
	if device.TypeOf[T]() == device.Float32 {
		unit = 0x1p-24
	}
	return unit * float64(min(s.finest().n, s.finest().m))
}

// normsOf performs a step of the finest level and returns its norms.
func (s *plain[T]) normsOf(ctx context.Context, do step) (residual, correction float64, err error) {
	if err := do(ctx); err != nil {
		return 0, 0, err
	}
	return s.readNorms(ctx)
}

// readNorms returns the largest residual and correction of the last launch on the finest
// level.
func (s *plain[T]) readNorms(ctx context.Context) (residual, correction float64, err error) {
	l := s.finest()
	rows := s.norms
	if l.onDevice {
		if err := l.norms.buffer.Read(ctx, 0, device.Of(rows)); err != nil {
			return 0, 0, err
		}
	} else {
		rows = device.As[T](l.norms.host)
	}
	r, c := multigrid.LargestNorms(rows)
	return float64(r), float64(c), ctx.Err()
}

// factor returns the geometric mean of the ratios of residuals from cycle to cycle; 0
// without cycles.
func (p progress) factor() float64 {
	if p.cycles == 0 || !(p.first > 0) {
		return 0
	}
	return root(p.residual/p.first, p.cycles)
}

// kept is factor for a state that is kept before the end, as after an error.
func (p *progress) kept() float64 {
	if p.cycles > 1 {
		return p.factor()
	}
	return 0
}

// root returns the k-th root of x in [0, 2^k] by bisection, because the bits of math.Pow
// depend on the processor.
func root(x float64, k int) float64 {
	low, high := 0.0, 2.0
	for range 60 {
		middle := (low + high) / 2
		power := 1.0
		for range k {
			power *= middle
		}
		if power < x {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

// result returns the result of the cycles in p, and ErrNotConverged if the residual
// exceeds the tolerance.
func (p progress) result(scale scaling, factor float64) (Result, error) {
	r := Result{Cycles: p.cycles, Factor: factor, Residual: p.residual / scale.factor, Resolved: true}
	r.Relative = r.Residual / scale.largest
	r.Converged = p.residual <= p.tol
	// The smooth part of the error is what the last correction left, the rough part is about
	// as large as the residual, and rounding adds to them.
	rest := min(max(2*factor, leastRest), 0.5)
	r.Error = (float64(rest/(1-rest)*p.correction) + float64(2*p.residual) + p.rounding) / scale.factor
	if r.Converged {
		return r, nil
	}
	tol := p.tol / scale.factor / scale.largest
	if p.stalled {
		r.Resolved = false
		return r, fmt.Errorf("%w: rounding keeps the relative residual at %.3g, above the tolerance of %.3g; use f64 or a larger tolerance",
			ErrNotConverged, r.Relative, tol)
	}
	return r, fmt.Errorf("%w: the relative residual is %.3g after %d cycles; the tolerance is %.3g", ErrNotConverged, r.Relative, r.Cycles, tol)
}
