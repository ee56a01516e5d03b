package devicetest

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"offload/device"
)

// slow is a kernel each of whose rows waits until release is closed or the
// launch is cancelled, and says so on begun.
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
	sync(t, d) // which is nobody's launch
	if got := download[int32](t, b); got[0] != 0 {
		t.Errorf("the launch before was disturbed: %v", got)
	}
}

// testCancelWaiting: a cancelled wait ends at once and the queue goes on.
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
