package hybrid_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"offload/device"
	"offload/device/hybrid"
	"offload/internal/simulated"
	"offload/kernels"
)

// deaf is a device whose driver stops answering in calls of one kind, whatever becomes
// of their contexts, until it is released; it cannot be closed before, either. Then the
// calls go on.
type deaf struct {
	device.Device
	hangs    atomic.Value // the kind of call
	released chan struct{}
}

func (d *deaf) call(kind string) {
	if at := d.hangs.Load(); at == kind || kind == "close" && at != nil {
		<-d.released
	}
}

func (d *deaf) Alloc(t device.Type, n int) (device.Buffer, error) {
	d.call("alloc")
	b, err := d.Device.Alloc(t, n)
	return &deafBuffer{b, d}, err
}

func (d *deaf) Launch(ctx context.Context, l *device.Launch) error {
	d.call("launch")
	inner := device.Launch{Kernel: l.Kernel, Rows: l.Rows, Args: slices.Clone(l.Args)}
	for i, a := range inner.Args {
		if b, ok := a.Buffer.(*deafBuffer); ok {
			inner.Args[i].Buffer = b.Buffer
		}
	}
	return d.Device.Launch(ctx, &inner)
}

func (d *deaf) Close() error { d.call("close"); return d.Device.Close() }

type deafBuffer struct {
	device.Buffer
	dev *deaf
}

func (b *deafBuffer) Write(ctx context.Context, off int, src device.Slice) error {
	b.dev.call("write")
	return b.Buffer.Write(ctx, off, src)
}

func (b *deafBuffer) Read(ctx context.Context, off int, dst device.Slice) error {
	b.dev.call("read")
	return b.Buffer.Read(ctx, off, dst)
}

func (b *deafBuffer) Wait(ctx context.Context) error { b.dev.call("wait"); return b.Buffer.Wait(ctx) }
func (b *deafBuffer) Free() error                    { b.dev.call("free"); return b.Buffer.Free() }

// halves splits launches evenly over a device of class first, which is the home, and a
// GPU; wrap makes of each what is to be a part.
func halves(t *testing.T, first device.Class, wrap func(i int, d device.Device) device.Device) *hybrid.Device {
	t.Helper()
	ctx := context.Background()
	var parts []device.Device
	for i, m := range []simulated.Model{
		{Name: "home", Class: first, Rate: 1e4, Latency: 3 * time.Millisecond},
		{Name: "gpu", Rate: 1e4, Latency: 3 * time.Millisecond},
	} {
		d, err := simulated.Open(m)(ctx, device.Options{})
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, wrap(i, d))
	}
	d, err := hybrid.Open(ctx, parts, hybrid.Options{Shares: []float64{1, 1}})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestDeafPart: a call that needs a part that hangs returns when its context ends, and
// its slice is the caller's again. Those who have time are served by the other part
// once the silence was too long, if that has the data. Close says which part is left.
func TestDeafPart(t *testing.T) {
	const rows, deadline, within = 1000, 50 * time.Millisecond, 2500 * time.Millisecond
	for _, c := range []struct {
		hangs string
		deaf  int // the part
		first device.Class
		call  func(ctx context.Context, d device.Device, u, v, w device.Buffer, s device.Slice) error
		want  error // of a call without a deadline
	}{
		{"alloc", 1, device.CPU, alloc, nil},
		{"free", 1, device.CPU, free, nil},
		{"write", 0, device.GPU, write, nil},
		{"write", 1, device.CPU, launch, nil}, // of what its half reads
		{"launch", 1, device.CPU, launch, nil},
		{"launch", 0, device.GPU, launch, device.ErrLost}, // only the home has the input
		{"wait", 1, device.CPU, launch, nil},
		{"read", 1, device.CPU, read, device.ErrLost}, // of its half of a result
		{"read", 0, device.GPU, launch, device.ErrLost},
	} {
		virtually(t, c.hangs+" of "+string(c.first), func(t *testing.T) {
			ctx := context.Background()
			var part *deaf
			d := halves(t, c.first, func(i int, d device.Device) device.Device {
				if i != c.deaf {
					return d
				}
				part = &deaf{Device: d, released: make(chan struct{})}
				return part
			})
			input := slices.Repeat([]float32{1}, rows)
			u, err := device.Upload(ctx, d, input)
			if err != nil {
				t.Fatal(err)
			}
			v, w := mustAlloc(t, d, rows), mustAlloc(t, d, rows)
			// Each part has half of v, and u has to be brought anew to the second.
			if err := errors.Join(copyRows(ctx, d, u, v), v.Wait(ctx), u.Write(ctx, 0, device.Of(input))); err != nil {
				t.Fatal(err)
			}
			part.hangs.Store(c.hangs)

			short, cancel := context.WithTimeout(ctx, deadline)
			defer cancel()
			start, s := time.Now(), slices.Clone(input)
			err = c.call(short, d, u, v, w, device.Of(s))
			switch took := time.Since(start); {
			case c.hangs == "alloc" || c.hangs == "free": // which have no context
				if err != nil || took > within {
					t.Errorf("%v after %v", err, took)
				}
			case !errors.Is(err, context.DeadlineExceeded) || took != deadline:
				t.Errorf("with a deadline of %v: %v after %v", deadline, err, took)
			}
			clear(s)
			start = time.Now()
			if err := c.call(ctx, d, u, v, w, device.Of(slices.Clone(input))); !errors.Is(err, c.want) || time.Since(start) > within {
				t.Errorf("without a deadline: %v after %v, want %v", err, time.Since(start), c.want)
			}
			if c.want == nil { // the device goes on with the other part
				y := mustAlloc(t, d, rows)
				if err := errors.Join(u.Write(ctx, 0, device.Of(input)), copyRows(ctx, d, u, y)); err != nil {
					t.Error(err)
				}
				if got, err := device.Download[float32](ctx, y); err != nil || !slices.Equal(got, input) {
					t.Errorf("afterwards: %v, or wrong values", err)
				}
			}
			if r := strings.Join(d.Report(), "\n"); !strings.Contains(r, "left: device lost") {
				t.Errorf("the report does not name the part that left: %q", r)
			}
			start = time.Now()
			if err := d.Close(); err == nil || !strings.Contains(err.Error(), "simulated") || time.Since(start) > within {
				t.Errorf("Close: %v after %v", err, time.Since(start))
			}
			close(part.released)
			time.Sleep(time.Second)
			if slices.Max(s) != 0 {
				t.Error("the part has written to the slice of a caller who was gone")
			}
		})
	}
}

func mustAlloc(t *testing.T, d device.Device, n int) device.Buffer {
	t.Helper()
	b, err := d.Alloc(device.Float32, n)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func alloc(_ context.Context, d device.Device, _, _, _ device.Buffer, _ device.Slice) error {
	_, err := d.Alloc(device.Float32, 10)
	return err
}

func free(_ context.Context, d device.Device, _, _, w device.Buffer, _ device.Slice) error {
	if err := w.Free(); !errors.Is(err, device.ErrClosed) { // at the second time
		return err
	}
	return nil
}

func write(ctx context.Context, _ device.Device, u, _, _ device.Buffer, s device.Slice) error {
	return u.Write(ctx, 0, s)
}

func read(ctx context.Context, _ device.Device, _, v, _ device.Buffer, s device.Slice) error {
	return v.Read(ctx, 0, s)
}

func launch(ctx context.Context, d device.Device, u, _, w device.Buffer, _ device.Slice) error {
	if err := copyRows(ctx, d, u, w); err != nil {
		return err
	}
	return w.Wait(ctx)
}

// threaded is a device whose buffers are made on the thread that its launches run on.
type threaded struct {
	device.Device
	thread chan struct{}
}

func (d *threaded) Launch(ctx context.Context, l *device.Launch) error {
	d.thread <- struct{}{}
	if err := d.Device.Launch(ctx, l); err != nil {
		<-d.thread
		return err
	}
	go func() { d.Device.Sync(context.Background()); <-d.thread }()
	return nil
}

func (d *threaded) Alloc(t device.Type, n int) (device.Buffer, error) {
	d.thread <- struct{}{}
	defer func() { <-d.thread }()
	return d.Device.Alloc(t, n)
}

// TestBusyPartStays: a part at a long launch answers late, and is not lost; nor is one that
// is a hundred times as slow as the other.
func TestBusyPartStays(t *testing.T) {
	for name, wrap := range map[string]func(d device.Device) device.Device{
		"answers at once":      func(d device.Device) device.Device { return d },
		"answers when it ends": func(d device.Device) device.Device { return &threaded{d, make(chan struct{}, 1)} },
	} {
		virtually(t, name, func(t *testing.T) {
			ctx := context.Background()
			d := halves(t, device.CPU, func(i int, d device.Device) device.Device {
				if i == 0 {
					return d
				}
				d.Close()
				slow, err := simulated.Open(simulated.Model{Name: "slow", Rate: 100})(ctx, device.Options{})
				if err != nil {
					t.Fatal(err)
				}
				return wrap(slow)
			})
			defer d.Close()
			u, v := mustAlloc(t, d, 20_000), mustAlloc(t, d, 20_000)
			if err := copyRows(ctx, d, u, v); err != nil { // 100 s, 1 s for the host
				t.Fatal(err)
			}
			for range 3 {
				time.Sleep(3 * time.Second)
				mustAlloc(t, d, 10)
			}
			if err := v.Wait(ctx); err != nil {
				t.Fatal(err)
			}
			if len(d.Parts()) != 2 {
				t.Errorf("a part that was busy was taken for lost: %v", d.Report())
			}
		})
	}
}

// TestProgress: the device shows the progress of its parts within a launch.
func TestProgress(t *testing.T) {
	virtually(t, "launch of 5 s", func(t *testing.T) {
		ctx := context.Background()
		d := halves(t, device.CPU, func(_ int, d device.Device) device.Device { return d })
		defer d.Close()
		u, v := mustAlloc(t, d, 100_000), mustAlloc(t, d, 100_000)
		if err := copyRows(ctx, d, u, v); err != nil {
			t.Fatal(err)
		}
		before := d.Counters().Progress
		for range 4 {
			time.Sleep(time.Second)
			now := d.Counters().Progress
			if now <= before {
				t.Errorf("no progress within a second: %d, then %d", before, now)
			}
			before = now
		}
	})
}

// TestOpenWithDeafParts: Open ends with its context, too.
func TestOpenWithDeafParts(t *testing.T) {
	virtually(t, "launch", func(t *testing.T) {
		released := make(chan struct{})
		var parts []device.Device
		for range 2 {
			d, err := simulated.Open(simulated.Model{})(context.Background(), device.Options{Kernels: kernels.All()})
			if err != nil {
				t.Fatal(err)
			}
			part := &deaf{Device: d, released: released}
			part.hangs.Store("launch")
			parts = append(parts, part)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		start := time.Now()
		if _, err := hybrid.Open(ctx, parts, hybrid.Options{Kernels: kernels.All()}); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 10*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		close(released)
	})
}
