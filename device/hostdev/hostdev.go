// Package hostdev implements devices that compute in host memory, on top of package
// queue. Such a device provides an Engine that executes one launch.
package hostdev

import (
	"context"

	"offload/device"
	"offload/device/queue"
	"offload/internal/sysinfo"
)

// Engine executes launches, one at a time.
type Engine interface {
	// Execute computes the rows of the bound launch. It may leave a panic in the kernel's
	// code to the caller.
	Execute(b *device.Binding) error
	// Inline reports whether computing l costs less than handing it to another goroutine.
	// If so, Execute is called next in the same goroutine.
	Inline(ctx context.Context, l *device.Launch) bool
	// Close releases the engine's resources.
	Close()
}

// Open returns a device that runs e, after probing kernels. The caller sets all fields of
// info but Exact; if Memory is 0, it becomes the host's free memory. Errors: those of
// device.Probe.
func Open(ctx context.Context, info device.Info, e Engine, kernels []*device.Kernel) (*queue.Device, error) {
	if info.Memory == 0 {
		m := sysinfo.FreeMemory()
		info.Memory, info.Limit = m.Free, m.Limit
	}
	return queue.Open(ctx, info, &adapter{engine: e}, kernels)
}

// adapter is an engine of package queue whose buffers are in host memory.
type adapter struct {
	engine  Engine
	binding device.Binding
	spare   spare
}

// Check and Prepare return nil: every kernel has Go code.
func (a *adapter) Check(*device.Launch) error   { return nil }
func (a *adapter) Prepare(*device.Kernel) error { return nil }

func (a *adapter) Alloc(t device.Type, n int) (queue.Memory, error) {
	return &memory{a.spare.alloc(t, n), &a.spare}, nil
}

// Wrap implements queue.Wrapper.
func (a *adapter) Wrap(s device.Slice) queue.Memory { return &memory{data: s} }

func (a *adapter) Execute(ctx context.Context, l *device.Launch, mem *[device.MaxParams]queue.Memory) error {
	a.binding.Launch, a.binding.Ctx = l, ctx
	for i := range l.Args {
		if m, ok := mem[i].(*memory); ok {
			arg := &l.Args[i]
			a.binding.Views[i] = m.data.Sub(arg.Offset, arg.Offset+arg.Len)
		}
	}
	defer a.release()
	return a.engine.Execute(&a.binding)
}

func (a *adapter) release() { a.binding.Launch, a.binding.Ctx = nil, nil }

func (a *adapter) Inline(ctx context.Context, l *device.Launch) bool { return a.engine.Inline(ctx, l) }

// Held returns the place that the caller occupies, if the engine has places.
func (a *adapter) Held(ctx context.Context) device.Place {
	if o, ok := a.engine.(device.Owner); ok {
		return o.Held(ctx)
	}
	return nil
}

// Progress returns the engine's progress if it implements queue.Progressive, else 0.
func (a *adapter) Progress() int64 {
	if p, ok := a.engine.(queue.Progressive); ok {
		return p.Progress()
	}
	return 0
}

// Finish returns at once: Execute returns when the launch is done.
func (a *adapter) Finish(context.Context) error { return nil }

func (a *adapter) Close() { a.engine.Close() }

// memory is a buffer's memory.
type memory struct {
	data  device.Slice
	spare *spare // gets it back; nil if it is the program's
}

func (m *memory) Write(_ context.Context, off int, src device.Slice) error {
	m.data.Sub(off, off+src.Len()).Copy(src)
	return nil
}

func (m *memory) Read(_ context.Context, off int, dst device.Slice) error {
	dst.Copy(m.data.Sub(off, off+dst.Len()))
	return nil
}

func (m *memory) Free() {
	if m.spare != nil {
		m.spare.free(m.data)
	}
	m.data = device.Slice{}
}
