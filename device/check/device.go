package check

import (
	"context"
	"sync"

	"offload/device"
)

// inspector is a kind of check. Its methods are called one at a time.
type inspector interface {
	// written is told of src, which is on its way to b.
	written(ctx context.Context, b *buffer, off int, src device.Slice) error
	// launching may look at the arguments before l is queued; outer has the buffers of
	// this package.
	launching(ctx context.Context, l *device.Launch, outer []*buffer) error
	// launched is called once l was queued.
	launched(ctx context.Context, l *device.Launch, outer []*buffer) error
	// read is told of dst, which came from b.
	read(ctx context.Context, b *buffer, off int, dst device.Slice) error
}

// checked is a device whose results an inspector sees. Calls that it has to see
// are made one at a time.
type checked struct {
	device.Device
	mu        sync.Mutex
	inspector inspector
	args      []device.Arg
	outer     []*buffer
}

// buffer is one of a checked device.
type buffer struct {
	device.Buffer
	dev  *checked
	host device.Slice // a copy of what b holds, if the program wrote that; else empty
	grid *grid        // what is known of the plate in it
}

func (d *checked) Alloc(t device.Type, n int) (device.Buffer, error) {
	b, err := d.Device.Alloc(t, n)
	if err != nil {
		return nil, err
	}
	return &buffer{Buffer: b, dev: d}, nil
}

func (d *checked) Launch(ctx context.Context, l *device.Launch) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	inner := device.Launch{Kernel: l.Kernel, Rows: l.Rows, Args: append(d.args[:0], l.Args...)}
	d.args, d.outer = inner.Args, d.outer[:0]
	for i := range inner.Args {
		b, _ := inner.Args[i].Buffer.(*buffer)
		d.outer = append(d.outer, b)
		if b != nil {
			inner.Args[i].Buffer = b.Buffer
		}
	}
	if err := device.Validate(&inner); err != nil {
		return err
	}
	if err := d.inspector.launching(ctx, &inner, d.outer); err != nil {
		return err
	}
	if err := d.Device.Launch(ctx, &inner); err != nil {
		return err
	}
	return d.inspector.launched(ctx, &inner, d.outer)
}

func (b *buffer) Write(ctx context.Context, off int, src device.Slice) error {
	b.dev.mu.Lock()
	defer b.dev.mu.Unlock()
	if err := b.dev.inspector.written(ctx, b, off, src); err != nil {
		return err
	}
	return b.Buffer.Write(ctx, off, src)
}

func (b *buffer) Read(ctx context.Context, off int, dst device.Slice) error {
	b.dev.mu.Lock()
	defer b.dev.mu.Unlock()
	if err := b.Buffer.Read(ctx, off, dst); err != nil {
		return err
	}
	return b.dev.inspector.read(ctx, b, off, dst)
}
