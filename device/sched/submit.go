package sched

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"offload/device"
)

// Submit chooses a device for t and returns a future of its result, without waiting. The
// future's error is a *TaskError. When ctx is done the future ends at once; a task that
// has not begun does not run, and a running task's context is cancelled. A task that
// waits for another lends its place or turn, so tasks may wait for tasks.
func Submit[T any](ctx context.Context, s *Scheduler, t Task[T]) *device.Future[Result[T]] {
	j := &job[T]{s: s, task: t, spec: t.spec(), ctx: ctx, submitted: time.Now(), stop: func() bool { return false }}
	j.report.Task = t.Name
	// The future's own context never ends, so the booking is always released.
	j.Future = device.NewFuture(context.WithoutCancel(ctx), j.execute)
	err := t.valid()
	if err == nil {
		err = s.enter()
	}
	if err != nil {
		j.Future.Fail(j.failed(err))
		return j.Future
	}
	j.Own(s)
	if s.opts.Calibrate && !t.plain() {
		s.wish(t.Needs.Kernels, t.call)
	}
	j.at = s.choose(&j.spec, nil)
	j.report.Choice = j.at.choice
	if ctx.Done() != nil {
		j.stop = context.AfterFunc(ctx, func() {
			if err := j.failed(ctx.Err()); !j.drop(err) {
				j.Abandon(err)
			}
		})
	}
	if c := j.at.candidate; c == nil || c.host {
		j.pooled = true
		s.opts.Pool.Begin(j)
	} else if !s.goBehind(j.Start) {
		j.Fail(device.ErrClosed)
	}
	return j.Future
}

// Do submits t and waits for its result.
func Do[T any](ctx context.Context, s *Scheduler, t Task[T]) (Result[T], error) {
	return Submit(ctx, s, t).Get(context.WithoutCancel(ctx)) // the future ends with ctx
}

// job is a submitted task.
type job[T any] struct {
	*device.Future[Result[T]]
	s         *Scheduler
	task      Task[T]
	spec      spec
	ctx       context.Context
	submitted time.Time
	at        decision
	stop      func() bool // stops watching ctx
	pooled    bool        // runs on the host's pool

	mu     sync.Mutex
	report Report
}

// Fail is called by a pool that drops the job.
func (j *job[T]) Fail(err error) bool {
	j.stop()
	return j.drop(j.failed(err))
}

// drop ends a job if it has not begun, and reports whether it did.
func (j *job[T]) drop(err error) bool {
	dropped := j.Future.Fail(err)
	if dropped {
		j.at.unbook()
		j.s.leave()
	}
	return dropped
}

// failed returns the error of the job, with its report so far.
func (j *job[T]) failed(err error) *TaskError {
	j.mu.Lock()
	defer j.mu.Unlock()
	return &TaskError{j.report, err}
}

// execute runs the task on the chosen device and, if that fails, on one device after
// another.
func (j *job[T]) execute(placed context.Context) (r Result[T], err error) {
	defer j.s.leave()
	defer j.stop()
	ctx := j.ctx
	if p := device.PlaceOf(placed); p != nil {
		ctx = device.WithPlace(ctx, p)
	}
	var tried []*candidate
	for j.at.candidate != nil {
		value, ran, err := j.attempt(ctx)
		switch {
		case err == nil:
			return Result[T]{value, j.report}, nil
		case ctx.Err() != nil:
			return r, j.failed(ctx.Err())
		case ran && IsFault(err):
			tried = append(tried, j.at.candidate)
		case ran || !errors.Is(err, errLeft):
			return r, j.failed(err)
		}
		j.at = j.s.choose(&j.spec, tried)
	}
	if len(j.report.Attempts) == 0 {
		return r, j.failed(fmt.Errorf("%w: %v", device.ErrUnavailable, j.at.choice))
	}
	var errs []error
	for _, a := range j.report.Attempts {
		errs = append(errs, fmt.Errorf("%s: %w", a.Device, a.Err))
	}
	return r, j.failed(errors.Join(errs...))
}

// attempt runs the task once and reports whether it began.
func (j *job[T]) attempt(ctx context.Context) (value T, ran bool, err error) {
	s, at, failed := j.s, j.at, j.report.Attempts
	defer at.unbook()
	box := new(T) // not read after the run was abandoned
	began := make(chan time.Time, 1)
	run := func(ctx context.Context, on *opened) (err error) {
		if err := ctx.Err(); err != nil {
			return err
		}
		began <- time.Now()
		if s.opts.Recorder != nil {
			s.record(j.task.Name+" → "+at.choice.Device, at.choice.String())
		}
		if s.opts.Placed != nil {
			s.opts.Placed(j.task.Name, at.choice, failed)
		}
		*box, err = j.believe(ctx, at.candidate, on)
		return err
	}
	switch place := device.PlaceOf(ctx); {
	case at.candidate.host && !j.pooled: // in a place of the pool
		f := device.NewFuture(ctx, func(ctx context.Context) (struct{}, error) {
			return struct{}{}, at.candidate.run(ctx, 0, run)
		})
		f.Own(s)
		s.opts.Pool.Begin(f)
		err = f.Wait(ctx)
	case !at.candidate.host && j.pooled && place != nil:
		place.Lend()
		defer place.Return(ctx)
		fallthrough
	default:
		silence := duration(s.opts.Patience * at.predicted.Seconds() / float64(max(1, j.task.Steps)))
		err = at.candidate.run(ctx, max(MinDeadline, silence), run)
	}
	select {
	case start := <-began:
		j.mu.Lock()
		if len(failed) == 0 {
			j.report.Queued = start.Sub(j.submitted)
		}
		j.report.Attempts = append(failed, Attempt{at.candidate.Name, at.predicted, time.Since(start), err})
		j.mu.Unlock()
		ran = true
	default:
	}
	if err == nil {
		value = *box
	}
	return value, ran, err
}

// believe runs the task on a device and checks the value.
func (j *job[T]) believe(ctx context.Context, c *candidate, on *opened) (T, error) {
	needs := j.task.Needs
	value, err := j.task.Run(ctx, on.dev)
	if err == nil && j.task.Check != nil {
		if wrong := j.task.Check(value); wrong != nil {
			err = fmt.Errorf("%w: %w", ErrWrong, wrong)
		}
	}
	if err == nil && !c.host && needs.Exact {
		err = c.prove(ctx, on, needs.Kernels, nil)
	}
	if errors.Is(err, device.ErrUnsupported) && !c.host {
		c.refuse(on, needs.Kernels, err)
	}
	return value, err
}

// Map runs a task for every element of in and returns their values, in the same order.
// The elements are divided among the host's workers, each of which runs one task after
// another, on the host or on the chosen device. After an error no later element begins;
// Map returns the error of the first element that failed.
func Map[A, B any](ctx context.Context, s *Scheduler, in []A, task func(A) Task[B]) ([]B, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.leave()
	out, host := make([]B, len(in)), s.candidates[len(s.candidates)-1].current()
	err := s.opts.Pool.ForEach(ctx, len(in), func(ctx context.Context, r device.Range) error {
		for i := r.Lo; i < r.Hi; i++ {
			if err := ctx.Err(); err != nil {
				return err
			}
			var err error
			if t := task(in[i]); t.plain() && t.Check == nil {
				out[i], err = t.Run(ctx, host.dev)
			} else {
				var r Result[B]
				r, err = Do(ctx, s, t)
				out[i] = r.Value
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
