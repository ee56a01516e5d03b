package devicetest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"offload/device"
	"offload/device/devicetest"
	"offload/device/reference"
	"offload/internal/simulated"
	"offload/kernels"
)

// TestFaultyObeysTheContract: without faults it is a device like any other.
func TestFaultyObeysTheContract(t *testing.T) {
	devicetest.Run(t, devicetest.FaultyOpen(reference.Open), kernels.All()[:8]...) // of gravity and grid
}

// double writes 2x to y.
var double = &device.Kernel{
	Name: "double",
	Params: []device.Param{
		{Name: "x", Type: device.Float32, Access: device.ReadRows},
		{Name: "y", Type: device.Float32, Access: device.WriteRows},
	},
	Contract: func(t *device.Tile) {
		x, y := device.View[float32](t, 0), device.View[float32](t, 1)
		for i := t.Rows.Lo; i < t.Rows.Hi; i++ {
			y[i] = x[i] + x[i]
		}
	},
}

// outcome is what a program sees of one doubling of 1, 2, 3, 4.
type outcome struct {
	y    [4]float32
	err  error         // the first of any call
	in   string        // the call
	took time.Duration // of all calls
	past error         // of a read afterwards
}

// doubled uploads, launches, syncs and reads, on a device that takes a second for a
// row and a millisecond for a transfer.
func doubled(t *testing.T, timeout time.Duration, faults ...devicetest.Fault) (o outcome) {
	d, err := simulated.Open(simulated.Model{Rate: 1, Latency: time.Millisecond})(context.Background(), device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d = devicetest.Faulty(d, faults...)
	defer d.Close()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	start := time.Now()
	var x, y device.Buffer
	for _, call := range []struct {
		name string
		do   func() error
	}{
		{"alloc", func() (err error) { x, err = d.Alloc(device.Float32, 4); return err }},
		{"alloc", func() (err error) { y, err = d.Alloc(device.Float32, 4); return err }},
		{"write", func() error { return x.Write(ctx, 0, device.Of([]float32{1, 2, 3, 4})) }},
		{"launch", func() error {
			return d.Launch(ctx, &device.Launch{Kernel: double, Args: []device.Arg{device.Vec(x), device.Vec(y)}, Rows: device.Range{Hi: 4}})
		}},
		{"sync", func() error { return d.Sync(ctx) }},
		{"read", func() error { return y.Read(ctx, 0, device.Of(o.y[:])) }},
	} {
		if o.err, o.in = call.do(), call.name; o.err != nil {
			break
		}
	}
	o.took = time.Since(start)
	if y != nil {
		o.past = y.Read(ctx, 0, device.Of(make([]float32, 4)))
	}
	return o
}

// TestFaults: each fault does what it says, at the call that it names.
func TestFaults(t *testing.T) {
	const healthy = 4*time.Second + 2*time.Millisecond
	right := [4]float32{2, 4, 6, 8}
	for _, c := range []struct {
		name  string
		fault devicetest.Fault
		want  outcome
	}{
		{"none", devicetest.Fault{Kind: devicetest.Lost, At: 100}, outcome{y: right, in: "read", took: healthy}},
		{"slow sync", devicetest.Fault{Kind: devicetest.Slow, On: devicetest.SyncCall}, outcome{y: right, in: "read", took: 40*time.Second + 2*time.Millisecond}},
		{"slow from the first call on", devicetest.Fault{Kind: devicetest.Slow}, outcome{y: right, in: "read", took: 10 * healthy}},
		{"stalled launch", devicetest.Fault{Kind: devicetest.Stall, On: devicetest.LaunchCall}, outcome{err: context.DeadlineExceeded, in: "sync", took: time.Minute, past: context.DeadlineExceeded}},
		{"stalled write", devicetest.Fault{Kind: devicetest.Stall, On: devicetest.WriteCall}, outcome{err: context.DeadlineExceeded, in: "write", took: time.Minute, past: context.DeadlineExceeded}},
		{"lost at the second buffer", devicetest.Fault{Kind: devicetest.Lost, On: devicetest.AllocCall, At: 2}, outcome{err: device.ErrLost, in: "alloc"}},
		{"lost in a launch", devicetest.Fault{Kind: devicetest.Lost, On: devicetest.LaunchCall}, outcome{err: device.ErrLost, in: "sync", took: time.Millisecond, past: device.ErrLost}},
		{"lost in a read", devicetest.Fault{Kind: devicetest.Lost, On: devicetest.ReadCall}, outcome{err: device.ErrLost, in: "read", took: 4*time.Second + time.Millisecond, past: device.ErrLost}},
		{"lost at the fourth call", devicetest.Fault{Kind: devicetest.Lost, At: 4}, outcome{err: device.ErrLost, in: "sync", took: time.Millisecond, past: device.ErrLost}},
		{"no memory for a buffer", devicetest.Fault{Kind: devicetest.OutOfMemory}, outcome{err: device.ErrOutOfMemory, in: "alloc"}},
		{"no memory for a launch", devicetest.Fault{Kind: devicetest.OutOfMemory, On: devicetest.LaunchCall}, outcome{err: device.ErrOutOfMemory, in: "read", took: 4*time.Second + time.Millisecond, past: device.ErrOutOfMemory}},
		{"a bit of the output", devicetest.Fault{Kind: devicetest.BitFlip, On: devicetest.LaunchCall}, outcome{y: [4]float32{2, 4, 0x1.8p-126, 8}, in: "read", took: healthy + 2*time.Millisecond}},
		{"a bit of the input", devicetest.Fault{Kind: devicetest.BitFlip, On: devicetest.WriteCall}, outcome{y: [4]float32{2, 4, 0x1p-126, 8}, in: "read", took: healthy}},
		{"a bit of a read", devicetest.Fault{Kind: devicetest.BitFlip, On: devicetest.ReadCall}, outcome{y: [4]float32{2, 4, 0x1.8p-126, 8}, in: "read", took: healthy}},
		{"a stale output", devicetest.Fault{Kind: devicetest.Stale}, outcome{in: "read", took: 2 * time.Millisecond}},
		{"half a read", devicetest.Fault{Kind: devicetest.Truncated}, outcome{y: [4]float32{2, 4}, in: "read", took: healthy}},
		{"a fault that passes", devicetest.Fault{Kind: devicetest.Truncated, At: 2, Count: 1}, outcome{y: right, in: "read", took: healthy}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got := doubled(t, time.Minute, c.fault)
				if got.y != c.want.y || !errors.Is(got.err, c.want.err) || !errors.Is(got.past, c.want.past) || got.in != c.want.in || got.took != c.want.took {
					t.Errorf("%+v, want %+v", got, c.want)
				}
			})
		})
	}
}

// TestCloseEndsAStall: who waits for a device that does not answer is woken.
func TestCloseEndsAStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := devicetest.Faulty(openSimulated(t), devicetest.Fault{Kind: devicetest.Stall})
		stalled := make(chan error)
		go func() {
			_, err := d.Alloc(device.Float32, 1)
			stalled <- err
		}()
		synctest.Wait()
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		if err := <-stalled; !errors.Is(err, device.ErrClosed) {
			t.Errorf("Alloc: %v, want ErrClosed", err)
		}
	})
}

// TestLostAgain: each device that is opened has a life of its own.
func TestLostAgain(t *testing.T) {
	lost := []devicetest.Fault{{Kind: devicetest.Lost}}
	open := devicetest.FaultyOpen(reference.Open, lost, lost)
	var got []error
	for range 3 {
		d, err := open(context.Background(), device.Options{})
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, d.Sync(context.Background()))
		d.Close()
	}
	if !errors.Is(got[0], device.ErrLost) || !errors.Is(got[1], device.ErrLost) || got[2] != nil {
		t.Error(fmt.Errorf("three devices report %v; want two lost", got))
	}
}

func openSimulated(t *testing.T) device.Device {
	t.Helper()
	d, err := simulated.Open(simulated.Model{})(context.Background(), device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}
