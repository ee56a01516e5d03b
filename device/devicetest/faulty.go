package devicetest

import (
	"context"
	"fmt"
	gosync "sync"
	"sync/atomic"
	"time"

	"offload/device"
)

// Faulty returns d with injected faults, to test the code above devices. Apart from the
// faults it behaves like a correct device. Closing it closes d.
func Faulty(d device.Device, faults ...Fault) device.Device {
	f := &faultyDevice{Device: d, closed: make(chan struct{})}
	for _, x := range faults {
		f.faults = append(f.faults, armed{Fault: x})
	}
	return f
}

// FaultyOpen returns an Open for devices with faults: the first has those of lives[0],
// and so on; later ones have none. Two lives that end in Lost give a device that is lost
// again after it was reopened. Calls within Open, such as probes, do not count.
func FaultyOpen(open Open, lives ...[]Fault) Open {
	var opened atomic.Int64
	return func(ctx context.Context, o device.Options) (device.Device, error) {
		d, err := open(ctx, o)
		if err != nil {
			return nil, err
		}
		if life := int(opened.Add(1)) - 1; life < len(lives) {
			return Faulty(d, lives[life]...), nil
		}
		return Faulty(d), nil
	}
}

// faultyDevice injects faults into calls of a device.
type faultyDevice struct {
	device.Device
	closed chan struct{}
	once   gosync.Once

	mu      gosync.Mutex
	faults  []armed
	lost    error
	stalled bool
	hangs   *Fault    // the fault in which the device hangs
	busy    time.Time // when the first launch without a later wait was queued
}

// tripped is the set of faults of one call.
type tripped struct {
	kinds [Hang + 1]bool
	lost  error // the device was lost before the call, or is lost in it
	first bool  // it is lost in this call
	stall bool
	hangs *Fault
}

// trip counts a call and returns its faults.
func (f *faultyDevice) trip(c CallKind) tripped {
	f.mu.Lock()
	defer f.mu.Unlock()
	var t tripped
	for i := range f.faults {
		if a := &f.faults[i]; a.trips(c) {
			t.kinds[a.Kind] = true
			if a.Kind == Hang && f.hangs == nil {
				f.hangs = &a.Fault
			}
		}
	}
	if t.kinds[Lost] && f.lost == nil {
		f.lost = fmt.Errorf("%w: as a test wants it, in a call of %v", device.ErrLost, c)
		t.first = true
	}
	f.stalled = f.stalled || t.kinds[Stall]
	t.lost, t.stall, t.hangs = f.lost, f.stalled, f.hangs
	if c == LaunchCall && f.busy.IsZero() {
		f.busy = time.Now()
	}
	return t
}

// wait performs a call that waits for the device, slowed down if needed.
func (f *faultyDevice) wait(ctx context.Context, t tripped, call func() error) error {
	if t.hangs != nil {
		return t.hangs.wait()
	}
	select {
	case <-f.closed:
		return call()
	default:
	}
	if t.stall {
		return f.stop(ctx)
	}
	if t.lost != nil {
		return t.lost
	}
	start := f.began()
	err := call()
	if err != nil || !t.kinds[Slow] {
		return err
	}
	late := time.NewTimer(9 * time.Since(start))
	defer late.Stop()
	select {
	case <-late.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-f.closed:
		return device.ErrClosed
	}
}

// wait waits for the end of a Hang.
func (f *Fault) wait() error {
	<-f.Until
	return fmt.Errorf("%w: it hung, as a test wants it", device.ErrLost)
}

// began returns when the work that a call waits for began.
func (f *faultyDevice) began() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	start := f.busy
	if f.busy = (time.Time{}); start.IsZero() {
		start = time.Now()
	}
	return start
}

// stop waits until ctx is done or the device is closed, like a call of a device that does
// not answer.
func (f *faultyDevice) stop(ctx context.Context) error {
	select {
	case <-f.closed:
		return device.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (f *faultyDevice) Alloc(typ device.Type, n int) (device.Buffer, error) {
	t := f.trip(AllocCall)
	var b device.Buffer
	err := f.wait(context.Background(), t, func() (err error) {
		if t.kinds[OutOfMemory] {
			return fmt.Errorf("%w: as a test wants it", device.ErrOutOfMemory)
		}
		b, err = f.Device.Alloc(typ, n)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &faultyBuffer{Buffer: b, dev: f}, nil
}

func (f *faultyDevice) Sync(ctx context.Context) error {
	return f.wait(ctx, f.trip(SyncCall), func() error { return f.Device.Sync(ctx) })
}

// Close ends stalled calls.
func (f *faultyDevice) Close() error {
	f.mu.Lock()
	hangs := f.hangs
	f.mu.Unlock()
	if hangs != nil {
		hangs.wait()
	}
	f.once.Do(func() { close(f.closed) })
	return f.Device.Close()
}

// faultyBuffer is a buffer of a faultyDevice.
type faultyBuffer struct {
	device.Buffer
	dev *faultyDevice
}

func (b *faultyBuffer) Write(ctx context.Context, off int, src device.Slice) error {
	t := b.dev.trip(WriteCall)
	return b.dev.wait(ctx, t, func() error {
		if t.kinds[BitFlip] {
			src = src.Clone()
			flip(src)
		}
		return b.Buffer.Write(ctx, off, src)
	})
}

func (b *faultyBuffer) Wait(ctx context.Context) error {
	return b.dev.wait(ctx, b.dev.trip(SyncCall), func() error { return b.Buffer.Wait(ctx) })
}

func (b *faultyBuffer) Read(ctx context.Context, off int, dst device.Slice) error {
	t := b.dev.trip(ReadCall)
	return b.dev.wait(ctx, t, func() error {
		if t.kinds[Truncated] && dst.Len() > 0 && off >= 0 && dst.Len() <= b.Len()-off {
			dst = dst.Sub(0, dst.Len()/2)
		}
		if err := b.Buffer.Read(ctx, off, dst); err != nil {
			return err
		}
		if t.kinds[BitFlip] {
			flip(dst)
		}
		return nil
	})
}

// Launch queues l with its faults.
func (f *faultyDevice) Launch(ctx context.Context, l *device.Launch) error {
	t := f.trip(LaunchCall)
	inner := &device.Launch{Kernel: l.Kernel, Rows: l.Rows, Args: make([]device.Arg, len(l.Args))}
	for i, a := range l.Args {
		if b, ok := a.Buffer.(*faultyBuffer); ok && b.dev == f {
			a.Buffer = b.Buffer
		}
		inner.Args[i] = a
	}
	if t.hangs != nil {
		return t.hangs.wait()
	}
	select {
	case <-f.closed:
		return f.Device.Launch(ctx, inner)
	default:
	}
	switch {
	case t.lost != nil && !t.first:
		return t.lost
	case t.lost != nil, t.stall, t.kinds[Stale]:
		return device.Validate(l)
	case t.kinds[OutOfMemory]:
		inner.Kernel = failing(l.Kernel, fmt.Errorf("%w: as a test wants it", device.ErrOutOfMemory))
	}
	if err := f.Device.Launch(ctx, inner); err != nil {
		return err
	}
	if t.kinds[BitFlip] {
		return flipOutput(ctx, inner)
	}
	return nil
}

// failing returns k with code that only fails with err.
func failing(k *device.Kernel, err error) *device.Kernel {
	bad := *k
	bad.Contract = func(*device.Tile) { panic(err) }
	bad.Host = nil
	if k.Shader != nil {
		shader := *k.Shader
		shader.Plan = func(*device.Launch, device.ShaderLimits, *device.ShaderPlan) { panic(err) }
		bad.Shader = &shader
	}
	return &bad
}

// flipOutput inverts a bit in the middle of the first output of l, unless l has failed by
// itself.
func flipOutput(ctx context.Context, l *device.Launch) error {
	for i := range l.Args {
		r := l.WriteRange(i)
		if r.Len() <= 0 {
			continue
		}
		b, at := l.Args[i].Buffer, (r.Lo+r.Hi)/2
		x := device.MakeSlice(b.Type(), 1)
		if err := b.Read(ctx, at, x); err != nil {
			return nil
		}
		flip(x)
		return b.Write(ctx, at, x)
	}
	return nil
}

// flip inverts the second highest bit of the middle element: an exponent bit of a
// floating-point number.
func flip(s device.Slice) {
	if s.Len() == 0 {
		return
	}
	x := s.Sub(s.Len()/2, s.Len()/2+1).Bytes()
	x[len(x)-1] ^= 0x40
}
