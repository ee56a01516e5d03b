package sched

import (
	"context"
	"fmt"
	"time"
)

// deadline is how long a device may be silent.
func (s *Scheduler) deadline(t *spec, predicted time.Duration) time.Duration {
	return max(MinDeadline, time.Duration(s.opts.Patience*float64(predicted)/float64(max(1, t.steps))))
}

// grace is how long a run that was given up has to return before it is left behind.
const grace = time.Second

// supervise runs the function, and gives it up when there was no beat for the time
// allowed. A run that does not heed its context is left to itself: it reports to
// nobody, and what it was given stays valid.
func supervise[T any](ctx context.Context, run func(context.Context) outcome[T], beat *pulse, allowed time.Duration) outcome[T] {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan outcome[T], 1)
	go func() { done <- run(ctx) }()
	timer := time.NewTimer(allowed)
	defer timer.Stop()
	for seen := int64(0); ; {
		select {
		case o := <-done:
			return o
		case <-timer.C:
		}
		if now := beat.beats.Load(); now != seen {
			seen = now
			timer.Reset(allowed)
			continue
		}
		break
	}
	cancel()
	timer.Reset(grace)
	select {
	case o := <-done:
		if o.err == nil {
			return o // late, but there
		}
	case <-timer.C:
	}
	return outcome[T]{err: fmt.Errorf("%w: silent for %v", ErrDeadline, allowed)}
}
