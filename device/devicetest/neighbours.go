package devicetest

import (
	"context"
	"errors"
	"fmt"
	gosync "sync"
	"testing"
	"time"

	"offload/device"
)

// testNeighbours: goroutines that share a device do not disturb each other when they
// cancel, give up, fail, free, flood, or take long.
func (s suite) testNeighbours(t *testing.T) {
	t.Run("cancelled calls", s.testCancelledCalls)
	t.Run("crowd", s.testCrowd)
}

// One goroutine's calls of a kernel are cancelled at different times; the other's results
// are right.
func (s suite) testCancelledCalls(t *testing.T) {
	NoLeak(t)
	d := s.device(t)
	var calls []*device.Call
	for _, k := range s.kernels {
		if supported(d.Info(), k) {
			calls = append(calls, k.Examples(200)...)
			break
		}
	}
	if calls == nil {
		t.Skip("no kernel was given that the device computes")
	}
	for i := range 12 {
		doomed, cancel := context.WithCancel(context.Background())
		theirs := make(chan error, 1)
		go func() { theirs <- calls[i%len(calls)].Clone().Run(doomed, d) }()
		time.AfterFunc(time.Duration(i%4)*time.Millisecond, cancel)
		if err := errors.Join(calls[i%len(calls)].Verify(context.Background(), d), d.Sync(context.Background())); err != nil {
			t.Errorf("round %d, with a neighbour that was cancelled: %v", i, err)
		}
		if err := <-theirs; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("round %d, the one that was cancelled: %v, want Canceled or nothing", i, err)
		}
		cancel()
	}
}

// crowd is a device and the state shared by its users.
type crowd struct {
	t        *testing.T
	d        device.Device
	hostCode bool
	rounds   int
	all      gosync.WaitGroup
}

func (s suite) testCrowd(t *testing.T) {
	NoLeak(t)
	c := &crowd{t: t, d: s.device(t), rounds: 6}
	c.hostCode = runsHostCode(t, c.d)
	if testing.Short() {
		c.rounds = 2
	}
	for range 3 {
		c.enter("the innocent", c.innocent)
	}
	c.enter("the one who cancels", c.canceller)
	c.enter("the one who gives up", c.impatient)
	c.enter("the one whose code fails", c.failing)
	c.enter("the one who frees early", c.freer)
	c.enter("the one who floods", c.flooder)
	c.enter("the one who takes long", c.slowpoke)
	c.all.Wait()
	c.enter("the innocent, in the end", c.innocent)
	c.all.Wait()
	sync(t, c.d)
}

// enter starts a user of the device on a new goroutine.
func (c *crowd) enter(who string, work func() error) {
	c.all.Go(func() {
		err := errors.New("its goroutine was ended")
		defer func() {
			if err != nil {
				c.t.Errorf("%s: %v", who, err)
			}
		}()
		err = work()
	})
}

// innocent queues small and large launches, and expects every wait to succeed and every
// result to be right.
func (c *crowd) innocent() error {
	ctx := context.Background()
	small, err := newFolder(ctx, c.d, fold(), 33)
	if err != nil {
		return err
	}
	defer small.buffer().Free()
	large, err := newFolder(ctx, c.d, heavy(fold(), 1e5), 300)
	if err != nil {
		return err
	}
	defer large.buffer().Free()
	for r := range 2 * c.rounds {
		for range 5 {
			if err := errors.Join(small.launch(ctx), large.launch(ctx)); err != nil {
				return fmt.Errorf("Launch: %w", err)
			}
		}
		switch r % 3 {
		case 0:
			err = c.d.Sync(ctx)
		case 1:
			err = device.Wait(ctx, small.buffer(), large.buffer())
		case 2:
			err = large.l.Wait(ctx)
		}
		if err := errors.Join(err, small.check(), large.check()); err != nil {
			return fmt.Errorf("round %d: %w", r, err)
		}
	}
	return nil
}

// flooder queues more launches than the queue holds.
func (c *crowd) flooder() error {
	ctx := context.Background()
	f, err := newFolder(ctx, c.d, fold(), 8)
	if err != nil {
		return err
	}
	defer f.buffer().Free()
	for range device.QueueDepth + 200 {
		if err := f.launch(ctx); err != nil {
			return err
		}
	}
	return f.check()
}

// slowpoke queues launches that take long.
func (c *crowd) slowpoke() error {
	ctx := context.Background()
	out, err := c.d.Alloc(device.Uint32, busyRows)
	if err != nil {
		return err
	}
	defer out.Free()
	k := spin()
	for r := range c.rounds {
		steps := int32(busySteps + r)
		l := &device.Launch{Kernel: k, Rows: device.Range{Hi: busyRows}, Args: []device.Arg{device.Val(steps), device.Vec(out)}}
		if err := errors.Join(c.d.Launch(ctx, l), l.Wait(ctx)); err != nil {
			return err
		}
		got, err := device.Download[uint32](ctx, out)
		if err != nil {
			return err
		}
		for _, i := range []int{0, 1, busyRows - 1} {
			if got[i] != spun(uint32(i), steps) {
				return fmt.Errorf("row %d of a long launch is wrong", i)
			}
		}
	}
	return nil
}
