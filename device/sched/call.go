package sched

import (
	"context"
	"time"

	"offload/device"
	"offload/kernels"
)

// Run performs c on the device that is predicted to be done first, exactly, and writes
// the rows computed to the caller's slices, unless it returns an error. The kernel may be
// anybody's: with Options.Calibrate, one that was never measured runs on the host, and
// is compared with its contract and measured on the other devices meanwhile. Errors:
// device.ErrInvalid for the call, and a *TaskError.
func Run(ctx context.Context, s *Scheduler, c *device.Call) (Report, error) {
	t, err := CallTask(c)
	done, report, err := do(ctx, s, t, err)
	if err == nil {
		err = c.Assign(done)
	}
	return report, err
}

// do is Do for a task that was made without err.
func do[T any](ctx context.Context, s *Scheduler, t Task[T], err error) (value T, _ Report, _ error) {
	if err != nil {
		return value, Report{}, err
	}
	r, err := Do(ctx, s, t)
	return r.Value, r.Report, err
}

// CallTask is the task of Run; its value is the call with its outputs computed. The
// call's data are copied, since a run on a device that hangs may read them for ever.
func CallTask(c *device.Call) (Task[*device.Call], error) {
	l, err := c.Shape()
	if err != nil {
		return Task[*device.Call]{}, err
	}
	t := Task[*device.Call]{
		Name:  c.Kernel.Name,
		Needs: Needs{Kernels: []*device.Kernel{c.Kernel}, Exact: true},
		call:  c.Clone(),
	}
	err = device.Guard("kernel "+c.Kernel.Name, func() error { t.Work = []Work{WorkOf(l, 1)}; return nil })
	if err != nil {
		return Task[*device.Call]{}, err
	}
	for i, p := range l.Kernel.Params {
		if p.Access != device.Value {
			size := int64(p.Type.Size())
			t.Needs.Memory += size * int64(l.Args[i].Len)
			t.Up.add(size * int64(l.ReadRange(i).Len()))
			t.Down.add(size * int64(l.WriteRange(i).Len()))
		}
	}
	t.Run = func(ctx context.Context, d device.Device) (*device.Call, error) {
		mine := t.call.Clone()
		b, err := mine.Bind(ctx, d)
		if err != nil {
			return nil, err
		}
		defer b.Free(ctx)
		start := time.Now()
		if err := d.Launch(ctx, b.Launch); err != nil {
			return nil, err
		}
		if err := b.Launch.Wait(ctx); err != nil {
			return nil, err
		}
		Observe(ctx, b.Launch, time.Since(start))
		return mine, b.Read(ctx)
	}
	return t, nil
}

// outputs makes a task of one whose call has outputs to be taken.
func outputs[T any](t Task[*device.Call], take func(c *device.Call) T) Task[T] {
	return withRun(&t, func(ctx context.Context, d device.Device) (v T, err error) {
		c, err := t.Run(ctx, d)
		if err == nil {
			v = take(c)
		}
		return v, err
	})
}

// Force is the accelerations (rows ax, ay, az) of bodies (rows x, y, z, gm) by their
// gravity on each other, with that softening: see kernels.Force. They are computed on
// the device that is predicted to be done first, exactly. Errors: device.ErrInvalid for
// the bodies, and a *TaskError.
func Force[T device.Float](ctx context.Context, s *Scheduler, bodies []T, softening T) ([]T, Report, error) {
	t, err := ForceTask(bodies, softening)
	return do(ctx, s, t, err)
}

// ForceTask is the task of Force. The bodies are copied.
func ForceTask[T device.Float](bodies []T, softening T) (Task[[]T], error) {
	if err := kernels.CheckBodies(bodies); err != nil {
		return Task[[]T]{}, err
	}
	out := make([]T, len(bodies)/kernels.BodyWidth*kernels.AccelWidth)
	all := device.HostMat(bodies, kernels.BodyWidth)
	t, err := CallTask(&device.Call{Kernel: kernels.Force(device.TypeOf[T]()), Args: []device.HostArg{
		all, all, device.HostMat(out, kernels.AccelWidth), device.HostVal(softening), device.HostVal(int32(0)),
	}})
	return outputs(t, func(c *device.Call) []T { return device.As[T](c.Args[2].Data) }), err
}

// Sweeps is what Laplacian gives: the field after the sweeps, and the residuals of its
// rows (see kernels.Residual).
type Sweeps[T device.Float] struct{ Field, Residuals []T }

// Laplacian is a field of rows × cols points after a number of Jacobi sweeps with the
// weights cx and cy: see kernels.Laplacian. It is computed on the device that is
// predicted to be done first, exactly; the field that was given stays as it is. Errors:
// device.ErrInvalid for the field, and a *TaskError.
func Laplacian[T device.Float](ctx context.Context, s *Scheduler, field []T, rows, cols, sweeps int, cx, cy T) (Sweeps[T], Report, error) {
	t, err := LaplacianTask(field, rows, cols, sweeps, cx, cy)
	return do(ctx, s, t, err)
}

// LaplacianTask is the task of Laplacian. The field is copied.
func LaplacianTask[T device.Float](field []T, rows, cols, sweeps int, cx, cy T) (Task[Sweeps[T]], error) {
	if err := kernels.CheckField(field, rows, cols); err != nil {
		return Task[Sweeps[T]]{}, err
	}
	if sweeps < 1 || sweeps > kernels.MaxSweeps {
		return Task[Sweeps[T]]{}, device.Invalidf("%d sweeps; 1 to %d are possible", sweeps, kernels.MaxSweeps)
	}
	t, err := CallTask(&device.Call{Kernel: kernels.Laplacian(device.TypeOf[T]()), Args: []device.HostArg{
		device.HostMat(field, cols), device.HostMat(make([]T, len(field)), cols),
		device.HostMat(make([]T, rows*kernels.ResidualWidth), kernels.ResidualWidth),
		device.HostVal(int32(sweeps)), device.HostVal(cx), device.HostVal(cy),
	}})
	return outputs(t, func(c *device.Call) Sweeps[T] {
		return Sweeps[T]{device.As[T](c.Args[1].Data), device.As[T](c.Args[2].Data)}
	}), err
}
