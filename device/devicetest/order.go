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

// testOrder: launches and transfers take effect in the order of the calls, large
// and small ones mixed, without a Sync between.
func (s suite) testOrder(t *testing.T) {
	d := s.device(t)
	ctx := context.Background()
	small, large := axpy[float32](), heavy(axpy[float32](), 1e6)
	const n, rounds = 64, 200
	ones := make([]float32, n)
	for i := range ones {
		ones[i] = 1
	}
	x, y := upload(t, d, ones), upload(t, d, make([]float32, n))
	want := float32(0)
	for r := range rounds {
		k := small
		if r%3 == 0 {
			k = large
		}
		launch(t, d, k, n, device.Val(float32(r)), device.Vec(x), device.Vec(y))
		want += float32(r)
		if r%50 == 49 { // a write in the middle of the queue
			want = 1
			if err := y.Write(ctx, 0, device.Of(ones)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i, got := range download[float32](t, y) {
		if got != want {
			t.Fatalf("y[%d] = %g, want %g", i, got, want)
		}
	}
	// Arguments and the launch itself may be reused as soon as Launch returns.
	l := &device.Launch{Kernel: large, Rows: device.Range{Hi: n}, Args: make([]device.Arg, 3)}
	for r := range 20 {
		l.Args[0], l.Args[1], l.Args[2] = device.Val(float32(r)), device.Vec(x), device.Vec(y)
		if err := d.Launch(ctx, l); err != nil {
			t.Fatal(err)
		}
		clear(l.Args)
		want += float32(r)
	}
	if got := download[float32](t, y)[n-1]; got != want {
		t.Errorf("after reuse of the launch y = %g, want %g", got, want)
	}
	sync(t, d)
}

// testConcurrency: goroutines that share a device, each with its own buffers, do not
// disturb each other.
func (s suite) testConcurrency(t *testing.T) {
	d := s.device(t)
	const goroutines, rounds, n = 16, 50, 33
	errs := make(chan error, goroutines)
	var all gosync.WaitGroup
	for g := range goroutines {
		all.Add(1)
		go func() {
			defer all.Done()
			errs <- accumulate(d, g, rounds, n)
		}()
	}
	all.Wait()
	for range goroutines {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	sync(t, d)
}

// accumulate adds g+1 to every element, round after round.
func accumulate(d device.Device, g, rounds, n int) error {
	ctx := context.Background()
	k := axpy[float32]()
	if g%2 == 0 {
		k = heavy(k, 1e5)
	}
	ones := make([]float32, n)
	for i := range ones {
		ones[i] = float32(g + 1)
	}
	x, err := device.Upload(ctx, d, ones)
	if err != nil {
		return err
	}
	defer x.Free()
	y, err := device.Upload(ctx, d, make([]float32, n))
	if err != nil {
		return err
	}
	defer y.Free()
	for r := range rounds {
		l := &device.Launch{Kernel: k, Rows: device.Range{Hi: n}, Args: []device.Arg{device.Val(float32(1)), device.Vec(x), device.Vec(y)}}
		if err := d.Launch(ctx, l); err != nil {
			return err
		}
		if r%10 != 0 {
			continue
		}
		if err := d.Sync(ctx); err != nil {
			return err
		}
		got, err := device.Download[float32](ctx, y)
		if err != nil {
			return err
		}
		if want := float32((r + 1) * (g + 1)); got[n-1] != want {
			return fmt.Errorf("goroutine %d, round %d: %g, want %g", g, r, got[n-1], want)
		}
	}
	return nil
}

// testDepth: at most device.QueueDepth launches wait in a queue; further ones wait in
// their callers.
func (s suite) testDepth(t *testing.T) {
	t.Run("full", s.testFull)
	t.Run("close", s.testCloseFull)
}

// folder launches fold with 0, 1, 2 … on a buffer, and computes the expected content.
type folder struct {
	d    device.Device
	l    device.Launch
	next uint32
	want []uint32
}

func newFolder(ctx context.Context, d device.Device, k *device.Kernel, rows int) (*folder, error) {
	f := &folder{d: d, want: ramp[uint32](rows)}
	b, err := device.Upload(ctx, d, f.want)
	if err != nil {
		return nil, err
	}
	f.l = device.Launch{Kernel: k, Rows: device.Range{Hi: rows}, Args: []device.Arg{{}, device.Vec(b)}}
	return f, nil
}

func (f *folder) buffer() device.Buffer { return f.l.Args[1].Buffer }

// launch launches the next fold. A refused launch does not count.
func (f *folder) launch(ctx context.Context) error {
	f.l.Args[0] = device.Val(f.next)
	if err := f.d.Launch(ctx, &f.l); err != nil {
		return err
	}
	foldInto(f.want, f.next)
	f.next++
	return nil
}

// check compares the buffer with the expected content.
func (f *folder) check() error {
	got, err := device.Download[uint32](context.Background(), f.buffer())
	if err != nil {
		return err
	}
	if !slices.Equal(got, f.want) {
		return errors.New("launches were left out, done twice, or done in another order")
	}
	return nil
}

func (s suite) testFull(t *testing.T) {
	NoLeak(t)
	d := s.device(t)
	ctx := context.Background()
	f, err := newFolder(ctx, d, fold(), 8)
	if err != nil {
		t.Fatal(err)
	}
	release, held := keepBusy(t, d)
	filled, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for i := range device.QueueDepth {
		if err := f.launch(filled); err != nil {
			t.Fatalf("launch %d of %d: %v", i, device.QueueDepth, err)
		}
	}
	for i := 0; held && i < 3; i++ {
		if err := within(f.launch); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("a launch beyond the depth of the queue: %v, want DeadlineExceeded", err)
		}
	}
	done := make(chan error, 1)
	go func() {
		for range 20 {
			if err := f.launch(ctx); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	time.Sleep(brief)
	if held && len(done) > 0 {
		t.Errorf("launches beyond the depth of the queue did not wait: %v", <-done)
	}
	release()
	if err := <-done; err != nil {
		t.Errorf("a launch that waited for room: %v", err)
	}
	if err := f.check(); err != nil {
		t.Error(err)
	}
	sync(t, d)
}

// Close ends launches that wait for room.
func (s suite) testCloseFull(t *testing.T) {
	NoLeak(t)
	ctx := context.Background()
	d, err := s.open(ctx, device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	needsHostCode(t, d)
	f, err := newFolder(ctx, d, fold(), 8)
	if err != nil {
		t.Fatal(err)
	}
	release, _ := keepBusy(t, d)
	for range device.QueueDepth {
		if err := f.launch(ctx); err != nil {
			t.Fatal(err)
		}
	}
	const waiters = 5
	launched, closed := make(chan error, waiters), make(chan error, 1)
	for range waiters {
		l := device.Launch{Kernel: f.l.Kernel, Rows: f.l.Rows, Args: slices.Clone(f.l.Args)}
		go func() { launched <- d.Launch(ctx, &l) }()
	}
	time.Sleep(brief)
	go func() { closed <- d.Close() }()
	late := time.After(soon)
	for range waiters {
		select {
		case err := <-launched:
			if !errors.Is(err, device.ErrClosed) {
				t.Errorf("a launch that waited for room while the device closed: %v, want ErrClosed", err)
			}
		case <-late:
			t.Fatal("a launch waits for room in a queue that is closed")
		}
	}
	release()
	if err := <-closed; err != nil {
		t.Errorf("Close: %v", err)
	}
}
