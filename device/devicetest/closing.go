package devicetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"offload/device"
)

func (s suite) testClosing(t *testing.T) {
	t.Run("use after", s.testUseAfterClose)
	t.Run("with work", s.testCloseWithWork)
	t.Run("again and again", s.testOpenClose)
}

func (s suite) testUseAfterClose(t *testing.T) {
	NoLeak(t)
	ctx := context.Background()
	d, err := s.open(ctx, device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b := upload(t, d, ramp[int32](4))
	if err := d.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	if err := d.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	l := &device.Launch{Kernel: count[int32](), Rows: device.Range{Hi: 4}, Args: []device.Arg{device.Val(int32(1)), device.Vec(b)}}
	_, alloc := d.Alloc(device.Float32, 1)
	for call, err := range map[string]error{
		"Alloc":  alloc,
		"Launch": d.Launch(ctx, l),
		"Sync":   d.Sync(ctx),
		"Write":  b.Write(ctx, 0, device.Of(make([]int32, 4))),
		"Read":   b.Read(ctx, 0, device.Of(make([]int32, 4))),
		"Free":   b.Free(),
	} {
		if !errors.Is(err, device.ErrClosed) {
			t.Errorf("%s after Close: %v, want ErrClosed", call, err)
		}
	}
	if d.Info().Name == "" {
		t.Error("Info is empty after Close")
	}
}

// testCloseWithWork: Close waits for the launch that runs, drops what is queued,
// and wakes those who wait.
func (s suite) testCloseWithWork(t *testing.T) {
	NoLeak(t)
	ctx := context.Background()
	d, err := s.open(ctx, device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	needsHostCode(t, d)
	begun, release := make(chan struct{}), make(chan struct{})
	b := upload(t, d, make([]int32, 4))
	launch(t, d, slow(begun, release), 4, device.Vec(b))
	<-begun
	for range 40 {
		launch(t, d, heavy(count[int32](), 1e6), 4, device.Val(int32(1)), device.Vec(b))
	}
	waited, closed := make(chan error, 1), make(chan error, 1)
	go func() { waited <- d.Sync(ctx) }()
	time.Sleep(5 * time.Millisecond)
	go func() { closed <- d.Close() }()
	select {
	case <-closed:
		t.Error("Close did not wait for the launch that runs")
	case err := <-waited:
		if !errors.Is(err, device.ErrClosed) {
			t.Errorf("Sync while closing: %v, want ErrClosed", err)
		}
	}
	close(release)
	if err := <-closed; err != nil {
		t.Errorf("Close: %v", err)
	}
}

func (s suite) testOpenClose(t *testing.T) {
	NoLeak(t)
	for range 100 {
		d, err := s.open(context.Background(), device.Options{})
		if err != nil {
			t.Fatal(err)
		}
		b := upload(t, d, make([]int32, 100))
		launch(t, d, heavy(count[int32](), 1e4), 100, device.Val(int32(1)), device.Vec(b))
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
