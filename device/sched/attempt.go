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

// known compares the kernels' examples on d with their contracts, and on each of its
// parts if it has any. A part that is not exact for a kernel has no share of it.
func known(ctx context.Context, d device.Device, kernels []*device.Kernel) error {
	for _, p := range d.Parts() {
		exact := slices.DeleteFunc(slices.Clone(kernels), func(k *device.Kernel) bool { return !p.Info().IsExact(k.Name) })
		if err := known(ctx, p, exact); err != nil {
			return err
		}
	}
	for _, k := range kernels {
		if k.Examples == nil {
			continue
		}
		err := device.Verify(ctx, d, k, device.ProbeSize)
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
