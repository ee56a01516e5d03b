package gl

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"offload/device"
	"offload/device/devicetest"
	"offload/gl/internal/fake"
)

// onBusyHardware runs a test on a device whose hardware is busy from the time a
// context is stored until that has ended and the device has waited once more.
func onBusyHardware(t *testing.T, test func(t *testing.T, d device.Device, busy *atomic.Pointer[context.Context])) {
	devicetest.NoLeak(t)
	busy := new(atomic.Pointer[context.Context])
	o := &opening{shape: func(d *fake.Driver) {
		d.Busy = func() bool {
			until := busy.Load()
			if until != nil && (*until).Err() != nil {
				busy.Store(nil)
			}
			return until != nil
		}
	}}
	d, err := o.open(context.Background(), device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	test(t, d, busy)
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	o.check(t)
}

// A write that is cancelled while it waits for room in the ring leaves the data of
// others there intact.
func TestCancelledWriteLeavesTheRing(t *testing.T) {
	onBusyHardware(t, func(t *testing.T, d device.Device, busy *atomic.Pointer[context.Context]) {
		ctx := context.Background()
		const n = segmentBytes / 4
		var buffers []device.Buffer
		fill := func(ctx context.Context, b device.Buffer, v int32) error {
			data := make([]int32, n)
			for i := range data {
				data[i] = v
			}
			return b.Write(ctx, 0, device.Of(data))
		}
		for i := range segmentCount {
			b, err := d.Alloc(device.Int32, n)
			if err != nil {
				t.Fatal(err)
			}
			buffers = append(buffers, b)
			if err := fill(ctx, b, int32(i+1)); err != nil {
				t.Fatal(err)
			}
		}
		other, err := d.Alloc(device.Int32, n)
		if err != nil {
			t.Fatal(err)
		}
		hasty, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		defer cancel()
		busy.Store(&hasty)
		if err := fill(hasty, other, -1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a write to a full ring: %v, want DeadlineExceeded", err)
		}
		if err := fill(ctx, other, -2); err != nil {
			t.Fatal(err)
		}
		for i, b := range append(buffers, other) {
			want := int32(i + 1)
			if b == other {
				want = -2
			}
			got, err := device.Download[int32](ctx, b)
			if err != nil {
				t.Fatal(err)
			}
			for j, v := range got {
				if v != want {
					t.Fatalf("element %d of buffer %d is %d, want %d", j, i, v, want)
				}
			}
			b.Free()
		}
	})
}

// A launch that is cancelled between two of its spans ends with a barrier, as every
// launch does: the fake driver reports a dispatch without one.
func TestCancelledLaunchIsFollowedByABarrier(t *testing.T) {
	onBusyHardware(t, func(t *testing.T, d device.Device, busy *atomic.Pointer[context.Context]) {
		ctx := context.Background()
		k := *next()
		k.Cost = func(l *device.Launch) device.Cost { return device.Cost{Items: 1, Ops: 1e9} }
		x, err := device.Upload(ctx, d, make([]int32, workRows))
		if err != nil {
			t.Fatal(err)
		}
		y, err := d.Alloc(device.Int32, workRows)
		if err != nil {
			t.Fatal(err)
		}
		defer x.Free()
		defer y.Free()
		l := &device.Launch{Kernel: &k, Rows: device.Range{Hi: workRows}, Args: []device.Arg{device.Vec(x), device.Vec(y)}}
		hasty, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		defer cancel()
		busy.Store(&hasty)
		if err := errors.Join(d.Launch(hasty, l), l.Wait(ctx)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a launch on busy hardware: %v, want DeadlineExceeded", err)
		}
		if err := errors.Join(d.Launch(ctx, l), l.Wait(ctx)); err != nil {
			t.Fatal(err)
		}
		got, err := device.Download[int32](ctx, y)
		if err != nil || got[workRows-1] != 1 {
			t.Errorf("%v, element %d is %d, want 1", err, workRows-1, got[workRows-1])
		}
	})
}
