package gl

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"offload/device"
	"offload/gl/internal/cache"
	"offload/gl/internal/driver"
)

// engine runs kernels on a driver. But for Check, its methods are called on the
// thread that the driver belongs to.
type engine struct {
	driver   driver.Driver
	info     driver.Info
	dialect  dialect
	programs programs
	staging  staging
	timers   timers
	flight   flight
	live     map[*memory]struct{}
	scratch  *memory
	plan     device.ShaderPlan
	bound    bindings
	words    [maxWords]uint32 // of the launch that is executed
	counts   counts
	patience time.Duration // without progress, after which a device counts as lost
	left     int           // objects that Close left behind
}

// patience is far above the time of one piece of a launch, and above that after
// which drivers themselves reset a device.
const patience = 2 * time.Minute

func newEngine(d driver.Driver, math device.Math, store *cache.Cache) *engine {
	e := &engine{driver: d, info: d.Info(), live: make(map[*memory]struct{}), patience: patience}
	e.staging.init(e)
	e.programs.init(store, e.info)
	e.dialect = dialect{doubles: e.info.Doubles, fast: math == device.Fast}
	return e
}

// Check refuses kernels without a shader and arguments beyond the driver's limits.
func (e *engine) Check(l *device.Launch) error {
	k := l.Kernel
	if k.Shader == nil {
		return fmt.Errorf("kernel %s: %w: it has no shader", k.Name, device.ErrUnsupported)
	}
	for i := range k.Params {
		if k.Params[i].Access == device.Value {
			continue
		}
		first, n := e.place(&l.Args[i], k.Params[i].Type.Size())
		if bytes := (first + n) * k.Params[i].Type.Size(); bytes > e.info.StorageBytes || first+n > maxIndex {
			return fmt.Errorf("kernel %s: %w: %s takes %d bytes; a storage block of this driver has %d",
				k.Name, device.ErrUnsupported, k.Params[i].Name, bytes, e.info.StorageBytes)
		}
	}
	return nil
}

// maxIndex is the largest index of a shader's int.
const maxIndex = 1<<31 - 1

// Prepare compiles the kernel's shader.
func (e *engine) Prepare(k *device.Kernel) error {
	_, err := e.program(k)
	return err
}

// Inline is false: callers have no context.
func (e *engine) Inline(context.Context, *device.Launch) bool { return false }

// Finish waits until the device has done all commands.
func (e *engine) Finish(ctx context.Context) error {
	if err := e.flight.drain(ctx, e); err != nil {
		return err
	}
	e.timers.poll(e)
	return e.status()
}

// Close frees every object and the context. It waits for what runs, unless the
// context is lost.
func (e *engine) Close() {
	if e.status() == nil {
		e.flight.drain(context.Background(), e)
	}
	e.flight.free(e)
	e.timers.free(e)
	e.staging.free(e)
	for m := range e.live {
		e.driver.FreeBuffer(m.buffer)
	}
	clear(e.live)
	e.programs.free(e)
	e.left = e.driver.Live()
	e.driver.Close()
}

// wait waits for a fence, which it frees. A fence counts only together with the
// status: after a reset, fences may seem to be reached.
func (e *engine) wait(ctx context.Context, f driver.Fence) error {
	defer e.driver.FreeFence(f)
	return e.reach(ctx, f)
}

// reach is wait for a fence that stays.
func (e *engine) reach(ctx context.Context, f driver.Fence) error {
	const slice = 5 * time.Millisecond
	for waited := time.Duration(0); ; waited += slice {
		reached, err := e.driver.Wait(f, slice)
		if err != nil {
			return lost(err)
		}
		if err := e.status(); err != nil {
			return err
		}
		if reached {
			e.counts.fences.Add(1)
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if waited >= e.patience {
			return fmt.Errorf("%w: no answer for %v", device.ErrLost, e.patience)
		}
	}
}

// status is nil, or an error that ends the device. After an error of the driver
// nothing is known of what was queued before it.
func (e *engine) status() error { return lost(e.driver.Status()) }

// counts may be read from any goroutine.
type counts struct {
	fences, launches, dispatches, kernelTime, uploaded, downloaded atomic.Int64
}

func (c *counts) read() device.Counters {
	return device.Counters{
		Progress:   c.fences.Load(),
		Launches:   c.launches.Load(),
		Dispatches: c.dispatches.Load(),
		KernelTime: time.Duration(c.kernelTime.Load()),
		Uploaded:   c.uploaded.Load(),
		Downloaded: c.downloaded.Load(),
	}
}

// lost makes an error that ends the device of one that the driver reports on
// commands that it has taken already. Without memory for those the device is lost
// too, and the error says both.
func lost(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, driver.ErrOutOfMemory):
		return fmt.Errorf("%w: %w: %w", device.ErrLost, device.ErrOutOfMemory, err)
	}
	return fmt.Errorf("%w: %w", device.ErrLost, err)
}

// refused is the error of a request that the driver turned down as a whole.
func refused(err error) error {
	if errors.Is(err, driver.ErrOutOfMemory) {
		return fmt.Errorf("%w: %w", device.ErrOutOfMemory, err)
	}
	return lost(err)
}

// notCompiled names the kernel whose shader the driver did not take.
func notCompiled(kernel string, err error) error {
	var s *driver.ShaderError
	if errors.As(err, &s) {
		return fmt.Errorf("kernel %s: %w: the driver does not %s it: %s",
			kernel, device.ErrShader, s.Stage, strings.TrimSpace(s.Log))
	}
	return fmt.Errorf("kernel %s: %w", kernel, refused(err))
}
