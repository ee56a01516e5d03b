package host

import (
	"context"

	"offload/device"
	"offload/internal/inorder"
	"offload/internal/sysinfo"
)

// Executor executes launches, one at a time.
type Executor interface {
	// Execute computes the rows of the bound launch and returns when that is
	// done. A panic in the kernel's code may be left to the caller of Execute.
	Execute(b *device.Binding) error
	// Inline reports whether l is so small that handing it to another goroutine would
	// cost more than computing it. If it is, Execute follows in the same goroutine.
	Inline(ctx context.Context, l *device.Launch) bool
	// Close releases what the executor holds.
	Close()
}

// Open makes a device that executes by exec, and shows for each of the kernels
// whether it equals its contract. The caller has filled in info but for Exact, and for
// Memory if that is what the host has free.
func Open(ctx context.Context, info device.Info, exec Executor, kernels []*device.Kernel) (*inorder.Device, error) {
	if info.Memory == 0 {
		m := sysinfo.FreeMemory()
		info.Memory, info.Limit = m.Free, m.Limit
	}
	return inorder.Open(ctx, info, &engine{exec: exec}, kernels)
}

// engine runs an executor on memory of the host.
type engine struct {
	exec    Executor
	binding device.Binding
}

// Check and Prepare have nothing to do: every kernel has Go code.
func (e *engine) Check(*device.Launch) error   { return nil }
func (e *engine) Prepare(*device.Kernel) error { return nil }

func (e *engine) Alloc(t device.Type, n int) (inorder.Memory, error) {
	return &memory{device.MakeSlice(t, n)}, nil
}

func (e *engine) Execute(ctx context.Context, l *device.Launch, mem *[device.MaxParams]inorder.Memory) error {
	e.binding.Launch, e.binding.Ctx = l, ctx
	for i := range l.Args {
		if m, ok := mem[i].(*memory); ok {
			a := &l.Args[i]
			e.binding.Views[i] = m.data.Sub(a.Offset, a.Offset+a.Len)
		}
	}
	defer e.release()
	return e.exec.Execute(&e.binding)
}

func (e *engine) release() { e.binding.Launch, e.binding.Ctx = nil, nil }

func (e *engine) Inline(ctx context.Context, l *device.Launch) bool { return e.exec.Inline(ctx, l) }

// Held returns the place that the caller takes up, where the executor has places.
func (e *engine) Held(ctx context.Context) device.Place {
	if o, ok := e.exec.(device.Owner); ok {
		return o.Held(ctx)
	}
	return nil
}

// Progress returns how far the executor has come, where it says so.
func (e *engine) Progress() int64 {
	if p, ok := e.exec.(inorder.Progressive); ok {
		return p.Progress()
	}
	return 0
}

// Finish has nothing to wait for: Execute returns when the launch is done.
func (e *engine) Finish(context.Context) error { return nil }

func (e *engine) Close() { e.exec.Close() }

// memory is a buffer's memory.
type memory struct{ data device.Slice }

func (m *memory) Write(_ context.Context, off int, src device.Slice) error {
	m.data.Sub(off, off+src.Len()).Copy(src)
	return nil
}

func (m *memory) Read(_ context.Context, off int, dst device.Slice) error {
	dst.Copy(m.data.Sub(off, off+dst.Len()))
	return nil
}

func (m *memory) Free() { m.data = device.Slice{} }
