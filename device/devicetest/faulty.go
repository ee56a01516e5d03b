package devicetest

import (
	"context"
	"fmt"
	gosync "sync"
	"sync/atomic"
	"time"

	"offload/device"
)

// Faulty is d with faults: what runs work on a device is tested by it. But for what
// the faults say, it obeys the contract of devices. Closing it closes d.
func Faulty(d device.Device, faults ...Fault) device.Device {
	f := &faultyDevice{Device: d, closed: make(chan struct{})}
	for _, x := range faults {
		f.faults = append(f.faults, armed{Fault: x})
	}
	return f
}

// FaultyOpen opens devices with faults: the first has those of lives[0], and so on;
// later ones have none. Two lives that end in Lost are a device that is lost again
// after it was opened anew. What Open does itself, such as probes, does not count.
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
	hangs   *Fault    // the one in which the device hangs
	busy    time.Time // when the first launch was queued that nobody has waited for
}

// tripped is what goes wrong in one call.
type tripped struct {
	kinds [Hang + 1]bool
	lost  error // the device was lost before the call, or is lost in it
	first bool  // it is lost in this very call
	stall bool
	hangs *Fault
}

// trip counts a call and tells what goes wrong in it.
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

// wait does a call that waits for the device, with the time that it takes now.
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

// began is when the work began that a call waits for.
func (f *faultyDevice) began() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	start := f.busy
	if f.busy = (time.Time{}); start.IsZero() {
		start = time.Now()
	}
	return start
}

// stop waits as long as a device that does not answer lets one wait.
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

// Close wakes those who stall.
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
