package sched

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"offload/device"
)

// candidate is a device that tasks may run on, with its state. Tasks take turns on it, in
// order; on the host's device they wait in the pool instead. The mutex is never held
// during a driver call.
type candidate struct {
	Candidate
	s     *Scheduler
	host  bool
	hung  atomic.Int32            // driver calls outside of turns that have not returned
	load  atomic.Int64            // predicted nanoseconds of all queued and running tasks
	costs atomic.Pointer[profile] // never nil

	mu       sync.Mutex
	use      *opened   // nil while the candidate is out
	left     *opened   // the previous device, to be closed; may be nil
	why      error     // why the candidate is out
	until    time.Time // when it may be tried again
	strikes  int       // failures in a row
	reviving bool
	info     device.Info // of the device that is open, or was last

	holder *turn
	queue  []*turn   // waiting, oldest first
	begun  time.Time // when the holder's turn began
}

// opened is a device from its opening until the candidate leaves it. The candidate's
// mutex guards the maps.
type opened struct {
	dev  device.Device
	gone chan struct{} // closed when the candidate left the device
	why  error         // why it left, valid once gone is closed

	checked map[*device.Kernel]time.Time // kernels that gave their known answers, and how long these count
	refused map[*device.Kernel]error     // kernels that the device cannot run
	asked   map[*device.Kernel]bool      // kernels whose measurement was requested
}

const (
	// strikesOut is the number of failures in a row after which a device is out for
	// Options.Pause.
	strikesOut = 3
	// mostHung is the number of hanging calls at which a device is not opened again before
	// one of them returns.
	mostHung = 3
	// openWait is the longest time for a device to open and give the known answers.
	openWait = 20 * time.Second
	// closeWait is the longest time for a device to close, or to react to a context, before
	// it is abandoned.
	closeWait = time.Second
)

func newOpened(d device.Device) *opened {
	return &opened{
		dev: d, gone: make(chan struct{}),
		checked: map[*device.Kernel]time.Time{}, refused: map[*device.Kernel]error{}, asked: map[*device.Kernel]bool{},
	}
}

// begin makes on the candidate's device.
func (c *candidate) begin(on *opened) {
	info := on.dev.Info()
	costs := c.s.store.load(profileKey(c.s.opts.Version, info))
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.costs.Load().Key != costs.Key {
		c.costs.Store(costs)
	}
	c.use, c.why, c.info, c.reviving = on, nil, info, false
	// One more failure takes it out again; only a successful task resets the count.
	c.strikes = min(c.strikes, strikesOut-1)
}

// judge records the outcome of a run on the device. A device that is lost or wrong, or
// failed too often, is out until it is revived. The candidate is locked, and not out.
func (c *candidate) judge(err error) {
	switch {
	case err == nil:
		c.strikes = 0
	case isAny(err, device.ErrLost, device.ErrUnavailable, device.ErrClosed, ErrDeadline, ErrWrong):
		c.leave(err)
	case errors.Is(err, device.ErrOutOfMemory):
		if c.strikes++; c.strikes >= strikesOut {
			c.leave(err)
		}
	}
}

// leave takes the candidate out; tasks that wait for a turn go elsewhere. The candidate
// is locked, and not out.
func (c *candidate) leave(err error) {
	c.strikes++
	c.until = time.Now()
	if c.strikes >= strikesOut {
		c.until = c.until.Add(c.s.opts.Pause)
	}
	c.left, c.use, c.why = c.use, nil, err
	c.left.why = err
	close(c.left.gone)
	c.holder, c.queue = nil, nil // a run that hangs has no turn on the next device
	c.s.record(c.Name+" left", err.Error())
}

// reviveIfDue revives a candidate that is out, in the background, once its pause is over:
// it opens the device again, which must give the known answers of kernels. The candidate
// is locked.
func (c *candidate) reviveIfDue(now time.Time, kernels []*device.Kernel) {
	if c.use != nil || c.reviving || now.Before(c.until) || c.hung.Load() >= mostHung {
		return
	}
	left := c.left
	if c.reviving = c.s.goBehind(func() { c.revive(left, kernels) }); c.reviving {
		c.left = nil
	}
}

// revive closes the device that was left, which runs no task that counts, and opens a new
// one.
func (c *candidate) revive(left *opened, kernels []*device.Kernel) {
	if left != nil {
		c.shut(left.dev)
	}
	err := c.within(c.s.ctx, openWait, func(ctx context.Context) error {
		d, err := c.Open(ctx)
		if err != nil {
			return err
		}
		inTime := context.AfterFunc(ctx, func() { c.shut(d) }) // may end a call that hangs
		on := newOpened(d)
		err = c.prove(ctx, on, kernels, nil)
		switch {
		case !inTime():
			return context.Cause(ctx)
		case err != nil:
			c.shut(d)
			return err
		}
		c.begin(on)
		return nil
	})
	if err == nil {
		c.s.record(c.Name+" is back", "it gave the known answers")
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.why, c.strikes, c.until, c.reviving = err, c.strikes+1, time.Now().Add(c.s.opts.Pause), false
	c.s.record(c.Name+" stays out", err.Error())
}

// within calls f on a new goroutine. Once the allowed time is over or ctx is done, f has
// closeWait to return; a driver that takes longer is abandoned.
func (c *candidate) within(ctx context.Context, allowed time.Duration, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, allowed, fmt.Errorf("%w: no answer for %v", ErrDeadline, allowed+closeWait))
	defer cancel()
	c.hung.Add(1)
	done := make(chan error, 1)
	go func() {
		err := device.Guard("device "+c.Name, func() error { return f(ctx) })
		c.hung.Add(-1)
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		return err
	case <-time.After(closeWait):
		return context.Cause(ctx)
	}
}

// shut closes a device, and abandons one that hangs.
func (c *candidate) shut(d device.Device) error {
	return c.within(context.Background(), 0, func(context.Context) error { return d.Close() })
}

// close closes the candidate's device for good.
func (c *candidate) close() error {
	c.mu.Lock()
	on := cmp.Or(c.use, c.left)
	c.use, c.left, c.why, c.holder = nil, nil, device.ErrClosed, nil
	c.mu.Unlock()
	switch {
	case on == nil:
		return nil
	case c.host:
		return on.dev.Close()
	}
	return c.shut(on.dev)
}

// current returns the device that tasks use now, or nil.
func (c *candidate) current() *opened {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.use
}

// refuse records that the device cannot run these kernels.
func (c *candidate) refuse(on *opened, kernels []*device.Kernel, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range kernels {
		on.refused[k] = err
	}
}

// proofShare limits the checks of known answers to 1/proofShare of a device's time.
const proofShare = 20

// prove checks that the device gives the known answers of the kernels, unless it did so
// recently. They are those of the kernel's examples or, for a kernel without examples, of
// call, if it is not nil.
func (c *candidate) prove(ctx context.Context, on *opened, kernels []*device.Kernel, call *device.Call) error {
	for _, k := range kernels {
		c.mu.Lock()
		until := on.checked[k]
		c.mu.Unlock()
		start := time.Now()
		if !start.After(until) {
			continue
		}
		verify := func(d device.Device) error { return device.Verify(ctx, d, k, device.ProbeSize) }
		if k.Examples == nil {
			verify = func(d device.Device) error { return call.Verify(ctx, d) }
		}
		if k.Examples != nil || call != nil {
			if err := known(on.dev, k.Name, verify); err != nil {
				return err
			}
		}
		end := time.Now()
		c.mu.Lock()
		on.checked[k] = end.Add(min(c.s.opts.Recheck, proofShare*end.Sub(start)))
		c.mu.Unlock()
	}
	return nil
}

// known verifies the kernel of that name on d and each of its parts. It skips parts that
// are not exact for it, because they get no share of it.
func known(d device.Device, kernel string, verify func(device.Device) error) error {
	for _, p := range d.Parts() {
		if p.Info().IsExact(kernel) {
			if err := known(p, kernel, verify); err != nil {
				return err
			}
		}
	}
	err := verify(d)
	if _, differs := errors.AsType[*device.Difference](err); differs {
		return fmt.Errorf("%w: %w", ErrWrong, err)
	}
	return err
}
