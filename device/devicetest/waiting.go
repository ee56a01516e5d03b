package devicetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	gosync "sync"
	"testing"
	"time"

	"offload/device"
)

// A wait whose context ends returns soon after, even on a busy machine.
const (
	brief = 10 * time.Millisecond
	bound = 2 * time.Second
)

// testWaiting: waits for data report the errors of the data, and end with their contexts.
func (s suite) testWaiting(t *testing.T) {
	d := s.device(t)
	t.Run("idle", func(t *testing.T) { testWaitIdle(t, d) })
	t.Run("spoiled", func(t *testing.T) { testWaitSpoiled(t, d) })
	t.Run("several", func(t *testing.T) { testWaitSeveral(t, d) })
	t.Run("gone", s.testWaitGone)
	t.Run("given up", s.testWaitGivenUp)
	t.Run("another's error", s.testAnothersError)
}

// keepBusy gives d work until release is called or the test ends. On a device without
// host code it is work of some duration, and held is false.
func keepBusy(t *testing.T, d device.Device) (release func(), held bool) {
	t.Helper()
	if !runsHostCode(t, d) {
		out := upload(t, d, make([]uint32, busyRows))
		launch(t, d, spin(), busyRows, device.Val(int32(2*busySteps)), device.Vec(out))
		return func() {}, false
	}
	begun, open := make(chan struct{}), make(chan struct{})
	launch(t, d, slow(begun, open), 4, device.Vec(upload(t, d, make([]int32, 4))))
	<-begun
	release = gosync.OnceFunc(func() { close(open) })
	t.Cleanup(release)
	return release, true
}

// within calls f with a context that ends after a moment, and returns another error if
// f takes much longer.
func within(f func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), brief)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	select {
	case err := <-done:
		return err
	case <-time.After(bound):
		return fmt.Errorf("no return within %v, with a context of %v", bound, brief)
	}
}

// broken launches a kernel that panics in row 7, on rows 5 to 15 of y.
func broken(t *testing.T, d device.Device, y device.Buffer) *device.Launch {
	t.Helper()
	x := upload(t, d, ramp[int32](20))
	k := heavy(faulty(func() { panic("boom") }), 1e6)
	l := &device.Launch{Kernel: k, Rows: device.Range{Lo: 5, Hi: 15}, Args: []device.Arg{device.Vec(x), device.Vec(y)}}
	if err := d.Launch(context.Background(), l); err != nil {
		t.Fatalf("Launch: %v", err)
	}
	return l
}

func testWaitIdle(t *testing.T, d device.Device) {
	ctx := context.Background()
	b, empty := upload(t, d, ramp[int32](8)), upload(t, d, []int32{})
	for range 2 {
		if err := errors.Join(b.Wait(ctx), empty.Wait(ctx), device.Wait(ctx), device.Wait(ctx, b, empty)); err != nil {
			t.Errorf("a wait for what nobody writes: %v", err)
		}
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if err := b.Wait(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("a wait whose context has ended: %v, want Canceled", err)
	}
}

// Every wait for a spoiled buffer returns the error, until all of it is set again.
func testWaitSpoiled(t *testing.T, d device.Device) {
	ctx := context.Background()
	y := upload(t, d, ramp[int32](20))
	for _, heal := range []struct {
		name string
		do   func() error
	}{
		{"a write", func() error { return y.Write(ctx, 5, device.Of(make([]int32, 10))) }},
		{"a launch", func() error {
			args := []device.Arg{device.Val(int32(1)), device.Vec(y)}
			return d.Launch(ctx, &device.Launch{Kernel: count[int32](), Rows: device.Range{Hi: 20}, Args: args})
		}},
	} {
		l := broken(t, d, y)
		first := y.Wait(ctx)
		for range 2 {
			if err := y.Wait(ctx); !errors.Is(err, device.ErrPanic) || err.Error() != first.Error() {
				t.Errorf("Wait for spoiled rows: %v, the first time: %v; want a panic", err, first)
			}
			if err := l.Wait(ctx); !errors.Is(err, device.ErrPanic) {
				t.Errorf("Wait for the launch: %v, want a panic", err)
			}
		}
		if err := heal.do(); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(y.Wait(ctx), l.Wait(ctx)); err != nil {
			t.Errorf("Wait for what %s has healed: %v", heal.name, err)
		}
	}
}

// Wait for several buffers fails if one has failed.
func testWaitSeveral(t *testing.T, d device.Device) {
	ctx := context.Background()
	x, y, z := upload(t, d, ramp[int32](20)), upload(t, d, ramp[int32](20)), upload(t, d, ramp[int32](20))
	broken(t, d, y)
	for _, c := range []struct {
		buffers []device.Buffer
		want    error
	}{
		{[]device.Buffer{x, y}, device.ErrPanic},
		{[]device.Buffer{y, z}, device.ErrPanic},
		{[]device.Buffer{x, y, z, y}, device.ErrPanic},
		{[]device.Buffer{z, x}, nil},
	} {
		if err := device.Wait(ctx, c.buffers...); !errors.Is(err, c.want) {
			t.Errorf("Wait for %d buffers: %v, want %v", len(c.buffers), err, c.want)
		}
	}
}

// A wait fails for a freed buffer and for a closed device.
func (s suite) testWaitGone(t *testing.T) {
	NoLeak(t)
	ctx := context.Background()
	d, err := s.open(ctx, device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	b, c := upload(t, d, ramp[int32](4)), upload(t, d, ramp[int32](4))
	if err := b.Free(); err != nil {
		t.Fatal(err)
	}
	if err := b.Wait(ctx); !errors.Is(err, device.ErrClosed) {
		t.Errorf("Wait after Free: %v, want ErrClosed", err)
	}
	if err := c.Wait(ctx); err != nil {
		t.Errorf("Wait for another buffer: %v", err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(ctx); !errors.Is(err, device.ErrClosed) {
		t.Errorf("Wait after Close: %v, want ErrClosed", err)
	}
}

// On a busy device every wait ends with its context, and the queue continues.
func (s suite) testWaitGivenUp(t *testing.T) {
	NoLeak(t)
	d := s.device(t)
	ctx := context.Background()
	b, c := upload(t, d, ramp[uint32](8)), upload(t, d, ramp[uint32](8))
	release, held := keepBusy(t, d)
	l := &device.Launch{Kernel: fold(), Rows: device.Range{Hi: 8}, Args: []device.Arg{device.Val(uint32(1)), device.Vec(b)}}
	if err := d.Launch(ctx, l); err != nil {
		t.Fatal(err)
	}
	for what, f := range map[string]func(context.Context) error{
		"Sync": d.Sync, "Wait": b.Wait, "Wait for a launch": l.Wait,
		"Read": func(ctx context.Context) error { return b.Read(ctx, 0, device.Of(make([]uint32, 8))) },
	} {
		if err := within(f); !errors.Is(err, context.DeadlineExceeded) && (held || err != nil) {
			t.Errorf("%s on a busy device: %v, want DeadlineExceeded", what, err)
		}
	}
	start := time.Now()
	if err := c.Free(); err != nil || time.Since(start) > bound {
		t.Errorf("Free on a busy device: %v after %v", err, time.Since(start))
	}
	release()
	want := ramp[uint32](8)
	foldInto(want, 1)
	if got := download[uint32](t, b); !slices.Equal(got, want) {
		t.Errorf("after waits that were given up: %v, want %v", got, want)
	}
}

// The error of a launch is returned for its data only, neither by Sync nor for other
// launches and buffers.
func (s suite) testAnothersError(t *testing.T) {
	NoLeak(t)
	for _, c := range []struct {
		name string
		k    *device.Kernel
		want error
	}{
		{"cancelled", heavy(faulty(func() {}), 1e6), context.Canceled},
		{"failed", heavy(faulty(func() { panic("boom") }), 1e6), device.ErrPanic},
	} {
		d := s.device(t)
		ctx := context.Background()
		x, a, b := upload(t, d, ramp[int32](20)), upload(t, d, make([]int32, 20)), upload(t, d, make([]int32, 20))
		release, held := keepBusy(t, d)
		theirs, cancel := context.WithCancel(ctx)
		defer cancel()
		l := &device.Launch{Kernel: c.k, Rows: device.Range{Hi: 20}, Args: []device.Arg{device.Vec(x), device.Vec(a)}}
		if err := d.Launch(theirs, l); err != nil {
			t.Fatal(err)
		}
		launch(t, d, count[int32](), 20, device.Val(int32(3)), device.Vec(b))
		if c.want == context.Canceled {
			cancel()
		}
		release()
		if err := d.Sync(ctx); err != nil {
			t.Errorf("Sync, with the launch of another %s: %v", c.name, err)
		}
		if err := b.Wait(ctx); err != nil {
			t.Errorf("Wait, with the launch of another %s: %v", c.name, err)
		}
		if got := download[int32](t, b); got[0] != 3 || got[19] != 22 {
			t.Errorf("with the launch of another %s: %v, want 3 to 22", c.name, got)
		}
		if err := a.Wait(ctx); !errors.Is(err, c.want) && (held || err != nil) {
			t.Errorf("Wait for what was %s: %v, want %v", c.name, err, c.want)
		}
	}
}
