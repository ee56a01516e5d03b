package inorder

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"offload/device"
)

// Device is a device with one in-order queue.
type Device struct {
	info   device.Info
	engine Engine
	thread bool // the engine belongs to the dispatcher's thread
	queue  queue
	memory [device.MaxParams]Memory // of the launch that is served
	handed job                      // of whoever has the turn
	done   sync.WaitGroup           // the dispatcher
	ended  bool                     // the engine is closed; the dispatcher's
	log    log

	known struct {
		sync.RWMutex
		kernels map[*device.Kernel]bool // prepared
	}
	used struct {
		sync.Mutex
		bytes int64 // of all buffers
	}
}

// Open makes a device of an engine whose methods may be called from any
// goroutine, and shows for each of the kernels whether it equals its contract. The
// caller has filled in info but for Exact.
func Open(ctx context.Context, info device.Info, e Engine, kernels []*device.Kernel) (*Device, error) {
	d := &Device{info: info, engine: e}
	d.queue.init()
	d.done.Add(1)
	go d.dispatch()
	if err := d.Probe(ctx, kernels); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// Probe shows for each of the kernels whether it equals its contract. It belongs to
// the opening of a device.
func (d *Device) Probe(ctx context.Context, kernels []*device.Kernel) (err error) {
	d.info.Exact, err = device.Probe(ctx, d, kernels)
	return err
}

// Info describes the device.
func (d *Device) Info() device.Info {
	i := d.info
	i.Precisions, i.Exact, i.Notes = slices.Clone(i.Precisions), slices.Clone(i.Exact), slices.Clone(i.Notes)
	return i
}

// Alloc makes a buffer of zeros.
func (d *Device) Alloc(t device.Type, n int) (device.Buffer, error) {
	if t.Size() == 0 || t == device.Float64 && !slices.Contains(d.info.Precisions, t) {
		return nil, fmt.Errorf("%w: elements of type %v", device.ErrUnsupported, t)
	}
	if n < 0 {
		return nil, device.Invalidf("a buffer of %d elements", n)
	}
	d.queue.mu.Lock()
	err := d.queue.state()
	d.queue.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if err := d.reserve(t, n); err != nil {
		return nil, err
	}
	j := job{what: alloc, typ: t, n: n}
	if err := d.ask(&j); err != nil {
		d.unreserve(t, n)
		return nil, err
	}
	return &buffer{dev: d, typ: t, len: n, memory: j.mem}, nil
}

// addressable is what a program can have at most: more than any machine has, or
// what a 32-bit processor leaves.
const addressable int64 = 1 << (30 + 16*(^uint(0)>>63))

func (d *Device) reserve(t device.Type, n int) error {
	limit := addressable
	if d.info.Memory > 0 {
		limit = min(limit, d.info.Memory)
	}
	d.used.Lock()
	defer d.used.Unlock()
	left := limit - d.used.bytes
	if int64(n) > left/int64(t.Size()) {
		return outOfMemory(float64(n)*float64(t.Size()), limit, d.used.bytes)
	}
	d.used.bytes += int64(n) * int64(t.Size())
	return nil
}

func (d *Device) unreserve(t device.Type, n int) {
	d.used.Lock()
	d.used.bytes -= int64(n) * int64(t.Size())
	d.used.Unlock()
}

// release frees a buffer; the caller has the turn.
func (d *Device) release(b *buffer) {
	d.unreserve(b.typ, b.len)
	d.queue.mu.Lock()
	b.freed = true
	d.queue.mu.Unlock()
	d.call(job{what: free, mem: b.memory})
	b.memory, b.spoiled = nil, nil
}

// ask has a job done that needs no turn.
func (d *Device) ask(j *job) error {
	if !d.thread {
		j.run(d.engine)
	} else if err := d.queue.post(j); err != nil {
		return err
	}
	return d.queue.note(j.err)
}

// call has a job done, on the engine's thread if it has one. The caller has the
// turn. Once the device is lost nothing is done any more.
func (d *Device) call(j job) error {
	q := &d.queue
	if err := q.lostBy(); err != nil {
		return err
	}
	if !d.thread {
		j.run(d.engine)
		return q.note(j.err)
	}
	d.handed = j
	q.hand(&d.handed)
	err := d.handed.err
	d.handed = job{}
	return q.note(err)
}

// Launch queues l, or runs it at once if it is small and nothing is before it.
func (d *Device) Launch(ctx context.Context, l *device.Launch) error {
	if err := device.Validate(l); err != nil {
		return err
	}
	if err := d.engine.Check(l); err != nil {
		return err
	}
	if err := d.prepare(l.Kernel); err != nil {
		return err
	}
	inline := !d.thread && d.engine.Inline(l)
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

// manyKernels is the number of kernels after which a device forgets which of them
// were prepared, so that a program that makes kernels without end does not grow.
const manyKernels = 1024

// prepare prepares a kernel that the engine's thread has not seen.
func (d *Device) prepare(k *device.Kernel) error {
	if !d.thread {
		return nil
	}
	d.known.RLock()
	seen := d.known.kernels[k]
	d.known.RUnlock()
	if seen {
		return nil
	}
	if err := d.ask(&job{what: prepare, kernel: k}); err != nil {
		return err
	}
	d.known.Lock()
	defer d.known.Unlock()
	if d.known.kernels == nil || len(d.known.kernels) >= manyKernels {
		d.known.kernels = make(map[*device.Kernel]bool)
	}
	d.known.kernels[k] = true
	return nil
}

// admit checks l against the state of the device, which is locked.
func (d *Device) admit(ctx context.Context, l *device.Launch) error {
	if err := d.queue.state(); err != nil {
		return err
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

// serve executes l in its turn, records the outcome, and ends the turn, whatever
// the kernel's code does.
func (d *Device) serve(ctx context.Context, l *device.Launch) {
	var err error
	start, returned := d.log.now(), false
	defer func() {
		if !returned {
			err = device.Caught("kernel "+l.Kernel.Name, recover())
		}
		clear(d.memory[:])
		d.log.launch(l, start, err)
		d.finish(l, err)
	}()
	err = d.run(ctx, l)
	returned = true
}

// finish spoils what a failed launch should have set, and ends its turn.
func (d *Device) finish(l *device.Launch, err error) {
	err = d.queue.note(err)
	for i := range l.Args {
		r := l.WriteRange(i)
		if r.Len() <= 0 {
			continue
		}
		b := l.Args[i].Buffer.(*buffer)
		if err != nil {
			b.spoiled.spoil(r, err)
		} else {
			b.spoiled.settle(r)
		}
	}
	if err != nil {
		d.queue.fail(err)
	}
	d.queue.leave()
}

// run binds l to memory and executes it.
func (d *Device) run(ctx context.Context, l *device.Launch) error {
	if err := d.queue.lostBy(); err != nil {
		return err
	}
	for i := range l.Args {
		b, ok := l.Args[i].Buffer.(*buffer)
		if !ok {
			continue
		}
		if b.freed {
			return fmt.Errorf("kernel %s: %s: %w", l.Kernel.Name, l.Kernel.Params[i].Name, device.ErrClosed)
		}
		if err := b.spoiled.in(l.ReadRange(i)); err != nil {
			return err
		}
		d.memory[i] = b.memory
	}
	if l.Rows.Len() > 0 && ctx.Err() == nil {
		if err := d.engine.Execute(ctx, l, &d.memory); err != nil {
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
	defer q.leave()
	start := d.log.now()
	err := d.call(job{what: finish, ctx: ctx})
	if d.thread {
		d.log.wait(start, err)
	}
	if err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	err = q.err
	q.err = nil
	return err
}

// Close drops what is queued and waits for what runs. Memory of the host goes
// with the program's last reference to it.
func (d *Device) Close() error {
	d.queue.close()
	d.done.Wait()
	return nil
}
