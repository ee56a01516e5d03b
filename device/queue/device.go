package queue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"offload/device"
)

// Device is a device with one in-order queue.
type Device struct {
	info   device.Info
	engine Engine
	thread bool // the engine belongs to the dispatcher's thread
	queue  queue
	memory [device.MaxParams]Memory // of the launch being served
	handed job                      // of the holder of the turn
	done   sync.WaitGroup           // the dispatcher
	ended  bool                     // the engine is closed; used by the dispatcher only
	log    log

	progress atomic.Int64
	freeing  atomic.Int64 // freed buffers whose memory is not yet released
	known    struct {
		sync.Map // kernels whose code has run to completion, as keys
		count    atomic.Int64
	}
	used struct {
		sync.Mutex
		bytes int64 // of all buffers
	}
}

// Open returns a device that runs an engine whose methods may be called from any
// goroutine, after probing kernels. The caller sets all fields of info but Exact. If e is
// a device.Owner, it computes in places, which waits for the device lend.
func Open(ctx context.Context, info device.Info, e Engine, kernels []*device.Kernel) (*Device, error) {
	d := &Device{info: info, engine: e}
	d.queue.init()
	d.queue.owner, _ = e.(device.Owner)
	d.done.Add(1)
	go d.dispatch()
	if err := d.Probe(ctx, kernels); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// Probe sets Info.Exact to the kernels that equal their contracts. It must be called
// before the device is used.
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

// Alloc allocates a buffer of n zeros.
func (d *Device) Alloc(t device.Type, n int) (device.Buffer, error) {
	if n < 0 {
		return nil, device.Invalidf("a buffer of %d elements", n)
	}
	if err := d.accepts(t); err != nil {
		return nil, err
	}
	b, err := d.alloc(t, n)
	if errors.Is(err, device.ErrOutOfMemory) && d.freeing.Load() > 0 { // memory that the queue still uses
		if err = d.Sync(context.Background()); err == nil {
			b, err = d.alloc(t, n)
		}
	}
	if err != nil {
		return nil, err
	}
	return b, nil
}

// accepts returns why the device has no buffers of type t, or nil if it has.
func (d *Device) accepts(t device.Type) error {
	if t.Size() == 0 || t == device.Float64 && !slices.Contains(d.info.Precisions, t) {
		return fmt.Errorf("%w: elements of type %v", device.ErrUnsupported, t)
	}
	d.queue.mu.Lock()
	defer d.queue.mu.Unlock()
	return d.queue.state()
}

// Wrap implements device.Wrapper.
func (d *Device) Wrap(s device.Slice) (device.Buffer, error) {
	w, ok := d.engine.(Wrapper)
	if !ok {
		return nil, fmt.Errorf("%w: buffers in the host's memory", device.ErrUnsupported)
	}
	if err := d.accepts(s.Type()); err != nil {
		return nil, err
	}
	return &buffer{dev: d, typ: s.Type(), len: s.Len(), memory: w.Wrap(s), wrapped: true}, nil
}

func (d *Device) alloc(t device.Type, n int) (*buffer, error) {
	if err := d.reserve(t, n); err != nil {
		return nil, err
	}
	j := job{what: alloc, ctx: context.Background(), typ: t, n: n}
	if err := d.ask(&j); err != nil {
		d.unreserve(t, n)
		return nil, err
	}
	return &buffer{dev: d, typ: t, len: n, memory: j.mem}, nil
}

// addressable is the largest total size of buffers, in bytes: more than the memory of any
// machine (2⁴⁶), or 2³⁰ on a 32-bit processor.
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
		i := device.Info{Backend: d.info.Backend, Memory: left, Limit: d.info.Limit}
		return i.OutOfMemory("a buffer", float64(n)*float64(t.Size()))
	}
	d.used.bytes += int64(n) * int64(t.Size())
	return nil
}

func (d *Device) unreserve(t device.Type, n int) {
	d.used.Lock()
	d.used.bytes -= int64(n) * int64(t.Size())
	d.used.Unlock()
}

// release frees a buffer's memory in a turn, on the engine's thread if it has one, and
// ends the turn.
func (d *Device) release(b *buffer) {
	if d.queue.lostBy() == nil {
		b.memory.Free()
	}
	b.memory, b.spoiled = nil, nil
	if !b.wrapped {
		d.unreserve(b.typ, b.len)
	}
	d.freeing.Add(-1)
	d.queue.leave(context.Background(), device.Lent{})
}

// ask runs a job that needs no turn.
func (d *Device) ask(j *job) error {
	if !d.thread {
		j.run(d.engine)
	} else if err := d.queue.post(j); err != nil {
		return err
	}
	return d.queue.note(j.err)
}

// errLeft is the error of a job that nothing waits for any more. The job then has the
// turn.
var errLeft = errors.New("the wait was given up")

// call runs a job, on the engine's thread if it has one. The caller has the turn, unless
// the error is errLeft. Once the device is lost, call returns its error and does nothing.
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
	if !q.hand(&d.handed) {
		return errLeft
	}
	err := d.handed.err
	d.handed = job{}
	return q.note(err)
}

// Launch queues l, or runs it at once if it is small and the queue is empty. Code of a
// kernel that is new to the device always runs on a goroutine of the device, because it
// may call runtime.Goexit.
func (d *Device) Launch(ctx context.Context, l *device.Launch) error {
	seen, err := d.check(ctx, l)
	if err != nil {
		return err
	}
	q := &d.queue
	q.mu.Lock()
	if err := d.admit(ctx, l); err != nil {
		q.mu.Unlock()
		return err
	}
	if !seen || d.thread || !q.idle() {
		q.push(ctx, l)
		q.mu.Unlock()
		return nil
	}
	q.taken = true
	q.mu.Unlock()
	d.serve(ctx, l, true)
	return nil
}

// check refuses invalid launches, and reports whether the kernel has run here before. A
// new kernel is prepared, and its own checks are guarded.
func (d *Device) check(ctx context.Context, l *device.Launch) (seen bool, err error) {
	if l != nil && l.Kernel != nil {
		_, seen = d.known.Load(l.Kernel)
	}
	if seen {
		err = device.Validate(l)
	} else {
		err = device.Guard(nameOf(l), func() error { return device.Validate(l) })
	}
	if err != nil {
		return seen, err
	}
	if err := d.engine.Check(l); err != nil {
		return seen, err
	}
	if !seen && d.thread {
		return seen, d.ask(&job{what: prepare, ctx: ctx, kernel: l.Kernel})
	}
	return seen, nil
}

// nameOf returns the name of l's code for errors.
func nameOf(l *device.Launch) string {
	if l == nil || l.Kernel == nil {
		return "a launch"
	}
	return "kernel " + l.Kernel.Name
}

// manyKernels is the number of known kernels at which a device forgets all of them, so
// that a program that creates kernels endlessly uses bounded memory.
const manyKernels = 1024

// learn records a kernel whose code has run to completion.
func (d *Device) learn(k *device.Kernel) {
	if _, seen := d.known.LoadOrStore(k, nil); seen {
		return
	}
	if d.known.count.Add(1) > manyKernels {
		d.known.count.Store(0)
		d.known.Clear()
	}
}

// admit checks l against the state of the device, which is locked, and waits for room in
// the queue.
func (d *Device) admit(ctx context.Context, l *device.Launch) error {
	if err := d.queue.state(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := d.queue.admit(ctx); err != nil {
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
	return nil
}

// errLarge means that a launch is too large to run in its caller.
var errLarge = errors.New("launch is for the dispatcher")

// serve executes l in its turn, records the outcome and ends the turn, even if the
// kernel's code panics or calls Goexit. It hands launches that are too large for the
// caller to the dispatcher.
func (d *Device) serve(ctx context.Context, l *device.Launch, caller bool) {
	var err error
	start, returned := d.log.now(), false
	defer func() {
		if !returned {
			err = device.Caught(nameOf(l), recover())
		}
		clear(d.memory[:])
		if err == errLarge {
			d.queue.begin(ctx, l)
			return
		}
		d.log.launch(l, start, err)
		d.finish(ctx, l, err)
	}()
	err = d.run(ctx, l, caller)
	returned = true
}

// finish spoils the outputs of a failed launch, and ends its turn.
func (d *Device) finish(ctx context.Context, l *device.Launch, err error) {
	err = d.queue.note(err)
	for i := range l.Args {
		r := l.WriteRange(i)
		if r.Len() <= 0 {
			continue
		}
		b := l.Args[i].Buffer.(*buffer)
		if err != nil {
			b.spoiled.Spoil(r, err)
		} else {
			b.spoiled.Settle(r)
		}
	}
	if err == nil && l.Rows.Len() > 0 {
		d.learn(l.Kernel)
	}
	if ctx.Err() == nil { // a cancelled launch is not progress
		d.progress.Add(1)
	}
	d.queue.leave(ctx, device.Lent{})
}

// run binds l to memory and executes it; in its caller only if Engine.Inline reports
// true.
func (d *Device) run(ctx context.Context, l *device.Launch, caller bool) error {
	if err := d.queue.lostBy(); err != nil {
		return err
	}
	for i := range l.Args {
		b, ok := l.Args[i].Buffer.(*buffer)
		if !ok {
			continue
		}
		if err := b.spoiled.In(l.ReadRange(i)); err != nil {
			return err
		}
		d.memory[i] = b.memory
	}
	if l.Rows.Len() > 0 && ctx.Err() == nil {
		if caller && !d.engine.Inline(ctx, l) {
			return errLarge
		}
		if err := d.engine.Execute(ctx, l, &d.memory); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("kernel %s: %w", l.Kernel.Name, err)
	}
	return nil
}

// Sync waits for queued work and returns the error of a closed or lost device.
func (d *Device) Sync(ctx context.Context) error { return d.wait(ctx, nil) }

// wait waits for queued work, and returns the error of a spoiled part of b if b is not
// nil.
func (d *Device) wait(ctx context.Context, b *buffer) error {
	q := &d.queue
	lent, err := q.enter(ctx, b)
	if err != nil {
		return err
	}
	start := d.log.now()
	err = d.call(job{what: finish, ctx: ctx})
	if err == errLeft {
		lent.Return(ctx)
		return ctx.Err()
	}
	if d.thread {
		d.log.wait(start, err)
	}
	if err == nil && b != nil {
		err = b.damage(device.Range{Hi: b.len})
	}
	q.leave(ctx, lent)
	return err
}

// Counters returns the device's progress; the other counters are 0.
func (d *Device) Counters() device.Counters {
	n := d.progress.Load()
	if e, ok := d.engine.(Progressive); ok {
		n += e.Progress()
	}
	return device.Counters{Progress: n}
}

// Held returns the engine's place that the caller occupies, or nil.
func (d *Device) Held(ctx context.Context) device.Place {
	if d.queue.owner == nil {
		return nil
	}
	return d.queue.owner.Held(ctx)
}

// Parts returns nil: the device is not a composite.
func (d *Device) Parts() []device.Device { return nil }

// Report returns nil.
func (d *Device) Report() []string { return nil }

// Close drops queued work and waits for running work. Host memory is left to the garbage
// collector.
func (d *Device) Close() error {
	d.queue.close()
	d.done.Wait()
	return nil
}
