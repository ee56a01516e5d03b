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
	"offload/sims/poisson"
)

// plateEnd is the outcome of a run of the plate.
type plateEnd[T device.Float] struct {
	field  *plate.Field[T]
	info   device.Info  // of the device
	report *plateReport // nil if nothing was done
	err    error        // of the simulation, not of the device
}

// plateRun is a way to compute a plate: its predicted work, and the computation, whose
// report is nil if nothing was done.
type plateRun[T device.Float] struct {
	kernels  []*device.Kernel
	launch   *device.Launch // the typical one
	launches int
	memory   int64 // on the device
	host     int64 // on the host, beside the field and its copy
	down     int64 // bytes read during the run
	steps    int   // calls of the stopwatch
	solve    func(ctx context.Context, dev device.Device, field *plate.Field[T], bar *progress.Bar, watch *stopwatch) (*plateReport, error)
}

// plateTask returns the task of a simulation. It runs on a copy of its field.
func plateTask[T device.Float](f *plateFlags, run plateRun[T], job *plateJob[T], bar *progress.Bar) sched.Task[plateEnd[T]] {
	field := job.field
	bytes := int64(len(field.T)) * int64(device.TypeOf[T]().Size())
	return sched.Task[plateEnd[T]]{
		Name:  "the plate",
		Needs: sched.Needs{Kernels: run.kernels, Memory: run.memory, Exact: true},
		Work:  []sched.Work{sched.WorkOf(run.launch, run.launches)},
		Up:    sched.Transfer{Count: 1, Bytes: bytes},
		Down:  sched.Transfer{Count: run.steps, Bytes: run.down + bytes},
		Steps: run.steps,
		Run: func(ctx context.Context, d device.Device) (plateEnd[T], error) {
			end := plateEnd[T]{field: field.Clone(), info: d.Info()}
			if end.err = job.frames.restart(ctx); end.err != nil {
				return end, nil
			}
			watch := stopwatch{ctx: ctx, launch: run.launch, last: time.Now()}
			end.report, end.err = run.solve(ctx, f.checked.wrap(d), end.field, bar, &watch)
			if sched.IsFault(end.err) || impossible(end.err) && end.info.Class != device.CPU {
				return end, end.err
			}
			return end, nil
		},
	}
}

// plateRunOf returns the run of a job.
func plateRunOf[T device.Float](job *plateJob[T]) (plateRun[T], error) {
	switch job.plan.Method {
	case plate.MethodExplicit:
		return explicitRun(job)
	case plate.MethodCrankNicolson, plate.MethodEuler:
		return implicitRun(job)
	case plate.MethodJacobi:
		return jacobiRun(job)
	}
	return multigridRun(job)
}

// stencilRun returns the run with this work of a stencil kernel.
func stencilRun[T device.Float](w plate.Work) plateRun[T] {
	size := int64(device.TypeOf[T]().Size())
	residuals := int64(w.Residuals) * size
	return plateRun[T]{
		kernels: []*device.Kernel{w.Launch.Kernel}, launch: w.Launch, launches: w.Launches,
		memory: 2*int64(w.Points)*size + residuals, down: totalBytes(w.Launches, residuals), steps: w.Launches,
	}
}

// solverRun returns the run of a problem with this work.
func solverRun[T device.Float](w poisson.Work, p *poisson.Problem) plateRun[T] {
	maps := int64(8*len(p.Conductivity) + 8*len(p.Source) + len(p.Held))
	return plateRun[T]{kernels: w.Kernels, launch: w.Launch, launches: w.Launches, memory: w.Memory, host: w.Host + maps, steps: w.Launches}
}

// fits returns an error if the run of a field exceeds the memory of the device, with what
// the host needs if the device computes in the host's memory.
func (r *plateRun[T]) fits(field *plate.Field[T], info device.Info) error {
	need := r.memory
	if info.Class == device.CPU || info.Class == device.Reference {
		need += r.host + 2*int64(len(field.T))*int64(device.TypeOf[T]().Size())
	}
	if info.Memory > 0 && need > info.Memory {
		return info.OutOfMemory(fmt.Sprintf("%d × %d points", field.Rows, field.Cols), float64(need))
	}
	return nil
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

func explicitRun[T device.Float](job *plateJob[T]) (plateRun[T], error) {
	p := job.plan
	o := plate.TransientOptions{Diffusivity: p.Diffusivity, Dx: p.Problem.Dx, Dy: p.Problem.Dy, Time: p.Time, Dt: p.Dt, Every: job.every()}
	o.From, _ = job.state.(*plate.TransientResult)
	work, err := plate.TransientWork(job.field, o)
	if err != nil {
		return plateRun[T]{}, err
	}
	run := stencilRun[T](work)
	run.solve = func(ctx context.Context, dev device.Device, field *plate.Field[T], bar *progress.Bar, watch *stopwatch) (*plateReport, error) {
		o, emit := o, job.emitter(ctx, field)
		o.Frame = func(r plate.TransientResult) error { return emit(r.Time, r.Steps, r) }
		o.Progress = func(t, _ float64) {
			bar.Set(t / o.Time)
			watch.step()
		}
		r, err := plate.Transient(ctx, dev, field, o)
		if r.Steps == 0 {
			return nil, err
		}
		return &plateReport{
			timeReport:     &timeReport{p.Method, r.Steps, r.Dt, r.Time},
			explicitReport: &explicitReport{real(r.Change)},
		}, err
	}
	return run, nil
}

func jacobiRun[T device.Float](job *plateJob[T]) (plateRun[T], error) {
	p := job.plan
	o := plate.SteadyOptions{Tol: p.Tol, MaxSweeps: p.MaxSweeps, Dx: p.Problem.Dx, Dy: p.Problem.Dy, Every: int(job.every())}
	o.From, _ = job.state.(*plate.SteadyState)
	work, err := plate.SteadyWork(job.field, o)
	if err != nil {
		return plateRun[T]{}, err
	}
	run := stencilRun[T](work)
	run.solve = func(ctx context.Context, dev device.Device, field *plate.Field[T], bar *progress.Bar, watch *stopwatch) (*plateReport, error) {
		o, look, emit := o, convergence{tol: o.Tol, sweeps: o.MaxSweeps, bar: bar}, job.emitter(ctx, field)
		o.Frame = func(s plate.SteadyState) error { return emit(float64(s.Sweeps), s.Sweeps, s) }
		o.Progress = func(sweeps int, residual float64) {
			look.step(sweeps, residual)
			watch.step()
		}
		r, err := plate.Steady(ctx, dev, field, o)
		if r.Sweeps == 0 {
			return nil, err
		}
		return &plateReport{
			steadyReport: &steadyReport{jacobi, real(r.Residual), real(r.Error), r.Converged},
			jacobiReport: &jacobiReport{r.Sweeps, real(r.Norm2)},
		}, err
	}
	return run, nil
}

func multigridRun[T device.Float](job *plateJob[T]) (plateRun[T], error) {
	p := job.plan
	problem := &p.Problem
	work, err := poisson.WorkOf[T](problem)
	if err != nil {
		return plateRun[T]{}, err
	}
	run := solverRun[T](work, problem)
	run.solve = func(ctx context.Context, dev device.Device, field *plate.Field[T], bar *progress.Bar, watch *stopwatch) (*plateReport, error) {
		look := convergence{bar: bar}
		o := poisson.Options{Tol: p.Tol, MaxCycles: p.MaxCycles, Every: int(job.every()), Progress: func(_ int, relative float64) {
			look.step(0, relative)
			sched.Alive(watch.ctx)
		}}
		emit := job.emitter(ctx, field)
		o.Frame = func(s *poisson.State) error { return emit(float64(s.Cycles), s.Cycles, s) }
		o.From, _ = job.state.(*poisson.State)
		if look.tol = o.Tol; look.tol == 0 {
			look.tol = poisson.DefaultTol[T]()
		}
		least, largest, bounded := poisson.Bounds(problem, field.T)
		r, err := poisson.Solve(ctx, dev, problem, field.T, o)
		if r.Cycles == 0 && err != nil {
			return nil, err
		}
		report := &multigridReport{real(r.Relative), real(r.Factor), 0}
		if bounded {
			lowest, highest := field.Extremes()
			report.Outside = real(max(least-lowest, highest-largest, 0))
		}
		return &plateReport{
			steadyReport:    &steadyReport{"multigrid", real(r.Residual), real(r.Error), r.Converged},
			cyclesReport:    &cyclesReport{r.Cycles},
			multigridReport: report,
		}, err
	}
	return run, nil
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
