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

// turn is the right of one run to a candidate's device. While the run waits for other
// tasks, its turn is theirs.
type turn struct {
	c       *candidate
	on      *opened
	allowed time.Duration // that the device may be silent
	beats   atomic.Int64  // of the run

	// Guarded by the candidate's mutex.
	granted chan struct{} // closed when the turn has come
	lent    int           // waits of the run, during which it has no turn
	over    bool          // the run has returned; what it left running has no turn
	timer   *time.Timer
	seen    int64 // progress at the last look
}

type turnKey struct{}

// errLeft is why a task that waits for its turn has to go elsewhere.
var errLeft = errors.New("the device was left before the turn came")

// Alive says from inside Run that a step is done: the device is not silent. Outside of
// Run it does nothing.
func Alive(ctx context.Context) {
	if t, ok := ctx.Value(turnKey{}).(*turn); ok {
		t.beats.Add(1)
	}
}

// Observe says from inside Run how long a launch like l took, with the wait for its
// end. The predictions follow. Outside of Run it does nothing.
func Observe(ctx context.Context, l *device.Launch, took time.Duration) {
	if t, ok := ctx.Value(turnKey{}).(*turn); ok {
		t.c.costs.Load().observe(l.Kernel.Name, amount(device.CostOf(l)), took)
	}
}

// run runs f on the candidate's device, in a turn of its own. It returns when f has
// returned, when ctx is done, or when the device was left; then f goes on by itself and
// keeps the turn until it returns. The device may be silent for the time allowed. The
// host has no turns, and no deadline: there is nowhere to go from there.
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

// wait waits at place i of the queue until the turn has come, and begins to look whether
// the device makes progress. The candidate is locked before and after.
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

// progress grows with what the device and the run get done.
func (t *turn) progress() int64 { return t.beats.Load() + t.on.dev.Counters().Progress }

// look takes the device out if it was silent since the last look.
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

// release ends the turn of a run that has returned err, and returns the error that
// counts: what comes from a device that was left is not believed.
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

// pass gives the turn to the next who waits, if t has it or nobody does. The candidate
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
// goes on without it.
func (t *turn) Return(ctx context.Context) {
	t.c.mu.Lock()
	defer t.c.mu.Unlock()
	if t.lent--; t.lent == 0 && !t.over {
		t.wait(ctx, 0)
	}
}
