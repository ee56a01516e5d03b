package devicetest

import (
	"context"
	"fmt"
	gosync "sync"
	"testing"

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

// testConcurrency: goroutines that share a device, each with buffers of its own,
// do not disturb each other.
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
