package main

import (
	"context"
	"fmt"
	"math"
	"time"

	"offload/device"
	"offload/device/sched"
	"offload/internal/progress"
	"offload/sims/plate"
)

// plateEnd is the outcome of a run of the plate.
type plateEnd[T device.Float] struct {
	field  *plate.Field[T]
	info   device.Info  // of the device
	report *plateReport // nil if nothing was done
	err    error        // of the simulation, not of the device
}

// plateTask returns the task of a simulation that starts from field. It runs on a copy.
func plateTask[T device.Float](f *plateFlags, field *plate.Field[T], bar *progress.Bar) (sched.Task[plateEnd[T]], error) {
	work, err := plateWork(f, field)
	if err != nil {
		return sched.Task[plateEnd[T]]{}, err
	}
	size := int64(device.TypeOf[T]().Size())
	bytes, residuals := int64(work.Points)*size, int64(work.Residuals)*size
	return sched.Task[plateEnd[T]]{
		Name:  "the plate",
		Needs: sched.Needs{Kernels: []*device.Kernel{work.Launch.Kernel}, Memory: 2*bytes + residuals, Exact: true},
		Work:  []sched.Work{sched.WorkOf(work.Launch, work.Launches)},
		Up:    sched.Transfer{Count: 1, Bytes: bytes},
		Down:  sched.Transfer{Count: work.Launches, Bytes: totalBytes(work.Launches, residuals) + bytes},
		Steps: work.Launches,
		Run: func(ctx context.Context, d device.Device) (plateEnd[T], error) {
			end := plateEnd[T]{field: field.Clone(), info: d.Info()}
			watch := stopwatch{ctx: ctx, launch: work.Launch, last: time.Now()}
			end.report, end.err = solve(ctx, f, f.checked.wrap(d), end.field, bar, &watch)
			if sched.IsFault(end.err) || impossible(end.err) && end.info.Class != device.CPU {
				return end, end.err
			}
			return end, nil
		},
	}, nil
}

func plateWork[T device.Float](f *plateFlags, field *plate.Field[T]) (plate.Work, error) {
	if f.time > 0 {
		return plate.TransientWork(field, f.transient())
	}
	return plate.SteadyWork(field, f.steady())
}

func (f *plateFlags) transient() plate.TransientOptions {
	return plate.TransientOptions{Diffusivity: f.diffusivity, Dx: f.dx, Dy: f.dy, Time: f.time, Dt: f.dt}
}

func (f *plateFlags) steady() plate.SteadyOptions {
	return plate.SteadyOptions{Tol: f.tol, MaxSweeps: f.maxSweeps, Dx: f.dx, Dy: f.dy}
}

// stopwatch reports to the scheduler that the device is alive, and how long launches
// took.
type stopwatch struct {
	ctx    context.Context
	launch *device.Launch
	last   time.Time
	done   int // launches
}

func (w *stopwatch) step() {
	now := time.Now()
	sched.Alive(w.ctx)
	if w.done++; w.done%16 == 2 { // skip the first, which is cold; sample one in sixteen
		sched.Observe(w.ctx, w.launch, now.Sub(w.last))
	}
	w.last = now
}

// solve runs the simulation and returns its report, or nil if nothing was done.
func solve[T device.Float](ctx context.Context, f *plateFlags, dev device.Device, field *plate.Field[T], bar *progress.Bar, watch *stopwatch) (*plateReport, error) {
	if f.time > 0 {
		o := f.transient()
		o.Progress = func(t, _ float64) {
			bar.Set(t / f.time)
			watch.step()
		}
		r, err := plate.Transient(ctx, dev, field, o)
		if r.Steps == 0 {
			return nil, err
		}
		return &plateReport{Transient: &transientReport{r.Steps, r.Dt, r.Time, real(r.Change)}}, err
	}
	look := convergence{tol: f.tol, sweeps: f.maxSweeps, bar: bar}
	o := f.steady()
	o.Progress = func(sweeps int, residual float64) {
		look.step(sweeps, residual)
		watch.step()
	}
	r, err := plate.Steady(ctx, dev, field, o)
	if r.Sweeps == 0 {
		return nil, err
	}
	return &plateReport{Steady: &steadyReport{r.Sweeps, real(r.Residual), real(r.Norm2), real(r.Error), r.Converged}}, err
}

// convergence turns residuals into progress towards the tolerance. It assumes that each
// sweep reduces the residual by about the same factor.
type convergence struct {
	tol    float64
	sweeps int     // limit, if any
	first  float64 // residual of the first call
	bar    *progress.Bar
}

func (c *convergence) step(sweeps int, residual float64) {
	if c.first == 0 {
		c.first = residual
	}
	c.bar.Label(fmt.Sprintf("residual %.2e", residual))
	if c.tol == 0 {
		c.bar.Set(float64(sweeps) / float64(c.sweeps))
		return
	}
	c.bar.Set(math.Log(c.first/residual) / math.Log(c.first/c.tol))
}
