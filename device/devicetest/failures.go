package devicetest

import (
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"offload/device"
)

// faulty copies x to y, and calls fault at the element 7 of x, which is in row 7. As a
// shader it calls fault before it runs, in its plan.
func faulty(fault func()) *device.Kernel {
	return &device.Kernel{
		Name: "faulty",
		Params: []device.Param{
			{Name: "x", Type: device.Int32, Access: device.ReadRows},
			{Name: "y", Type: device.Int32, Access: device.WriteRows},
		},
		Contract: func(t *device.Tile) {
			x, y := device.View[int32](t, 0), device.View[int32](t, 1)
			for i := t.Rows.Lo; i < t.Rows.Hi; i++ {
				if y[i] = x[i]; x[i] == 7 {
					fault()
				}
			}
		},
		Shader: faultyShader(fault),
	}
}

// testFailures: a panic in a kernel's code is an error of waits for and reads of the
// outputs, and nowhere else; the device stays usable.
func (s suite) testFailures(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault func()
		is    error
	}{
		{"panic", func() { panic("boom") }, device.ErrPanic},
		{"panic with an error", func() { panic(io.ErrUnexpectedEOF) }, io.ErrUnexpectedEOF},
		{"index out of range", func() { _ = make([]int, 1)[len(c0)] }, device.ErrPanic},
		{"goexit", runtime.Goexit, device.ErrPanic},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := heavy(faulty(c.fault), 1e6)
			if c.name == "goexit" { // a plan that ends its goroutine may end the device
				needsHostCode(t, s.device(t))
				k.Shader = nil
			}
			if s.alike { // the error may be that of another process
				c.is = device.ErrPanic
			}
			s.testFailure(t, k, c.is)
		})
	}
}

// c0 has a length that the compiler cannot infer.
var c0 = []int{1, 2, 3}

func (s suite) testFailure(t *testing.T, k *device.Kernel, want error) {
	s.noLeak(t)
	d := s.device(t)
	ctx := context.Background()
	x, y := upload(t, d, ramp[int32](20)), upload(t, d, ramp[int32](20))
	z := upload(t, d, make([]int32, 20))
	// The first launch fails in rows 5 to 15; the second reads what it left.
	l := &device.Launch{Kernel: k, Rows: device.Range{Lo: 5, Hi: 15}, Args: []device.Arg{device.Vec(x), device.Vec(y)}}
	if err := d.Launch(ctx, l); err != nil && !errors.Is(err, want) {
		t.Fatalf("Launch: %v", err)
	}
	launch(t, d, k, 5, device.Vec(y), device.Vec(z))
	next := &device.Launch{Kernel: k, Rows: device.Range{Lo: 8, Hi: 12}, Args: []device.Arg{device.Vec(y), device.Vec(z)}}
	if err := d.Launch(ctx, next); err != nil {
		t.Fatalf("Launch behind a failed one: %v", err)
	}
	if err := d.Sync(ctx); err != nil {
		t.Errorf("Sync tells of a launch that failed: %v", err)
	}
	for range 2 {
		if err := device.Wait(ctx, x, y); !errors.Is(err, want) {
			t.Errorf("Wait: %v, want %v", err, want)
		}
	}
	if err := device.Wait(ctx, x); err != nil {
		t.Errorf("Wait for a buffer that nothing was to write: %v", err)
	}
	read := func(b device.Buffer, lo, hi int) error {
		return b.Read(ctx, lo, device.Of(make([]int32, hi-lo)))
	}
	for _, r := range []struct {
		b      device.Buffer
		lo, hi int
		want   error
	}{{y, 0, 20, want}, {y, 6, 7, want}, {y, 0, 5, nil}, {y, 15, 20, nil}, {z, 0, 8, nil}, {z, 8, 9, want}, {z, 12, 20, nil}, {x, 0, 20, nil}} {
		if err := read(r.b, r.lo, r.hi); !errors.Is(err, r.want) {
			t.Errorf("elements %d to %d read as %v, want %v", r.lo, r.hi, err, r.want)
		}
	}
	// Setting all spoiled elements heals a buffer; setting half of them does not.
	if err := y.Write(ctx, 5, device.Of(make([]int32, 5))); err != nil {
		t.Fatal(err)
	}
	if err := read(y, 0, 20); !errors.Is(err, want) {
		t.Errorf("half healed, the buffer reads as %v, want %v", err, want)
	}
	if err := y.Write(ctx, 10, device.Of(make([]int32, 5))); err != nil {
		t.Fatal(err)
	}
	if err := read(y, 0, 20); err != nil {
		t.Errorf("healed, the buffer reads as %v", err)
	}
	l.Rows = device.Range{Lo: 8, Hi: 20}
	l.Args = []device.Arg{device.Vec(x), device.Vec(z)}
	if err := d.Launch(ctx, l); err != nil {
		t.Fatal(err)
	}
	got, wantz := download[int32](t, z), append([]int32{0, 1, 2, 3, 4, 0, 0, 0}, ramp[int32](20)[8:]...)
	if !slices.Equal(got, wantz) {
		t.Errorf("the device is not usable after a failure: %v, want %v", got, wantz)
	}
}

// slow is a kernel in which each row signals begun and waits until release is closed or
// the launch is cancelled.
func slow(begun, release chan struct{}) *device.Kernel {
	var told atomic.Bool
	return heavy(&device.Kernel{
		Name:   "slow",
		Params: []device.Param{{Name: "out", Type: device.Int32, Access: device.WriteRows}},
		Contract: func(t *device.Tile) {
			if told.CompareAndSwap(false, true) {
				close(begun)
			}
			for !t.Done() {
				select {
				case <-release:
					return
				case <-time.After(time.Millisecond):
				}
			}
		},
	}, 1e9)
}

func (s suite) testCancellation(t *testing.T) {
	t.Run("before", s.testCancelledBefore)
	t.Run("running", s.testCancelRunning)
	t.Run("queued", s.testCancelQueued)
	t.Run("waiting", s.testCancelWaiting)
}

func (s suite) testCancelledBefore(t *testing.T) {
	d := s.device(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	b := upload(t, d, ramp[int32](8))
	l := &device.Launch{Kernel: count[int32](), Rows: device.Range{Hi: 8}, Args: []device.Arg{device.Val(int32(5)), device.Vec(b)}}
	if err := d.Launch(ctx, l); !errors.Is(err, context.Canceled) {
		t.Errorf("Launch: %v, want context.Canceled", err)
	}
	if err := d.Sync(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Sync: %v, want context.Canceled", err)
	}
	if err := b.Read(ctx, 0, device.Of(make([]int32, 8))); !errors.Is(err, context.Canceled) {
		t.Errorf("Read: %v, want context.Canceled", err)
	}
	sync(t, d)
	if got := download[int32](t, b); got[0] != 0 || got[7] != 7 {
		t.Errorf("a launch refused for its context wrote %v", got)
	}
}

func (s suite) testCancelRunning(t *testing.T) {
	NoLeak(t)
	d := s.device(t)
	needsHostCode(t, d)
	begun, never := make(chan struct{}), make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	b := upload(t, d, make([]int32, 4))
	l := &device.Launch{Kernel: slow(begun, never), Rows: device.Range{Hi: 4}, Args: []device.Arg{device.Vec(b)}}
	if err := d.Launch(ctx, l); err != nil {
		t.Fatalf("Launch: %v", err)
	}
	<-begun
	cancel()
	if err := device.Wait(context.Background(), b); !errors.Is(err, context.Canceled) {
		t.Errorf("Wait: %v, want context.Canceled", err)
	}
	if err := b.Read(context.Background(), 0, device.Of(make([]int32, 4))); !errors.Is(err, context.Canceled) {
		t.Errorf("Read of a cancelled output: %v, want context.Canceled", err)
	}
}

func (s suite) testCancelQueued(t *testing.T) {
	NoLeak(t)
	d := s.device(t)
	needsHostCode(t, d)
	begun, release := make(chan struct{}), make(chan struct{})
	b, c := upload(t, d, make([]int32, 4)), upload(t, d, make([]int32, 4))
	launch(t, d, slow(begun, release), 4, device.Vec(b))
	<-begun
	ctx, cancel := context.WithCancel(context.Background())
	l := &device.Launch{Kernel: count[int32](), Rows: device.Range{Hi: 4}, Args: []device.Arg{device.Val(int32(1)), device.Vec(c)}}
	if err := d.Launch(ctx, l); err != nil {
		t.Fatalf("Launch: %v", err)
	}
	cancel()
	close(release)
	if err := device.Wait(context.Background(), c); !errors.Is(err, context.Canceled) {
		t.Errorf("Wait: %v, want context.Canceled", err)
	}
	sync(t, d) // concerns no launch
	if got := download[int32](t, b); got[0] != 0 {
		t.Errorf("the launch before was disturbed: %v", got)
	}
}

// testCancelWaiting: a cancelled wait ends at once and the queue continues.
func (s suite) testCancelWaiting(t *testing.T) {
	NoLeak(t)
	d := s.device(t)
	needsHostCode(t, d)
	begun, release := make(chan struct{}), make(chan struct{})
	b, c := upload(t, d, make([]int32, 4)), upload(t, d, make([]int32, 4))
	launch(t, d, slow(begun, release), 4, device.Vec(b))
	<-begun
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if err := d.Sync(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Sync: %v, want DeadlineExceeded", err)
	}
	if err := c.Read(ctx, 0, device.Of(make([]int32, 4))); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Read: %v, want DeadlineExceeded", err)
	}
	launch(t, d, count[int32](), 4, device.Val(int32(1)), device.Vec(c))
	close(release)
	sync(t, d)
	if got := download[int32](t, c); got[3] != 4 {
		t.Errorf("the queue did not go on after a cancelled wait: %v", got)
	}
}
