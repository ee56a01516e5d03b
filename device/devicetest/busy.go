package devicetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"offload/device"
)

// spin keeps every row busy for a number of steps, with a result that can be checked.
func spin() *device.Kernel {
	return &device.Kernel{
		Name: "spin",
		Params: []device.Param{
			{Name: "steps", Type: device.Int32, Access: device.Value},
			{Name: "out", Type: device.Uint32, Access: device.WriteRows},
		},
		Contract: func(t *device.Tile) {
			steps, out := device.Scalar[int32](t.Launch, 0), device.View[uint32](t, 1)
			for i := t.Rows.Lo; i < t.Rows.Hi; i++ {
				out[i] = spun(uint32(i), steps)
			}
		},
		Cost: func(l *device.Launch) device.Cost {
			n := float64(l.Rows.Len())
			return device.Cost{Items: n, Ops: 2 * n * float64(device.Scalar[int32](l, 0))}
		},
		Shader: spinShader(),
	}
}

func spun(x uint32, steps int32) uint32 {
	for range steps {
		x = x*1664525 + 1013904223
	}
	return x
}

// testBusy: a queue full of work ends soon when its launches are cancelled and when
// the device is closed; each output is right or reports why it is not.
func (s suite) testBusy(t *testing.T) {
	t.Run("cancel", s.testCancelBusy)
	t.Run("close", s.testCloseBusy)
}

const (
	busyRows  = 512
	busySteps = 40_000
	busyDepth = 100
	soon      = 5 * time.Second
)

// fill queues launches of spin, each with its own buffer.
func fill(ctx context.Context, t *testing.T, d device.Device) []device.Buffer {
	t.Helper()
	outs := make([]device.Buffer, busyDepth)
	for i := range outs {
		outs[i] = upload(t, d, make([]uint32, busyRows))
	}
	k := spin()
	for _, b := range outs {
		l := &device.Launch{Kernel: k, Rows: device.Range{Hi: busyRows}, Args: []device.Arg{device.Val(int32(busySteps)), device.Vec(b)}}
		if err := d.Launch(ctx, l); err != nil {
			t.Fatal(err)
		}
	}
	return outs
}

func (s suite) testCancelBusy(t *testing.T) {
	NoLeak(t)
	d := s.device(t)
	ctx, cancel := context.WithCancel(context.Background())
	outs := fill(ctx, t, d)
	cancel()
	start := time.Now()
	sync(t, d)
	if took := time.Since(start); took > soon {
		t.Errorf("a cancelled queue took %v to end", took)
	}
	for i, b := range outs {
		got, err := device.Download[uint32](context.Background(), b)
		if err == nil && got[busyRows-1] != spun(busyRows-1, busySteps) {
			t.Errorf("output %d of a cancelled queue is wrong and reports no error", i)
		}
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("output %d: %v, want nil or context.Canceled", i, err)
		}
	}
}

func (s suite) testCloseBusy(t *testing.T) {
	NoLeak(t)
	d, err := s.open(context.Background(), device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	outs := fill(context.Background(), t, d)
	start := time.Now()
	if err := d.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if took := time.Since(start); took > soon {
		t.Errorf("Close took %v", took)
	}
	if _, err := device.Download[uint32](context.Background(), outs[0]); !errors.Is(err, device.ErrClosed) {
		t.Errorf("Read after Close: %v, want ErrClosed", err)
	}
}

func (s suite) testClosing(t *testing.T) {
	t.Run("use after", s.testUseAfterClose)
	t.Run("with work", s.testCloseWithWork)
	t.Run("again and again", s.testOpenClose)
}

func (s suite) testUseAfterClose(t *testing.T) {
	s.noLeak(t)
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

// testCloseWithWork: Close waits for the running launch, drops queued ones, and ends
// waits.
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
	s.noLeak(t)
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
