package sched

import (
	"context"
	"time"

	"offload/device"
	"offload/kernels"
)

// Force is the accelerations (rows ax, ay, az) of bodies (rows x, y, z, gm) by their
// gravity on each other, with that softening: see kernels.Force. They are computed on
// the device that is predicted to be done first, exactly. Errors: device.ErrInvalid for
// the bodies, and a *TaskError.
func Force[T device.Float](ctx context.Context, s *Scheduler, bodies []T, softening T) ([]T, Report, error) {
	t, err := ForceTask(bodies, softening)
	if err != nil {
		return nil, Report{}, err
	}
	r, err := Do(ctx, s, t)
	return r.Value, r.Report, err
}

// ForceTask is the task of Force. The bodies must stay as they are until it has ended.
func ForceTask[T device.Float](bodies []T, softening T) (Task[[]T], error) {
	if err := kernels.CheckBodies(bodies); err != nil {
		return Task[[]T]{}, err
	}
	n := len(bodies) / kernels.BodyWidth
	shape := func(in, out device.Buffer) *device.Launch {
		b := matrix(in, len(bodies), kernels.BodyWidth)
		return kernels.NewForce(b, b, matrix(out, n*kernels.AccelWidth, kernels.AccelWidth), softening, 0)
	}
	t := launchTask[T, []T](shape(nil, nil), len(bodies), n*kernels.AccelWidth)
	t.Run = func(ctx context.Context, d device.Device) ([]T, error) {
		in, err := device.Upload(ctx, d, bodies)
		if err != nil {
			return nil, err
		}
		defer in.Free()
		out, err := d.Alloc(device.TypeOf[T](), n*kernels.AccelWidth)
		if err != nil {
			return nil, err
		}
		defer out.Free()
		if err := timed(ctx, d, shape(in, out)); err != nil {
			return nil, err
		}
		return device.Download[T](ctx, out)
	}
	return t, nil
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
	if err != nil {
		return Sweeps[T]{}, Report{}, err
	}
	r, err := Do(ctx, s, t)
	return r.Value, r.Report, err
}

// LaplacianTask is the task of Laplacian. The field must stay as it is until it has
// ended.
func LaplacianTask[T device.Float](field []T, rows, cols, sweeps int, cx, cy T) (Task[Sweeps[T]], error) {
	if err := kernels.CheckField(field, rows, cols); err != nil {
		return Task[Sweeps[T]]{}, err
	}
	if sweeps < 1 || sweeps > kernels.MaxSweeps {
		return Task[Sweeps[T]]{}, device.Invalidf("%d sweeps; 1 to %d are possible", sweeps, kernels.MaxSweeps)
	}
	shape := func(u, out, residuals device.Buffer) *device.Launch {
		return kernels.NewLaplacian(matrix(u, len(field), cols), matrix(out, len(field), cols),
			matrix(residuals, rows*kernels.ResidualWidth, kernels.ResidualWidth), sweeps, cx, cy)
	}
	t := launchTask[T, Sweeps[T]](shape(nil, nil, nil), len(field), len(field), rows*kernels.ResidualWidth)
	t.Run = func(ctx context.Context, d device.Device) (r Sweeps[T], err error) {
		u, err := device.Upload(ctx, d, field)
		if err != nil {
			return r, err
		}
		defer u.Free()
		out, err := d.Alloc(device.TypeOf[T](), len(field))
		if err != nil {
			return r, err
		}
		defer out.Free()
		residuals, err := d.Alloc(device.TypeOf[T](), rows*kernels.ResidualWidth)
		if err != nil {
			return r, err
		}
		defer residuals.Free()
		if err := timed(ctx, d, shape(u, out, residuals)); err != nil {
			return r, err
		}
		if r.Field, err = device.Download[T](ctx, out); err != nil {
			return r, err
		}
		r.Residuals, err = device.Download[T](ctx, residuals)
		return r, err
	}
	return t, nil
}

// launchTask is what is known beforehand of one launch with one input, and with outputs
// of those lengths.
func launchTask[T device.Float, R any](l *device.Launch, in int, outs ...int) Task[R] {
	size := int64(device.TypeOf[T]().Size())
	t := Task[R]{
		Name:  l.Kernel.Name,
		Needs: Needs{Kernels: []*device.Kernel{l.Kernel}, Memory: int64(in) * size, Exact: true},
		Work:  []Work{WorkOf(l, 1)},
		Up:    Transfer{1, int64(in) * size},
	}
	for _, n := range outs {
		t.Down.add(int64(n) * size)
		t.Needs.Memory += int64(n) * size
	}
	return t
}

// matrix is an argument whose buffer need not be there.
func matrix(b device.Buffer, n, width int) device.Arg {
	return device.Arg{Buffer: b, Len: n, Width: width}
}

// timed runs a launch to its end, and lets the predictions know how long that took.
func timed(ctx context.Context, d device.Device, l *device.Launch) error {
	start := time.Now()
	if err := d.Launch(ctx, l); err != nil {
		return err
	}
	if err := l.Wait(ctx); err != nil {
		return err
	}
	Observe(ctx, l, time.Since(start))
	return nil
}
