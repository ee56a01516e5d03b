package plate

import (
	"offload/device"
	"offload/kernels/grid"
)

// Work is what a run will ask of a device, as far as that is known before: a number of
// launches like Launch, which has no buffers.
type Work struct {
	Launch   *device.Launch
	Launches int
	Points   int
}

// SteadyWork predicts the work of Steady on f. With a tolerance the number of launches
// is an estimate, which is too high for a first guess that is better than none.
// Errors: those of Steady about f and o.
func SteadyWork[T device.Float](f *Field[T], o SteadyOptions) (Work, error) {
	p, err := planSteady(f, o)
	if err != nil {
		return Work{}, err
	}
	sweeps := p.limit
	if o.Tol > 0 {
		lowest, highest := f.Extremes()
		sweeps = min(sweeps, toInt(sweepsFor(float64(highest)-float64(lowest), o.Tol, p.gap)))
	}
	return workOf(f, p.kernel, p.batch, sweeps), nil
}

// TransientWork predicts the work of Transient on f. Errors: those of Transient about f
// and o.
func TransientWork[T device.Float](f *Field[T], o TransientOptions) (Work, error) {
	if err := f.Check(); err != nil {
		return Work{}, err
	}
	steps, dt, err := timeSteps(o)
	if err != nil {
		return Work{}, err
	}
	batch, err := checkBatch(o.StepsPerLaunch, len(f.T))
	if err != nil {
		return Work{}, err
	}
	cx, cy := grid.HeatCoefficients[T](o.Diffusivity, dt, o.Dx, o.Dy)
	kernel := func(u, out, residual device.Arg, sweeps int) *device.Launch {
		return grid.NewHeat(u, out, residual, sweeps, cx, cy)
	}
	return workOf(f, kernel, max(1, min(batch, steps)), steps), nil
}

func workOf[T device.Float](f *Field[T], k stencil, batch, sweeps int) Work {
	field := device.Arg{Len: len(f.T), Width: f.Cols}
	residual := device.Arg{Len: f.Rows * grid.ResidualWidth, Width: grid.ResidualWidth}
	launches := sweeps / batch
	if sweeps%batch > 0 {
		launches++
	}
	return Work{k(field, field, residual, batch), launches, len(f.T)}
}

// Clone is a copy of f with temperatures of its own.
func (f *Field[T]) Clone() *Field[T] {
	return &Field[T]{f.Rows, f.Cols, append([]T(nil), f.T...)}
}
