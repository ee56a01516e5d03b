package queue

import (
	"context"
	"errors"

	"offload/device"
)

// buffer is memory of a Device. The fields memory and spoiled belong to the holder of the
// turn.
type buffer struct {
	dev     *Device
	typ     device.Type
	len     int
	memory  Memory
	wrapped bool // the memory is the program's
	spoiled Damages
	freed   bool // later calls fail; guarded by dev.queue.mu
}

func (b *buffer) Type() device.Type { return b.typ }
func (b *buffer) Len() int          { return b.len }

func (b *buffer) Write(ctx context.Context, off int, src device.Slice) error {
	lent, err := b.enter(ctx, off, src)
	if err != nil {
		return err
	}
	defer b.dev.queue.leave(ctx, lent)
	r := device.Range{Lo: off, Hi: off + src.Len()}
	start := b.dev.log.now()
	err = b.dev.call(job{what: write, ctx: ctx, mem: b.memory, off: off, slice: src})
	b.dev.log.transfer(device.EventUpload, src, start, err)
	if err == nil {
		b.spoiled.Settle(r)
	} else if !errors.As(err, new(notBegun)) {
		b.spoiled.Spoil(r, err)
	}
	return err
}

func (b *buffer) Read(ctx context.Context, off int, dst device.Slice) error {
	lent, err := b.enter(ctx, off, dst)
	if err != nil {
		return err
	}
	defer b.dev.queue.leave(ctx, lent)
	if err := b.spoiled.In(device.Range{Lo: off, Hi: off + dst.Len()}); err != nil {
		return err
	}
	start := b.dev.log.now()
	err = b.dev.call(job{what: read, ctx: ctx, mem: b.memory, off: off, slice: dst})
	b.dev.log.transfer(device.EventReadBack, dst, start, err)
	return err
}

func (b *buffer) Wait(ctx context.Context) error { return b.dev.wait(ctx, b) }

// enter checks a transfer and waits for its turn.
func (b *buffer) enter(ctx context.Context, off int, other device.Slice) (device.Lent, error) {
	if other.Type() != b.Type() {
		return device.Lent{}, device.Invalidf("slice of %v for a buffer of %v", other.Type(), b.Type())
	}
	if off < 0 || other.Len() > b.Len()-off {
		return device.Lent{}, device.Invalidf("elements %d to %d of a buffer of %d", off, off+other.Len(), b.Len())
	}
	return b.dev.queue.enter(ctx, b)
}

// Free makes later calls fail at once. The memory is released when work queued before is
// done. Free does not wait for that: it has no context, and its caller may occupy the
// place that a launch waits for.
func (b *buffer) Free() error {
	q := &b.dev.queue
	q.mu.Lock()
	if q.closed || b.freed {
		q.mu.Unlock()
		return device.ErrClosed
	}
	b.freed = true
	b.dev.freeing.Add(1)
	if b.dev.thread || !q.idle() {
		q.free(b)
		q.mu.Unlock()
		return nil
	}
	q.taken = true
	q.mu.Unlock()
	b.dev.release(b)
	return nil
}

// damage returns the error that spoiled an element of r, or nil.
func (b *buffer) damage(r device.Range) error {
	if m, ok := b.memory.(Damaged); ok {
		if err := m.Damage(r); err != nil {
			return err
		}
	}
	return b.spoiled.In(r)
}
