package sched

import (
	"context"
	"errors"
	"fmt"
	"time"

	"offload/device"
)

// Submit chooses a device for t and returns a future of its result. The future's error
// is a *TaskError. If ctx is done before the task begins, it does not run; a task that
// runs is told by its own context. Whoever waits for a future that has not begun runs
// it, so that tasks may wait for tasks.
func Submit[T any](ctx context.Context, s *Scheduler, t Task[T]) *device.Future[Result[T]] {
	start := time.Now()
	if err := s.enter(); err != nil {
		f := device.NewFuture[Result[T]](ctx, nil)
		f.Fail(&TaskError{Report{Task: t.Name}, err})
		return f
	}
	p := t.spec()
	d := s.place(ctx, &p)
	// The future's own context never ends, so that what was booked is always given back.
	f := device.NewFuture(context.WithoutCancel(ctx), func(context.Context) (Result[T], error) {
		defer s.leave()
		return execute(ctx, s, &t, &p, d, start)
	})
	c := &counted[T]{f, s}
	if d.lane == nil || d.lane.host {
		s.opts.Pool.Begin(c)
	} else if !d.lane.begin(c) {
		c.Fail(device.ErrClosed)
	}
	return f
}

// counted is a future in a queue; one that is dropped from there has ended.
type counted[T any] struct {
	*device.Future[Result[T]]
	s *Scheduler
}

// Fail ends the future and takes it off the count, unless it runs already.
func (c *counted[T]) Fail(err error) bool {
	failed := c.Future.Fail(err)
	if failed {
		c.s.leave()
	}
	return failed
}

// Do runs t in the caller and returns its result. Its error is a *TaskError.
func Do[T any](ctx context.Context, s *Scheduler, t Task[T]) (Result[T], error) {
	start := time.Now()
	if err := s.enter(); err != nil {
		return Result[T]{}, &TaskError{Report{Task: t.Name}, err}
	}
	defer s.leave()
	p := t.spec()
	return execute(ctx, s, &t, &p, s.place(ctx, &p), start)
}

// Map runs a task for every element of in and returns their values, in that order. The
// elements are cut into chunks for the host's workers, each of which does one task
// after another, here or on the device that suits. After an error no element behind it
// begins; the error of the first element that failed is returned.
func Map[A, B any](ctx context.Context, s *Scheduler, in []A, task func(A) Task[B]) ([]B, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.leave()
	out := make([]B, len(in))
	err := s.opts.Pool.ForEach(ctx, len(in), func(ctx context.Context, r device.Range) error {
		host := s.host().current()
		for i := r.Lo; i < r.Hi; i++ {
			if err := ctx.Err(); err != nil {
				return err
			}
			t := task(in[i])
			if len(t.Needs.Kernels) == 0 && len(t.Work) == 0 && t.Check == nil {
				o := call(ctx, &t, host)
				if out[i] = o.value; o.err != nil {
					return o.err
				}
				continue
			}
			result, err := Do(ctx, s, t)
			if err != nil {
				return err
			}
			out[i] = result.Value
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// place measures what has to be measured first, and chooses.
func (s *Scheduler) place(ctx context.Context, p *spec) decision {
	if s.opts.Calibrate && len(s.lanes) > 1 && !p.plain() {
		s.calibrateMissing(ctx, p)
	}
	return s.choose(p, nil)
}

// execute runs t where it was placed, and where that fails on one device after
// another.
func execute[T any](ctx context.Context, s *Scheduler, t *Task[T], p *spec, d decision, submitted time.Time) (Result[T], error) {
	r := Result[T]{Report: Report{Task: t.Name, Choice: d.choice, Queued: time.Since(submitted)}}
	var tried []*lane
	for d.lane != nil {
		if err := ctx.Err(); err != nil {
			d.lane.unbook(d.predicted)
			return r, &TaskError{r.Report, err}
		}
		s.tell(t.Name, d, r.Report.Attempts)
		value, a := attempt(ctx, s, t, p, d)
		d.lane.unbook(d.predicted)
		r.Report.Attempts = append(r.Report.Attempts, a)
		if a.Err == nil {
			r.Value = value
			return r, nil
		}
		if ctx.Err() != nil || !IsFault(a.Err) {
			return r, &TaskError{r.Report, a.Err}
		}
		tried = append(tried, d.lane)
		d = s.choose(p, tried)
	}
	return r, &TaskError{r.Report, r.Report.left(d.choice)}
}

// tell lets those who asked for it know of a decision.
func (s *Scheduler) tell(task string, d decision, failed []Attempt) {
	if s.opts.Recorder != nil {
		s.record(task+" → "+d.lane.name, d.choice.String())
	}
	if s.opts.Placed != nil {
		s.opts.Placed(task, d.choice, failed)
	}
}

// left is the error of a task that no device was left for.
func (r *Report) left(c Choice) error {
	var errs []error
	for _, a := range r.Attempts {
		errs = append(errs, fmt.Errorf("%s: %w", a.Device, a.Err))
	}
	if len(errs) == 0 {
		return fmt.Errorf("%w: %v", device.ErrUnavailable, c)
	}
	return errors.Join(errs...)
}
