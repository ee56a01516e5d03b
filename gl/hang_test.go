package gl

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"offload/device"
	"offload/gl/internal/fake"
)

// While a call of the driver hangs, calls of another goroutine return when their own
// contexts end, and the device shows no progress. When the call returns at last,
// everything that was queued is executed.
func TestDriverHangs(t *testing.T) {
	for _, c := range []struct {
		call string // of the driver
		do   func(n *neighbour, ctx context.Context) error
	}{
		{"Dispatch", (*neighbour).launch},
		{"Wait", (*neighbour).sync},
		{"Wait", (*neighbour).read},
		{"Copy", (*neighbour).write},
		{"Compile", (*neighbour).launchNew},
	} {
		t.Run(c.call, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o, a, b := neighbours(t)
				hang := make(chan struct{})
				hung := o.hang(c.call, hang, func() error { return c.do(a, context.Background()) })
				before := a.d.Counters().Progress
				for _, call := range []struct {
					name string
					do   func(*neighbour, context.Context) error
				}{
					{"Read", (*neighbour).read},
					{"Write", (*neighbour).write},
					{"Sync", (*neighbour).sync},
					{"Wait", (*neighbour).wait},
					{"Launch of a new kernel", (*neighbour).launchNew},
				} {
					ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
					start := time.Now()
					if err := call.do(b, ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 50*time.Millisecond {
						t.Errorf("%s of the neighbour: %v after %v, want DeadlineExceeded after 50 ms", call.name, err, time.Since(start))
					}
					cancel()
				}
				if err := errors.Join(b.launch(context.Background()), b.y.Free()); err != nil {
					t.Errorf("what does not wait: %v", err)
				}
				if got := a.d.Counters().Progress; got != before {
					t.Errorf("progress %d of a device that hangs, %d before", got, before)
				}
				close(hang)
				if err := errors.Join(<-hung, a.sync(context.Background()), b.x.Wait(context.Background())); err != nil {
					t.Errorf("when the driver answers again: %v", err)
				}
				if err := work(t, a.d); err != nil {
					t.Errorf("the next work: %v", err)
				}
				if err := a.d.Close(); err != nil {
					t.Error(err)
				}
				o.check(t)
			})
		})
	}
}

// Close has no context: it waits for a driver that hangs. Goroutines that wait behind
// the hanging call return ErrClosed.
func TestCloseWaitsForAHangingDriver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, a, b := neighbours(t)
		hang := make(chan struct{})
		hung := o.hang("Wait", hang, func() error { return a.sync(context.Background()) })
		waits := make(chan error, 1)
		go func() { waits <- b.wait(context.Background()) }()
		synctest.Wait()
		closed := make(chan error, 1)
		go func() { closed <- a.d.Close() }()
		if err := <-waits; !errors.Is(err, device.ErrClosed) {
			t.Errorf("Wait behind a call that hangs, while the device closes: %v, want ErrClosed", err)
		}
		time.Sleep(time.Hour)
		if len(closed) > 0 {
			t.Errorf("Close returned %v, with a call of the driver under way", <-closed)
		}
		close(hang)
		if err := errors.Join(<-closed, <-hung); err != nil {
			t.Errorf("when the driver answers again: %v", err)
		}
		o.check(t)
	})
}

// neighbour is one of several users of a device.
type neighbour struct {
	d    device.Device
	x, y device.Buffer
	k    *device.Kernel // already compiled by the device
}

// neighbours opens a device for two.
func neighbours(t *testing.T) (o *opening, a, b *neighbour) {
	t.Helper()
	o = new(opening)
	d, err := o.open(context.Background(), device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	k := next()
	all := make([]*neighbour, 2)
	for i := range all {
		n := &neighbour{d: d, k: k}
		for _, b := range []*device.Buffer{&n.x, &n.y} {
			if *b, err = device.Upload(context.Background(), d, make([]int32, 8)); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(n.launch(context.Background()), n.wait(context.Background())); err != nil {
			t.Fatal(err)
		}
		all[i] = n
	}
	return o, all[0], all[1]
}

// hang calls do, in which the next call of that name hangs until the channel is
// closed.
func (o *opening) hang(call string, until chan struct{}, do func() error) (hung <-chan error) {
	d := o.drivers[0]
	d.Fault = fake.Fault{Call: call, At: d.Calls[call] + 1, Hang: until}
	c := make(chan error, 1)
	go func() { c <- do() }()
	synctest.Wait()
	return c
}

func (n *neighbour) launchOf(ctx context.Context, k *device.Kernel) error {
	return n.d.Launch(ctx, &device.Launch{Kernel: k, Rows: device.Range{Hi: 8}, Args: []device.Arg{device.Vec(n.x), device.Vec(n.y)}})
}

func (n *neighbour) launch(ctx context.Context) error { return n.launchOf(ctx, n.k) }
func (n *neighbour) sync(ctx context.Context) error   { return n.d.Sync(ctx) }
func (n *neighbour) wait(ctx context.Context) error   { return n.y.Wait(ctx) }

// launchNew launches a kernel that has yet to be compiled.
func (n *neighbour) launchNew(ctx context.Context) error {
	k := next()
	k.Shader.Source = "next, anew"
	return n.launchOf(ctx, k)
}

func (n *neighbour) read(ctx context.Context) error {
	return n.x.Read(ctx, 0, device.Of(make([]int32, 8)))
}

func (n *neighbour) write(ctx context.Context) error {
	return n.x.Write(ctx, 0, device.Of(make([]int32, 8)))
}
