package sched

import (
	"context"
	"time"

	"offload/device"
)

// Run performs c on the device that is predicted to be done first, exactly, and writes
// the rows computed to the caller's slices, unless it returns an error. The kernel may be
// anybody's: with Options.Calibrate, one that was never measured runs on the host, and
// is compared with its contract and measured on the other devices meanwhile. Errors:
// device.ErrInvalid for the call, and a *TaskError.
func Run(ctx context.Context, s *Scheduler, c *device.Call) (Report, error) {
	t, err := CallTask(c)
	if err != nil {
		return Report{}, err
	}
	done, err := Do(ctx, s, t)
	if err == nil {
		err = c.Assign(done.Value)
	}
	return done.Report, err
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
