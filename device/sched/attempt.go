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

// pulse is what a running task's context carries.
type pulse struct {
	lane  *lane
	beats atomic.Int64
}

type pulseKey struct{}

// Alive says from inside Run that a step is done, so that the time that the device may
// take begins again. Outside of Run it does nothing.
func Alive(ctx context.Context) {
	if p, ok := ctx.Value(pulseKey{}).(*pulse); ok {
		p.beats.Add(1)
	}
}

// Observe says from inside Run how long a launch like l took, with the wait for its
// end. The predictions follow. Outside of Run it does nothing.
func Observe(ctx context.Context, l *device.Launch, took time.Duration) {
	if p, ok := ctx.Value(pulseKey{}).(*pulse); ok {
		p.lane.costs.observe(l.Kernel.Name, amount(device.CostOf(l)), took)
	}
}

// outcome is how a run ended.
type outcome[T any] struct {
	value T
	err   error
}

// attempt runs t once on the lane of d. The host has no deadline: there is nowhere to
// go from there.
func attempt[T any](ctx context.Context, s *Scheduler, t *Task[T], p *spec, d decision) (value T, a Attempt) {
	l := d.lane
	a = Attempt{Device: l.name, Predicted: d.predicted}
	start := time.Now()
	dev := l.enter(start)
	defer func() {
		end := time.Now()
		a.Took = end.Sub(start)
		l.leave(end)
	}()
	if dev == nil {
		a.Err = fmt.Errorf("%s: %w", l.name, device.ErrLost)
		return value, a
	}
	beat := &pulse{lane: l}
	ctx = context.WithValue(ctx, pulseKey{}, beat)
	run := func(ctx context.Context) outcome[T] { return believe(ctx, s, t, p, l, dev) }
	var o outcome[T]
	if l.host {
		o = run(ctx)
	} else {
		o = supervise(ctx, run, beat, s.deadline(p, d.predicted))
	}
	a.Err = o.err
	switch {
	case o.err == nil:
		l.succeeded()
	case ctx.Err() != nil:
	case errors.Is(o.err, device.ErrUnsupported):
		l.refuse(p.needs.Kernels, o.err)
	case IsFault(o.err):
		l.failed(s, dev, o.err, p.needs.Kernels)
	}
	return o.value, a
}

// refuse takes note that the device cannot run these kernels.
func (l *lane) refuse(kernels []*device.Kernel, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, k := range kernels {
		l.refused[k] = err
	}
}

// believe runs t on dev and has the value checked before it counts.
func believe[T any](ctx context.Context, s *Scheduler, t *Task[T], p *spec, l *lane, dev device.Device) (o outcome[T]) {
	o = call(ctx, t, dev)
	if o.err != nil {
		return o
	}
	if t.Check != nil {
		if err := t.Check(o.value); err != nil {
			o.err = fmt.Errorf("%w: %w", ErrWrong, err)
			return o
		}
	}
	if !l.host && p.needs.Exact {
		o.err = s.recheck(ctx, l, dev, p.needs.Kernels)
	}
	return o
}

// call is t.Run, whose panics become errors.
func call[T any](ctx context.Context, t *Task[T], dev device.Device) (o outcome[T]) {
	returned := false
	defer func() {
		if !returned {
			o.err = device.Caught("task "+t.Name, recover())
		}
	}()
	o.value, o.err = t.Run(ctx, dev)
	returned = true
	return o
}

// proofShare is the part of a device's time that known answers may take.
const proofShare = 20

// recheck has the device give the known answers of the kernels, if it did not lately.
func (s *Scheduler) recheck(ctx context.Context, l *lane, dev device.Device, kernels []*device.Kernel) error {
	now := time.Now()
	for _, k := range kernels {
		l.mu.Lock()
		last := l.checked[k]
		l.mu.Unlock()
		if now.Sub(last.at) <= min(s.opts.Recheck, proofShare*last.took) {
			continue
		}
		if err := known(ctx, dev, []*device.Kernel{k}); err != nil {
			return err
		}
		l.mu.Lock()
		end := time.Now()
		l.checked[k] = proof{end, end.Sub(now)}
		now = end
		l.mu.Unlock()
	}
	return nil
}

// knownSize is that of the examples whose answers are asked for.
const knownSize = 37

// known compares the kernels' examples on d with their contracts, and on each of its
// parts if it has any. A part that is not exact for a kernel has no share of it.
func known(ctx context.Context, d device.Device, kernels []*device.Kernel) error {
	if j, ok := d.(device.Joined); ok {
		for _, p := range j.Parts() {
			exact := slices.DeleteFunc(slices.Clone(kernels), func(k *device.Kernel) bool { return !p.Info().IsExact(k.Name) })
			if err := known(ctx, p, exact); err != nil {
				return err
			}
		}
	}
	for _, k := range kernels {
		if k.Examples == nil {
			continue
		}
		err := device.Verify(ctx, d, k, knownSize)
		var diff *device.Difference
		if errors.As(err, &diff) {
			return fmt.Errorf("%w: %w", ErrWrong, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

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
