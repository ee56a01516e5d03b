package plate

import (
	"context"
	"fmt"
	"math"

	"offload/device"
	"offload/kernels/grid"
)

// TransientOptions configures Transient.
type TransientOptions struct {
	Diffusivity float64 // thermal diffusivity α of the plate, in m²/s
	Dx, Dy      float64 // distances between columns and between rows, in m
	Time        float64 // time to simulate, in s
	// Dt is the largest time step, in s. The steps are equal and as long as possible,
	// such that the last one ends at Time. 0 means 0.9 of grid.StableStep.
	Dt float64
	// StepsPerLaunch is the largest number of steps between two calls of Progress; 0 means
	// 64, or fewer on grids of more than two million points. It does not affect the
	// result.
	StepsPerLaunch int
	// Progress, if set, is called after each launch in the caller's goroutine,
	// with the time in s and the largest change of any point in the last step.
	Progress func(time, change float64)

	// Every, if positive, calls Frame at the start, with the first steps that reach a
	// multiple of so many seconds, and at the end; the field then holds the state that the
	// argument describes. Results are the same without. An error of Frame ends the run.
	Every float64
	Frame func(TransientResult) error
	// From, if set, continues the run of a frame, whose field f holds, with the same bits.
	// The options must be the same.
	From *TransientResult
}

// TransientResult describes the field after Transient, and is all that a run carries from
// step to step beside it.
type TransientResult struct {
	Steps  int
	Dt     float64 // length of a step, in s
	Time   float64 // time reached, in s
	Change float64 // the largest change of any point in the last step
	Norm2  float64 // the 2-norm of all changes in the last step
}

// Transient advances the temperatures of f by o.Time seconds. It solves the heat
// equation ∂u/∂t = α·(∂²u/∂x² + ∂²u/∂y²) with explicit steps in time and the
// five-point stencil in space. The discretisation error is of first order in the time
// step and of second order in the spacings.
//
// The error wraps device.ErrInvalid if f or o is invalid, which includes a time step
// beyond the stability limit, ErrDiverged, ErrFrozen, or an error of the device. After
// ErrDiverged and ErrFrozen, and after an error of ctx, the field holds the state after the last
// complete launch. The result always describes the field.
//
// Magnitudes that the kernels count as zero are set to zero in f at the start.
func Transient[T device.Float](ctx context.Context, dev device.Device, f *Field[T], o TransientOptions) (TransientResult, error) {
	if err := f.checkStart(o.From != nil); err != nil {
		return TransientResult{}, err
	}
	steps, dt, err := timeSteps(o)
	if err != nil || steps == 0 {
		return TransientResult{Dt: dt}, err
	}
	batch, err := checkBatch(o.StepsPerLaunch, len(f.T))
	if err == nil && o.From != nil {
		err = o.From.check(steps, dt)
	}
	if err != nil {
		return TransientResult{}, err
	}
	cx, cy := grid.HeatCoefficients[T](o.Diffusivity, dt, o.Dx, o.Dy)
	kernel := func(u, out, residual device.Arg, sweeps int) *device.Launch {
		return grid.NewHeat(u, out, residual, sweeps, cx, cy)
	}
	b, err := newBatches(ctx, dev, f, min(batch, steps), kernel, "step")
	if err != nil {
		return TransientResult{Dt: dt}, err
	}
	defer b.free()
	r, err := march(ctx, b, steps, dt, o)
	kept, err := b.keep(ctx, err)
	if kept == 0 {
		return TransientResult{Dt: dt}, err
	}
	if err == nil && r.Change == 0 && !f.steady(o.Dx, o.Dy) {
		return r, fmt.Errorf("%w: %v loses steps of %.3g s in rounding: take longer ones, or f64", ErrFrozen, device.TypeOf[T](), dt)
	}
	return r, err
}

// steady reports whether no point is further from the mean of its neighbours than rounding
// explains.
func (f *Field[T]) steady(dx, dy float64) bool {
	cx, cy := grid.JacobiWeights[float64](dx, dy)
	lowest, highest := f.Extremes()
	limit := 8 * resolution[T](max(math.Abs(float64(lowest)), math.Abs(float64(highest))))
	for i := 1; i < f.Rows-1; i++ {
		for j := 1; j < f.Cols-1; j++ {
			at := func(i, j int) float64 { return float64(f.At(i, j)) }
			mean := float64(cy*(at(i-1, j)+at(i+1, j))) + float64(cx*(at(i, j-1)+at(i, j+1)))
			if math.Abs(mean-at(i, j)) > limit {
				return false
			}
		}
	}
	return true
}

// march does the steps.
func march[T device.Float](ctx context.Context, b *batches[T], steps int, dt float64, o TransientOptions) (TransientResult, error) {
	r, frames := TransientResult{Dt: dt}, frameSteps{o.Every, dt, steps}
	next := steps // the first step after the present one that ends with a frame
	framed := o.Frame != nil && o.Every > 0
	if o.From != nil {
		r = *o.From
		r.Time, b.done = timeAfter(r.Steps, steps, dt, o.Time), r.Steps
	} else if framed {
		if err := o.Frame(r); err != nil {
			return r, err
		}
	}
	for r.Steps < steps {
		if framed {
			next = frames.after(r.Steps)
		}
		largest, norm2, err := b.advance(ctx, min(b.size, next-r.Steps))
		if err != nil {
			return r, err
		}
		r = TransientResult{b.done, dt, timeAfter(b.done, steps, dt, o.Time), largest, norm2}
		if o.Progress != nil {
			o.Progress(r.Time, r.Change)
		}
		if framed && r.Steps == next {
			if err := b.load(ctx); err != nil {
				return r, err
			}
			if err := o.Frame(r); err != nil {
				return r, err
			}
		}
	}
	return r, nil
}

// check refuses what is not a state of a run of so many steps.
func (r *TransientResult) check(steps int, dt float64) error {
	if r.Steps < 0 || r.Steps > steps || r.Dt != dt || !measured(r.Change) || !measured(r.Norm2) {
		return device.Invalidf("%+v is not a state of a run of %d steps of %g s", *r, steps, dt)
	}
	return nil
}

// safety is the default step as a fraction of the stability limit: at the limit
// itself the shortest waves hardly decay.
const safety = 0.9

// timeSteps cuts o.Time into equal steps of at most o.Dt.
func timeSteps(o TransientOptions) (steps int, dt float64, err error) {
	if err := checkSpacing(o.Dx, o.Dy); err != nil {
		return 0, 0, err
	}
	if !(o.Diffusivity > 0) || math.IsInf(o.Diffusivity, 0) {
		return 0, 0, device.Invalidf("a diffusivity of %g m²/s: it must be positive", o.Diffusivity)
	}
	if !(o.Every >= 0) {
		return 0, 0, device.Invalidf("frames after every %g s: must be positive, or 0 for none", o.Every)
	}
	if !(o.Time >= 0) || math.IsInf(o.Time, 0) || !(o.Dt >= 0) {
		return 0, 0, device.Invalidf("a time of %g s in steps of %g s: the time must be finite, and neither negative", o.Time, o.Dt)
	}
	limit := grid.StableStep(o.Diffusivity, o.Dx, o.Dy)
	if o.Dt > limit {
		return 0, 0, device.Invalidf("a time step of %g s is unstable: at most %g s is stable with these spacings and diffusivity", o.Dt, limit)
	}
	if dt = o.Dt; dt == 0 {
		dt = safety * limit
	}
	n := wholeSteps(o.Time, dt, limit)
	if !(n <= maxSteps) {
		return 0, 0, device.Invalidf("%g s would take %g steps of %g s: use a coarser grid", o.Time, n, dt)
	}
	if n == 0 {
		return 0, dt, nil
	}
	return int(n), o.Time / n, nil
}
