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

// engine runs kernels on a driver. All methods except Check are called on the
// driver's thread.
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
	words    [maxWords]uint32 // of the current launch
	counts   counts
	patience time.Duration // time without progress after which the device counts as lost
	left     int           // objects that Close left behind
}

// patience is much longer than one span of a launch takes, and longer than the
// timeout after which drivers themselves reset a device.
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
	return e.checkBlocks(l)
}

// maxIndex is the largest index of a shader's int.
const maxIndex = 1<<31 - 1

// Prepare compiles the kernel's shader.
func (e *engine) Prepare(k *device.Kernel) error {
	_, err := e.program(k)
	return err
}

// Inline returns false: the OpenGL context belongs to the device's thread.
func (e *engine) Inline(context.Context, *device.Launch) bool { return false }

// Finish waits until the device has executed all commands.
func (e *engine) Finish(ctx context.Context) error {
	if err := e.flight.drain(ctx, e); err != nil {
		return err
	}
	e.timers.poll(e)
	return e.status()
}

// Close frees every object and the context. It waits for running commands, unless
// the context is lost.
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

// wait waits for a fence and frees it. A fence counts only together with the
// status: after a reset, fences may seem to be signaled.
func (e *engine) wait(ctx context.Context, f driver.Fence) error {
	defer e.driver.FreeFence(f)
	return e.reach(ctx, f)
}

// reach is like wait but does not free the fence.
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

// status returns nil, or an error that ends the device. After an error of the driver
// the state of the commands queued before it is unknown.
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

// lost wraps device.ErrLost around an error that the driver reports for commands it
// has already accepted. Running out of memory there loses the device too, and the
// error wraps both.
func lost(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, driver.ErrOutOfMemory):
		return fmt.Errorf("%w: %w: %w", device.ErrLost, device.ErrOutOfMemory, err)
	}
	return fmt.Errorf("%w: %w", device.ErrLost, err)
}

// refused returns the error for a request that the driver rejected as a whole.
func refused(err error) error {
	if errors.Is(err, driver.ErrOutOfMemory) {
		return fmt.Errorf("%w: %w", device.ErrOutOfMemory, err)
	}
	return lost(err)
}

// notCompiled returns the error for a kernel whose shader the driver rejected.
func notCompiled(kernel string, err error) error {
	var s *driver.ShaderError
	if errors.As(err, &s) {
		return fmt.Errorf("kernel %s: %w: the driver does not %s it: %s",
			kernel, device.ErrShader, s.Stage, strings.TrimSpace(s.Log))
	}
	return fmt.Errorf("kernel %s: %w", kernel, refused(err))
}
