package host

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"offload/device"
)

// Executor executes launches, one at a time.
type Executor interface {
	// Execute computes the rows of the bound launch and returns when that is
	// done. A panic in the kernel's code may be left to the caller of Execute.
	Execute(b *device.Binding) error
	// Inline tells whether l is so small that handing it to another goroutine
	// would cost more than computing it.
	Inline(l *device.Launch) bool
	// Close releases what the executor holds.
	Close()
}

// Device is a device in the host's memory.
type Device struct {
	info    device.Info
	exec    Executor
	queue   queue
	binding device.Binding // of whoever has the turn
	done    sync.WaitGroup // the dispatcher

	memory sync.Mutex
	used   int64 // bytes of all buffers
}

// Open makes a device that executes by exec, and shows for each of the kernels
// whether it equals its contract. The caller has filled in info but for Exact.
func Open(ctx context.Context, info device.Info, exec Executor, kernels []*device.Kernel) (*Device, error) {
	d := &Device{info: info, exec: exec}
	d.queue.init()
	d.done.Add(1)
	go d.dispatch()
	exact, err := device.Probe(ctx, d, kernels)
	if err != nil {
		d.Close()
		return nil, err
	}
	d.info.Exact = exact
	return d, nil
}

// Info describes the device.
func (d *Device) Info() device.Info {
	i := d.info
	i.Precisions, i.Exact, i.Notes = slices.Clone(i.Precisions), slices.Clone(i.Exact), slices.Clone(i.Notes)
	return i
}

// Alloc makes a buffer of zeros.
func (d *Device) Alloc(t device.Type, n int) (device.Buffer, error) {
	if t.Size() == 0 {
		return nil, fmt.Errorf("%w: elements of type %v", device.ErrUnsupported, t)
	}
	if n < 0 {
		return nil, device.Invalidf("a buffer of %d elements", n)
	}
	d.queue.mu.Lock()
	closed := d.queue.closed
	d.queue.mu.Unlock()
	if closed {
		return nil, device.ErrClosed
	}
	if err := d.reserve(t, n); err != nil {
		return nil, err
	}
	return &buffer{dev: d, typ: t, len: n, data: device.MakeSlice(t, n)}, nil
}

// addressable is what a program can have at most: more than any machine has, or
// what a 32-bit processor leaves.
const addressable int64 = 1 << (30 + 16*(^uint(0)>>63))

func (d *Device) reserve(t device.Type, n int) error {
	limit := addressable
	if d.info.Memory > 0 {
		limit = min(limit, d.info.Memory)
	}
	d.memory.Lock()
	defer d.memory.Unlock()
	left := limit - d.used
	if int64(n) > left/int64(t.Size()) {
		return outOfMemory(float64(n)*float64(t.Size()), limit, d.used)
	}
	d.used += int64(n) * int64(t.Size())
	return nil
}

// release frees a buffer; the caller has the turn.
func (d *Device) release(b *buffer) {
	d.memory.Lock()
	d.used -= int64(b.len) * int64(b.typ.Size())
	d.memory.Unlock()
	d.queue.mu.Lock()
	b.freed = true
	d.queue.mu.Unlock()
	b.data, b.spoiled = device.Slice{}, nil
}

// Launch queues l, or runs it at once if it is small and nothing is before it.
func (d *Device) Launch(ctx context.Context, l *device.Launch) error {
	if err := device.Validate(l); err != nil {
		return err
	}
	inline := d.exec.Inline(l)
	q := &d.queue
	q.mu.Lock()
	if err := d.admit(ctx, l); err != nil {
		q.mu.Unlock()
		return err
	}
	if !inline || q.turn != q.issued {
		q.push(ctx, l)
		q.mu.Unlock()
		return nil
	}
	q.issued++ // the turn is ours
	q.mu.Unlock()
	d.serve(ctx, l)
	return nil
}

// admit checks l against the state of the device, which is locked.
func (d *Device) admit(ctx context.Context, l *device.Launch) error {
	if d.queue.closed {
		return device.ErrClosed
	}
	for i, p := range l.Kernel.Params {
		if p.Access == device.Value {
			continue
		}
		b, ok := l.Args[i].Buffer.(*buffer)
		if !ok || b.dev != d {
			return device.Invalidf("kernel %s: %s is a buffer of another device", l.Kernel.Name, p.Name)
		}
		if b.freed {
			return fmt.Errorf("kernel %s: %s: %w", l.Kernel.Name, p.Name, device.ErrClosed)
		}
	}
	return ctx.Err()
}

// dispatch runs the queued launches until the device is closed. Kernel code that
// calls runtime.Goexit takes the goroutine along; another one takes its place.
func (d *Device) dispatch() {
	closed := false
	defer func() {
		if closed {
			d.done.Done()
		} else {
			go d.dispatch()
		}
	}()
	var e entry
	for d.queue.pop(&e) {
		d.serve(e.ctx, &e.launch)
		e.ctx = nil
	}
	closed = true
}

// serve executes l in its turn, records the outcome, and ends the turn, whatever
// the kernel's code does.
func (d *Device) serve(ctx context.Context, l *device.Launch) {
	var err error
	returned := false
	defer func() {
		if !returned {
			err = device.Caught("kernel "+l.Kernel.Name, recover())
		}
		d.binding.Launch, d.binding.Ctx = nil, nil
		d.finish(l, err)
	}()
	err = d.run(ctx, l)
	returned = true
}

// finish spoils what a failed launch should have set, and ends its turn.
func (d *Device) finish(l *device.Launch, err error) {
	for i := range l.Args {
		r := l.WriteRange(i)
		if r.Len() <= 0 {
			continue
		}
		b := l.Args[i].Buffer.(*buffer)
		if err != nil {
			b.spoil(r, err)
		} else {
			b.settle(r)
		}
	}
	if err != nil {
		d.queue.fail(err)
	}
	d.queue.leave()
}

// run binds l to memory and executes it.
func (d *Device) run(ctx context.Context, l *device.Launch) error {
	d.binding.Launch, d.binding.Ctx = l, ctx
	for i := range l.Args {
		b, ok := l.Args[i].Buffer.(*buffer)
		if !ok {
			continue
		}
		if b.freed {
			return fmt.Errorf("kernel %s: %s: %w", l.Kernel.Name, l.Kernel.Params[i].Name, device.ErrClosed)
		}
		if err := b.damage(l.ReadRange(i)); err != nil {
			return err
		}
		a := &l.Args[i]
		d.binding.Views[i] = b.data.Sub(a.Offset, a.Offset+a.Len)
	}
	if l.Rows.Len() > 0 && ctx.Err() == nil {
		if err := d.exec.Execute(&d.binding); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("kernel %s: %w", l.Kernel.Name, err)
	}
	return nil
}

// Sync waits for what was queued and reports the first error.
func (d *Device) Sync(ctx context.Context) error {
	q := &d.queue
	if err := q.enter(ctx, nil); err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	err := q.err
	q.err = nil
	q.advance()
	return err
}

// Close drops what is queued and waits for what runs. The memory of a buffer goes
// with the program's last reference to it.
func (d *Device) Close() error {
	if !d.queue.close() {
		d.done.Wait()
		return nil
	}
	d.done.Wait()
	d.exec.Close()
	return nil
}
