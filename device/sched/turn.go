package sched

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"offload/device"
)

// turn is one run's exclusive use of a candidate's device. The run lends it while it
// waits for other tasks.
type turn struct {
	c       *candidate
	on      *opened
	allowed time.Duration // longest time without progress
	beats   atomic.Int64  // of the run

	// Guarded by the candidate's mutex.
	granted chan struct{} // closed when the turn is granted
	lent    int           // number of current waits, during which the turn is lent
	over    bool          // the run has returned
	timer   *time.Timer
	seen    int64 // progress at the last look
}

type turnKey struct{}

// errLeft is the error of a task that waits for a turn on a device that was left.
var errLeft = errors.New("the device was left before the turn came")

// Alive reports from inside Run that a step is done, which counts as progress. Outside of
// Run it does nothing.
func Alive(ctx context.Context) {
	if t, ok := ctx.Value(turnKey{}).(*turn); ok {
		t.beats.Add(1)
	}
}

// Observe adds a measurement from inside Run to the costs: the time of launch l,
// including the wait for its end. Outside of Run it does nothing.
func Observe(ctx context.Context, l *device.Launch, took time.Duration) {
	if t, ok := ctx.Value(turnKey{}).(*turn); ok {
		t.c.costs.Load().observe(l.Kernel.Name, amount(device.CostOf(l)), took)
	}
}

// run runs f in a turn on the candidate's device. It returns when f has returned, ctx is
// done, or the device was left; in the last two cases f continues and keeps the turn
// until it returns. allowed is the longest time without progress. The host has neither
// turns nor a deadline, because there is no other device to go to.
func (c *candidate) run(ctx context.Context, allowed time.Duration, f func(ctx context.Context, on *opened) error) error {
	t := &turn{c: c, on: c.current(), allowed: allowed}
	if c.host {
		if t.on == nil {
			return device.ErrClosed
		}
		return f(context.WithValue(ctx, turnKey{}, t), t.on)
	}
	c.mu.Lock()
	t.timer = time.AfterFunc(allowed, t.look)
	err := t.wait(ctx, len(c.queue))
	c.mu.Unlock()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.WithValue(device.WithPlace(ctx, t), turnKey{}, t))
	defer cancel()
	done := make(chan error, 1)
	go func() {
		done <- t.release(device.Guard("task", func() error { return f(ctx, t.on) }))
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-t.on.gone:
		return t.on.why
	}
}

// wait waits at position i of the queue for the turn, and starts the check for progress.
// The candidate is locked before and after.
func (t *turn) wait(ctx context.Context, i int) error {
	c := t.c
	t.timer.Stop()
	switch {
	case c.s.ctx.Err() != nil:
		return device.ErrClosed
	case t.on == nil || t.on != c.use:
		return errLeft
	}
	t.granted = make(chan struct{})
	c.queue = slices.Insert(c.queue, i, t)
	c.pass(t)
	c.mu.Unlock()
	select {
	case <-t.granted:
	case <-t.on.gone:
	case <-c.s.ctx.Done():
	case <-ctx.Done():
	}
	now := t.progress()
	c.mu.Lock()
	c.queue = slices.DeleteFunc(c.queue, func(x *turn) bool { return x == t })
	var err error
	switch {
	case ctx.Err() != nil:
		err = ctx.Err()
	case c.s.ctx.Err() != nil:
		err = device.ErrClosed
	case c.holder != t || t.over:
		err = errLeft
	}
	if err != nil {
		c.pass(t)
		return err
	}
	t.seen = now
	t.timer.Reset(t.allowed)
	return nil
}

// progress returns a number that grows with the work done by the device and the run.
func (t *turn) progress() int64 { return t.beats.Load() + t.on.dev.Counters().Progress }

// look takes the device out if there was no progress since the last look.
func (t *turn) look() {
	now, c := t.progress(), t.c
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.holder != t:
	case t.seen == now:
		c.leave(fmt.Errorf("%w: silent for %v", ErrDeadline, t.allowed))
	default:
		t.seen = now
		t.timer.Reset(t.allowed)
	}
}

// release ends the turn of a run that has returned err, and returns the run's final
// error: results from a device that was left do not count.
func (t *turn) release(err error) error {
	c := t.c
	c.mu.Lock()
	defer c.mu.Unlock()
	t.over = true
	t.timer.Stop()
	if c.use == t.on {
		c.judge(err)
	} else if err == nil {
		err = t.on.why
	}
	c.pass(t)
	return err
}

// pass gives the turn to the next in the queue if t has it or it is free. The candidate
// is locked.
func (c *candidate) pass(t *turn) {
	if c.holder != nil && c.holder != t {
		return
	}
	c.holder, c.begun = nil, time.Now()
	if len(c.queue) > 0 {
		c.holder, c.queue = c.queue[0], c.queue[1:]
		close(c.holder.granted)
	}
}

// Lend gives the turn to other tasks while the run waits for them.
func (t *turn) Lend() {
	t.c.mu.Lock()
	defer t.c.mu.Unlock()
	if t.lent++; t.lent == 1 {
		t.timer.Stop()
		t.c.pass(t)
	}
}

// Return takes the turn back. A run whose context has ended, or whose device was left,
// continues without it.
func (t *turn) Return(ctx context.Context) {
	t.c.mu.Lock()
	defer t.c.mu.Unlock()
	if t.lent--; t.lent == 0 && !t.over {
		t.wait(ctx, 0)
	}
}
