package plate

import (
	"context"
	"fmt"
	"math"

	"offload/device"
	"offload/kernels/grid"
)

// SteadyOptions configures Steady. Tol or MaxSweeps must be set.
type SteadyOptions struct {
	// Tol is the residual at which to stop: the largest change of any point in
	// one sweep, in the unit of the field. The distance from the solution is
	// larger; see SteadyResult.Error. If Tol is 0, Steady does MaxSweeps sweeps.
	Tol float64
	// MaxSweeps is the largest number of sweeps. 0 means the bound for Tol in exact
	// arithmetic, plus enough sweeps to detect that Tol is out of reach.
	MaxSweeps int
	// SweepsPerLaunch is the number of sweeps between two checks of the residual;
	// 0 means 64, or fewer on grids of more than two million points. It affects only
	// the sweep at which a run with a Tol ends.
	SweepsPerLaunch int
	// Dx and Dy are the distances between columns and between rows; only their
	// ratio counts. Both 0 means square cells.
	Dx, Dy float64
	// Progress, if set, is called after each launch in the caller's goroutine.
	Progress func(sweeps int, residual float64)

	// Every, if positive, calls Frame at the start, after the launches that reach or pass a
	// multiple of so many sweeps, and at the end; the field then holds the state. Results
	// are the same without. An error of Frame ends the run.
	Every int
	Frame func(SteadyState) error
	// From, if set, continues the run of a frame, whose field f holds, with the same bits.
	// The options must be the same.
	From *SteadyState
}

// SteadyState is what Steady carries from launch to launch beside the field. Its numbers are
// finite.
type SteadyState struct {
	Sweeps          int
	Residual, Norm2 float64 // as in SteadyResult
	Limit           int     // sweeps of the run
	// Mark is the residual after sweep Since. A residual that does not halve from there on is only rounding.
	// Mark is 0 before the first launch.
	Mark  float64
	Since int
}

// SteadyResult describes the field after Steady.
type SteadyResult struct {
	Sweeps   int
	Residual float64 // the largest change of any point in the last sweep
	Norm2    float64 // the 2-norm of all changes in the last sweep
	// Error estimates the largest distance of any point from the solution of the
	// discrete equations, Residual·ρ/(1 − ρ) with the factor ρ by which a sweep
	// reduces the slowest mode: on a square of n² points about Residual·n²/5.
	// Rounding adds to it if the residual is near the limit of the precision.
	Error     float64
	Converged bool // Residual ≤ Tol, with a Tol that the precision can resolve
}

// Steady replaces the inner temperatures of f, which are the first guess, by the
// steady state for its edges: the solution of Laplace's equation with the
// five-point stencil, by Jacobi's method. It stops after the first launch whose
// residual is at most o.Tol.
//
// The error wraps ErrNotConverged if o.MaxSweeps is too small or o.Tol is below what
// T can resolve, ErrDiverged, device.ErrInvalid if f or o is invalid, or an error of
// the device. After the first two, and after an error of ctx, the field holds the
// state after the last complete launch. The result always describes the field; its
// Sweeps is 0 if that is unchanged, for example because the device was lost.
//
// Magnitudes that the kernels count as zero are set to zero in f at the start.
func Steady[T device.Float](ctx context.Context, dev device.Device, f *Field[T], o SteadyOptions) (SteadyResult, error) {
	plan, err := planSteady(f, o)
	if err != nil {
		return SteadyResult{}, err
	}
	b, err := newBatches(ctx, dev, f, plan.batch, plan.kernel, "sweep")
	if err != nil {
		return SteadyResult{}, err
	}
	defer b.free()
	s, converged, err := relax(ctx, b, plan)
	kept, err := b.keep(ctx, err)
	if kept == 0 {
		return SteadyResult{}, err
	}
	return SteadyResult{
		Sweeps: s.Sweeps, Residual: s.Residual, Norm2: s.Norm2,
		Error: s.Residual * (1 - plan.gap) / plan.gap, Converged: converged,
	}, err
}

// steadyPlan is the part of a run that its inputs determine.
type steadyPlan struct {
	SteadyOptions
	kernel stencil
	batch  int
	limit  int     // sweeps
	window int     // of stuck
	gap    float64 // 1 − ρ
	finest float64 // the smallest tolerance that T resolves
}

func planSteady[T device.Float](f *Field[T], o SteadyOptions) (steadyPlan, error) {
	p := steadyPlan{SteadyOptions: o}
	if err := f.checkStart(o.From != nil); err != nil {
		return p, err
	}
	if o.Dx == 0 && o.Dy == 0 {
		o.Dx, o.Dy = 1, 1
	}
	if err := checkSpacing(o.Dx, o.Dy); err != nil {
		return p, err
	}
	if !(o.Tol >= 0) || math.IsInf(o.Tol, 0) || o.MaxSweeps < 0 {
		return p, device.Invalidf("a tolerance of %g and %d sweeps: neither may be negative", o.Tol, o.MaxSweeps)
	}
	if o.Tol == 0 && o.MaxSweeps == 0 {
		return p, device.Invalidf("neither a tolerance nor a number of sweeps was given")
	}
	if p.gap = spectralGap(f.Rows, f.Cols, o.Dx, o.Dy); !(p.gap > 0) {
		return p, device.Invalidf("spacings of %g and %g are too different", o.Dx, o.Dy)
	}
	var err error
	if p.batch, err = checkBatch(o.SweepsPerLaunch, len(f.T)); err != nil {
		return p, err
	}
	cx, cy := grid.JacobiWeights[T](o.Dx, o.Dy)
	p.kernel = func(u, out, residual device.Arg, sweeps int) *device.Launch {
		return grid.NewLaplacian(u, out, residual, sweeps, cx, cy)
	}
	p.finest = resolution[T](f.largestEdge())
	switch {
	case o.Every < 0:
		return p, device.Invalidf("frames after every %d sweeps: must be positive, or 0 for none", o.Every)
	case o.MaxSweeps > 0:
		p.limit = o.MaxSweeps
	case o.From != nil:
		p.limit = o.From.Limit
	default:
		p.limit = defaultLimit(f, o.Tol, p.gap, p.batch)
	}
	if o.From != nil {
		if err := o.From.check(p.limit); err != nil {
			return p, err
		}
	}
	p.batch = min(p.batch, p.limit)
	p.window = stagnationWindow(p.gap, p.batch)
	return p, nil
}

// check refuses what is not a state of a run of so many sweeps.
func (s *SteadyState) check(limit int) error {
	if s.Sweeps < 0 || limit < 1 || s.Sweeps > limit || s.Since < 0 || s.Since > s.Sweeps ||
		!measured(s.Residual) || !measured(s.Norm2) || !measured(s.Mark) {
		return device.Invalidf("%+v is not a state of a run of up to %d sweeps", *s, limit)
	}
	return nil
}

// measured reports whether x can be a residual: whether it is finite and not negative.
func measured(x float64) bool { return x >= 0 && !math.IsInf(x, 0) }

// defaultLimit returns the default of MaxSweeps. It includes the window of stuck
// after the sweeps that are needed, so that a tolerance out of reach is detected.
func defaultLimit[T device.Float](f *Field[T], tol, gap float64, batch int) int {
	lowest, highest := f.Extremes()
	needed := toInt(sweepsFor(float64(highest)-float64(lowest), tol, gap))
	return needed + stagnationWindow(gap, batch) + batch
}

// relax sweeps until the residual or the number of sweeps ends the run. It returns the last
// state, and reports whether that has converged.
func relax[T device.Float](ctx context.Context, b *batches[T], p steadyPlan) (s SteadyState, converged bool, err error) {
	if p.From != nil {
		s = *p.From
	}
	s.Limit, b.done = p.limit, s.Sweeps
	due := p.From == nil // whether the state is a frame
	for {
		ended, converged, failure := judge[T](p, &s)
		if p.Frame != nil && p.Every > 0 && (due || ended && b.done > p.first()) {
			if err := b.load(ctx); err != nil {
				return s, false, err
			}
			if err := p.Frame(s); err != nil {
				return s, converged, err
			}
		}
		if ended {
			return s, converged, failure
		}
		// Launches end at multiples of a batch, wherever the first one begins.
		n := min(p.batch-s.Sweeps%p.batch, p.limit-s.Sweeps)
		largest, norm2, err := b.advance(ctx, n)
		if err != nil {
			return s, false, err
		}
		due = p.Every > 0 && b.done/p.Every > s.Sweeps/p.Every
		s.Sweeps, s.Residual, s.Norm2 = b.done, largest, norm2
		if p.Progress != nil {
			p.Progress(s.Sweeps, s.Residual)
		}
	}
}

// first returns the number of sweeps with which the run begins.
func (p *steadyPlan) first() int {
	if p.From == nil {
		return 0
	}
	return p.From.Sweeps
}

// judge reports whether the run ends with a state, and whether that has converged. It
// returns the error with which the run ends.
func judge[T device.Float](p steadyPlan, s *SteadyState) (ended, converged bool, err error) {
	if s.Sweeps == 0 {
		return false, false, nil
	}
	if p.Tol > 0 {
		switch {
		case s.Residual <= p.Tol && p.Tol >= p.finest:
			return true, true, nil
		case s.Residual <= p.Tol, s.stuck(p.window):
			return true, false, outOfReach[T](p, s.Residual)
		}
	}
	switch {
	case s.Sweeps < p.limit:
		return false, false, nil
	case p.Tol == 0:
		return true, false, nil
	}
	return true, false, fmt.Errorf("%w: residual %.3g exceeds tolerance %g: allow more sweeps", ErrNotConverged, s.Residual, p.Tol)
}

// outOfReach returns the error for a tolerance below the rounding errors.
func outOfReach[T device.Float](p steadyPlan, residual float64) error {
	advice := "use a larger tolerance"
	t := device.TypeOf[T]()
	if t == device.Float32 {
		advice += ", or f64"
	}
	return fmt.Errorf("%w: residual %.3g; tolerance %g is below the limit of %v here, about %.1g: %s",
		ErrNotConverged, residual, p.Tol, t, max(residual, p.finest), advice)
}

// The Jacobi iteration multiplies its slowest mode, sin(πi/p)·sin(πj/q) with p
// = cols − 1 and q = rows − 1, by ρ = 2cx·cos(π/p) + 2cy·cos(π/q) in each sweep
// (Young, Iterative Solution of Large Linear Systems, 1971, chapter 4).

// spectralGap returns 1 − ρ = 4cx·sin²(π/2p) + 4cy·sin²(π/2q), or a little less, for
// a grid, or 1 if it has no inner points. It uses no function of package math whose
// last bit depends on the processor, because it decides where runs end.
func spectralGap(rows, cols int, dx, dy float64) float64 {
	if rows < 3 || cols < 3 {
		return 1
	}
	cx, cy := grid.JacobiWeights[float64](dx, dy)
	sx, sy := lowSine(cols-1), lowSine(rows-1)
	return float64(4*cx*float64(sx*sx)) + float64(4*cy*float64(sy*sy))
}

// lowSine returns x − x³/6 for x = π/2n, which is at most sin x.
func lowSine(n int) float64 {
	x := math.Pi / (2 * float64(n))
	return float64(x * (1 - float64(x*x)/6))
}

// survival bounds what remains of a change of at most 1 after k sweeps: at most
// survival·ρ^k, with (4/π)² for the square wave's first mode in each direction.
const survival = 1.63

// sweepsFor returns a number of sweeps that in exact arithmetic reduce the residual
// of a grid with that gap from at most spread to tol; each halving takes
// ln 2/gap < 0.7/gap sweeps.
func sweepsFor(spread, tol, gap float64) float64 {
	_, halvings := math.Frexp(min(survival*spread/tol, math.MaxFloat64))
	return 0.7 * float64(max(halvings, 1)) / gap
}

// stagnationWindow returns the number of sweeps after which stuck judges. In exact
// arithmetic the largest change never grows, and 2/gap sweeps reduce it to survival·e⁻² =
// 0.22 of itself. If more than half remains, it will not decrease further.
func stagnationWindow(gap float64, batch int) int { return toInt(2/gap) + batch }

// stuck reports whether only rounding errors are left: whether the residual has not halved
// within the window. To ask again about the same state changes nothing.
func (s *SteadyState) stuck(window int) bool {
	if s.Mark == 0 || s.Residual <= s.Mark/2 {
		s.Mark, s.Since = s.Residual, s.Sweeps
	}
	return s.Sweeps-s.Since >= window
}

// resolution returns the smallest meaningful residual at temperatures of that
// magnitude: half the distance between neighbouring numbers, below which a change is
// lost.
func resolution[T device.Float](magnitude float64) float64 {
	return magnitude * float64(perPrecision[T](0x1p-24, 0x1p-53))
}

// toInt rounds up, limited to a quarter of the range of int.
func toInt(x float64) int {
	return int(math.Ceil(min(x, math.MaxInt/4)))
}
