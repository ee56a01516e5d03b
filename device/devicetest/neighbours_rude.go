package devicetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"offload/device"
)

// only returns an error with what and err, unless err is one of may; nil is allowed only
// if may contains it.
func only(what string, err error, may ...error) error {
	for _, m := range may {
		if errors.Is(err, m) {
			return nil
		}
	}
	return fmt.Errorf("%s: %v, want one of %v", what, err, may)
}

// canceller cancels queued launches and, on devices with host code, a running one.
func (c *crowd) canceller() error {
	out, err := c.d.Alloc(device.Uint32, busyRows)
	if err != nil {
		return err
	}
	defer out.Free()
	k := spin()
	for r := range c.rounds {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		for range 4 {
			l := &device.Launch{Kernel: k, Rows: device.Range{Hi: busyRows}, Args: []device.Arg{device.Val(int32(busySteps)), device.Vec(out)}}
			if err := only("Launch", c.d.Launch(ctx, l), nil, context.Canceled); err != nil {
				return err
			}
			time.AfterFunc(time.Duration(r%3)*time.Millisecond, cancel)
		}
		err := out.Wait(context.Background())
		if err == nil {
			var got []uint32
			if got, err = device.Download[uint32](context.Background(), out); err == nil && got[busyRows-1] != spun(busyRows-1, busySteps) {
				return errors.New("a launch that was not cancelled is wrong")
			}
		}
		if err := only("Wait", err, nil, context.Canceled); err != nil {
			return err
		}
	}
	if c.hostCode {
		return c.cancelRunning()
	}
	return nil
}

func (c *crowd) cancelRunning() error {
	out, err := c.d.Alloc(device.Int32, 4)
	if err != nil {
		return err
	}
	defer out.Free()
	begun, never := make(chan struct{}), make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	l := &device.Launch{Kernel: slow(begun, never), Rows: device.Range{Hi: 4}, Args: []device.Arg{device.Vec(out)}}
	if err := c.d.Launch(ctx, l); err != nil {
		return err
	}
	<-begun
	cancel()
	return only("Wait for a launch that was cancelled as it ran", out.Wait(context.Background()), context.Canceled)
}

// impatient gives up every call after a moment, and so the launches it has queued.
func (c *crowd) impatient() error {
	b, err := c.d.Alloc(device.Uint32, 8)
	if err != nil {
		return err
	}
	defer b.Free()
	calls := []struct {
		name string
		do   func(ctx context.Context) error
	}{
		{"Sync", c.d.Sync},
		{"Wait", b.Wait},
		{"Read", func(ctx context.Context) error { return b.Read(ctx, 0, device.Of(make([]uint32, 8))) }},
		{"Write", func(ctx context.Context) error { return b.Write(ctx, 0, device.Of(make([]uint32, 8))) }},
		{"Launch", func(ctx context.Context) error {
			l := &device.Launch{Kernel: fold(), Rows: device.Range{Hi: 8}, Args: []device.Arg{device.Val(uint32(1)), device.Vec(b)}}
			return c.d.Launch(ctx, l)
		}},
	}
	for range c.rounds {
		for _, call := range calls {
			if err := only(call.name, within(call.do), nil, context.DeadlineExceeded, context.Canceled); err != nil {
				return err
			}
		}
	}
	return nil
}

// freer frees the buffers of launches that have just begun.
func (c *crowd) freer() error {
	ctx := context.Background()
	for range 2 * c.rounds {
		f, err := newFolder(ctx, c.d, heavy(fold(), 1e5), 100)
		if err != nil {
			return err
		}
		for range 3 {
			if err := f.launch(ctx); err != nil {
				return err
			}
		}
		if err := f.buffer().Free(); err != nil {
			return fmt.Errorf("freeing early: %w", err)
		}
		for what, err := range map[string]error{"Launch": f.launch(ctx), "Wait": f.l.Wait(ctx), "Free": f.buffer().Free()} {
			if err := only(what+" after Free", err, device.ErrClosed); err != nil {
				return err
			}
		}
	}
	return nil
}

// failing launches kernels that fail at every place where a device may call their code.
func (c *crowd) failing() error {
	for range c.rounds {
		for _, fault := range []func(){func() { panic("boom") }, runtime.Goexit} {
			for name, k := range failingKernels(fault) {
				may := []error{device.ErrPanic}
				if name == laterCost {
					may = append(may, nil)
				}
				if err := only("a kernel whose "+name+" fails", c.run(k), may...); err != nil {
					return err
				}
			}
			if !c.hostCode {
				break // what ends the goroutine of a driver may end the device
			}
		}
	}
	return nil
}

// run launches k and returns the error of the launch or its wait.
func (c *crowd) run(k *device.Kernel) error {
	ctx := context.Background()
	x, err := device.Upload(ctx, c.d, ramp[int32](20))
	if err != nil {
		return err
	}
	defer x.Free()
	y, err := device.Upload(ctx, c.d, ramp[int32](20))
	if err != nil {
		return err
	}
	defer y.Free()
	l := &device.Launch{Kernel: k, Rows: device.Range{Hi: 20}, Args: []device.Arg{device.Vec(x), device.Vec(y)}}
	if err := c.d.Launch(ctx, l); err != nil {
		return err
	}
	return y.Wait(ctx)
}

// laterCost is a cost that fails at its second call, if any.
const laterCost = "later cost"

// failingKernels returns new kernels, each of which fails at one place of its code.
func failingKernels(fault func()) map[string]*device.Kernel {
	k := func(change func(k *device.Kernel)) *device.Kernel {
		k := heavy(faulty(func() {}), 1e6)
		change(k)
		return k
	}
	cost := func(call int) func(k *device.Kernel) {
		return func(k *device.Kernel) {
			calls, honest := 0, k.Cost
			k.Cost = func(l *device.Launch) device.Cost {
				if calls++; calls == call {
					fault()
				}
				return honest(l)
			}
		}
	}
	return map[string]*device.Kernel{
		"contract": heavy(faulty(fault), 1e6),
		"check":    k(func(k *device.Kernel) { k.Check = func(*device.Launch) error { fault(); return nil } }),
		"cost":     k(cost(1)),
		laterCost:  k(cost(2)),
		"halo":     k(func(k *device.Kernel) { k.Params[0].Halo = func(*device.Launch) int { fault(); return 0 } }),
		"plan": k(func(k *device.Kernel) {
			failing := faulty(fault) // for devices that do not use host code
			k.Contract, k.Shader = failing.Contract, failing.Shader
			k.Host = []device.HostCode{{Name: "go", Plan: func(*device.Launch, int, *device.Plan) { fault() }, Run: k.Contract}}
		}),
		"host code": k(func(k *device.Kernel) {
			failing := faulty(fault)
			k.Contract, k.Shader = failing.Contract, failing.Shader
			k.Host = []device.HostCode{{Name: "go", Run: k.Contract}}
		}),
	}
}
