// Package simulated provides devices for tests that run the contracts of kernels on the
// host and take the time of a model: start-up, latency, bandwidth, and a rate for each
// kernel. They sleep for that time, so that in a bubble of testing/synctest, where time
// is virtual, tests of scheduling and splitting are deterministic and take no time.
package simulated

import (
	"context"
	"slices"
	"sync"
	"time"

	"offload/device"
	"offload/device/queue"
)

// Open returns a function that opens a device of that model.
func Open(m Model) func(ctx context.Context, o device.Options) (device.Device, error) {
	return func(ctx context.Context, o device.Options) (device.Device, error) { return open(ctx, m, o) }
}

func open(ctx context.Context, m Model, o device.Options) (device.Device, error) {
	if m.Class == "" {
		m.Class = device.GPU
	}
	if m.Precisions == nil {
		m.Precisions = []device.Type{device.Float32, device.Float64}
	}
	info := device.Info{
		Backend:    "simulated",
		Name:       "simulated " + m.Name,
		Class:      m.Class,
		Precisions: m.Precisions,
		Math:       device.Exact,
		Workers:    1,
		Memory:     m.Memory,
		Variant:    "contract",
		Notes:      o.Notes,
	}
	probed := o.Kernels
	if m.Dry {
		probed = nil
	}
	d, err := queue.Open(ctx, info, &engine{model: m}, probed)
	if err != nil {
		return nil, err
	}
	d.Observe(o.Recorder)
	if !m.Dry {
		return d, nil
	}
	claimed := &dry{Device: d}
	for _, k := range o.Kernels {
		claimed.exact = append(claimed.exact, k.Name)
	}
	return claimed, nil
}

// dry is a device that reports kernels as exact which it does not compute.
type dry struct {
	device.Device
	exact []string
}

func (d *dry) Info() device.Info {
	i := d.Device.Info()
	i.Exact = slices.Clone(d.exact)
	return i
}

// engine runs contracts and sleeps for the time of the model.
type engine struct {
	model   Model
	binding device.Binding
	tile    device.Tile

	mu    sync.Mutex
	ticks int64     // of all sleeps that have ended
	since time.Time // start of the current sleep; zero if there is none
}

// tick is the time of work after which a device shows progress.
const tick = 10 * time.Millisecond

// Progress returns the number of ticks of launches and transfers, which distinguishes a
// long one from one that hangs.
func (e *engine) Progress() int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.progress()
}

func (e *engine) progress() int64 {
	if e.since.IsZero() {
		return e.ticks
	}
	return e.ticks + int64(time.Since(e.since)/tick)
}

func (e *engine) Check(*device.Launch) error   { return nil }
func (e *engine) Prepare(*device.Kernel) error { return nil }

func (e *engine) Alloc(t device.Type, n int) (queue.Memory, error) {
	m := &memory{engine: e}
	if !e.model.Dry {
		m.data = device.MakeSlice(t, n)
	}
	return m, nil
}

// Execute first takes the time of the model, like a device whose results are available
// only at the end.
func (e *engine) Execute(ctx context.Context, l *device.Launch, mem *[device.MaxParams]queue.Memory) error {
	e.sleep(ctx, e.model.Launch(l.Kernel.Name, device.CostOf(l)))
	if e.model.Dry || ctx.Err() != nil {
		return nil // the queue reports the context's error
	}
	e.binding.Launch, e.binding.Ctx = l, ctx
	for i := range l.Args {
		if m, ok := mem[i].(*memory); ok {
			a := &l.Args[i]
			e.binding.Views[i] = m.data.Sub(a.Offset, a.Offset+a.Len)
		}
	}
	e.binding.Tile(&e.tile, l.Rows, 0, nil)
	l.Kernel.Contract(&e.tile)
	return nil
}

// Inline returns false: a launch returns before its time has passed.
func (e *engine) Inline(context.Context, *device.Launch) bool { return false }

// Finish returns at once, because Execute returns when the launch is done.
func (e *engine) Finish(context.Context) error { return nil }

func (e *engine) Close() {}

// memory is a buffer's memory, without data if the device is dry.
type memory struct {
	engine *engine
	data   device.Slice
}

func (m *memory) Write(ctx context.Context, off int, src device.Slice) error {
	if err := m.engine.sleep(ctx, m.engine.model.Transfer(len(src.Bytes()))); err != nil {
		return err
	}
	if !m.engine.model.Dry {
		m.data.Sub(off, off+src.Len()).Copy(src)
	}
	return nil
}

func (m *memory) Read(ctx context.Context, off int, dst device.Slice) error {
	if err := m.engine.sleep(ctx, m.engine.model.Transfer(len(dst.Bytes()))); err != nil {
		return err
	}
	if m.engine.model.Dry {
		clear(dst.Bytes())
		return nil
	}
	dst.Copy(m.data.Sub(off, off+dst.Len()))
	return nil
}

func (m *memory) Free() { m.data = device.Slice{} }

// sleep waits for d, or until ctx is done, and then returns the error of ctx.
func (e *engine) sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	e.wake(time.Now())
	defer func() { e.wake(time.Time{}) }()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// wake ends the current sleep and records the start of the next one.
func (e *engine) wake(next time.Time) {
	e.mu.Lock()
	e.ticks, e.since = e.progress(), next
	e.mu.Unlock()
}

// Model describes a device and its speed.
type Model struct {
	Name  string
	Class device.Class // "" means a GPU

	Start     time.Duration      // of each launch, before its work
	Latency   time.Duration      // of each transfer
	Bandwidth float64            // bytes per second of transfers; 0: without limit
	Rates     map[string]float64 // of kernels by name: Cost.Items per second
	Rate      float64            // of other kernels; 0: without limit

	Memory     int64         // limit of buffers in bytes; 0: without limit
	Precisions []device.Type // nil: both

	// Dry models only the time: nothing is computed or stored, reads return zeros, and
	// Info.Exact lists the kernels without a test. It is for sizes too large to
	// compute.
	Dry bool
}

// Launch returns the time of a launch of that cost.
func (m Model) Launch(kernel string, c device.Cost) time.Duration {
	rate, ok := m.Rates[kernel]
	if !ok {
		rate = m.Rate
	}
	return m.Start + duration(c.Items, rate)
}

// Transfer returns the time of a write or a read.
func (m Model) Transfer(bytes int) time.Duration {
	return m.Latency + duration(float64(bytes), m.Bandwidth)
}

// duration returns the time of an amount at a rate per second.
func duration(amount, rate float64) time.Duration {
	if rate <= 0 {
		return 0
	}
	return time.Duration(amount / rate * float64(time.Second))
}
