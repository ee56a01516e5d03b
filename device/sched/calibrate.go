package sched

import (
	"context"
	"errors"
	"fmt"

	"offload/device"
)

// wish is a kernel to be measured on a candidate, by its examples or, if it has none,
// by a task's call.
type wish struct {
	c       *candidate
	k       *device.Kernel
	call    *device.Call
	doubted bool // it has to equal its contract first
}

// manyAsked is the number of kernels after which those that were asked for are
// forgotten, so that a program that makes kernels without end does not grow.
const manyAsked = 1024

// wish has kernels measured that were not, where they can run; call is that of a task
// that needs them, nil for none. Where there is the host alone, there is nothing to
// choose.
func (s *Scheduler) wish(kernels []*device.Kernel, call *device.Call) {
	var todo []wish
	for _, c := range s.candidates {
		if c.host && len(todo) == 0 {
			return
		}
		for _, k := range kernels {
			if (k.Examples != nil || call != nil) && c.ask(k) {
				todo = append(todo, wish{c, k, call, true})
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.todo = append(s.todo, todo...)
	if s.measured == nil && s.ctx.Err() == nil {
		s.measured = make(chan struct{})
		s.behind.Go(s.measureAll)
	}
}

// ask reports whether k can run on the candidate, was not measured there, or not shown
// to be exact, and is asked for on its device for the first time.
func (c *candidate) ask(k *device.Kernel) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	on := c.use
	if on == nil || on.asked[k] || c.unable(k, false) != "" || c.costs.has(k) && (c.host || c.exact(k)) {
		return false
	}
	if len(on.asked) >= manyAsked {
		clear(on.asked)
	}
	on.asked[k] = true
	return true
}

// measureAll measures what is asked for until nothing is.
func (s *Scheduler) measureAll() {
	for {
		s.mu.Lock()
		if len(s.todo) == 0 || s.ctx.Err() != nil {
			close(s.measured)
			s.todo, s.measured = nil, nil
			s.mu.Unlock()
			return
		}
		w := s.todo[0]
		s.todo = s.todo[1:]
		s.mu.Unlock()
		if err := s.calibrate(s.ctx, w); err != nil {
			s.record(w.c.Name+" not measured", err.Error())
		}
	}
}

// Ready has the kernels measured that were not, if Options.Calibrate says so, and waits
// until everything is measured that was asked for. What could not be measured stays on
// the host. Its error is the context's.
func (s *Scheduler) Ready(ctx context.Context, kernels ...*device.Kernel) error {
	if s.opts.Calibrate {
		s.wish(kernels, nil)
	}
	s.mu.Lock()
	done := s.measured
	s.mu.Unlock()
	if done == nil {
		return ctx.Err()
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Calibrate measures kernels on the candidate of that name, whether they were measured
// before or not. Save and Close keep the result. Errors: device.ErrInvalid for a name
// that there is not, and what the device reports.
func (s *Scheduler) Calibrate(ctx context.Context, name string, kernels []*device.Kernel) error {
	c := s.candidate(name)
	if c == nil {
		return device.Invalidf("no candidate is called %q", name)
	}
	for _, k := range kernels {
		if err := s.calibrate(ctx, wish{c: c, k: k}); err != nil {
			return err
		}
	}
	return nil
}

// calibrate measures a kernel on a candidate, piece by piece: tasks take turns with it.
func (s *Scheduler) calibrate(ctx context.Context, w wish) error {
	if w.k.Examples == nil && w.call == nil {
		return fmt.Errorf("%s: %w: kernel %s has no examples to be measured with", w.c.Name, device.ErrInvalid, w.k.Name)
	}
	on := w.c.current()
	turn := func(f func(ctx context.Context, d device.Device) error) error {
		return w.c.run(ctx, calibrateWait, func(ctx context.Context, now *opened) error {
			if now != on {
				return errLeft
			}
			return f(ctx, on.dev)
		})
	}
	err := device.Guard("kernel "+w.k.Name, func() error {
		if w.doubted && !w.c.trusts(w.k) {
			if err := turn(func(ctx context.Context, _ device.Device) error { return w.c.prove(ctx, on, w.k, w.call) }); err != nil {
				return err
			}
		}
		return measure(w, turn)
	})
	switch {
	case err == nil:
		s.record(w.c.Name+" measured", w.k.Name)
		return nil
	case on != nil && isAny(err, device.ErrUnsupported, device.ErrShader, ErrWrong, device.ErrPanic):
		w.c.refuse(on, []*device.Kernel{w.k}, err)
	case errors.Is(err, errLeft):
		err = device.ErrUnavailable
	}
	return fmt.Errorf("%s: measuring %s: %w", w.c.Name, w.k.Name, err)
}

// trusts reports whether the device need not show that k equals its contract.
func (c *candidate) trusts(k *device.Kernel) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.host || c.use == nil || c.info.Math != device.Exact || c.exact(k)
}

// Forget drops what was measured of the candidates, also on disk.
func (s *Scheduler) Forget() error {
	var errs []error
	for _, c := range s.candidates {
		c.mu.Lock()
		costs := c.costs
		if costs != nil {
			c.costs = newProfile(costs.Key)
		}
		c.mu.Unlock()
		if costs != nil {
			errs = append(errs, s.store.forget(costs.Key))
		}
	}
	return errors.Join(errs...)
}

// Save keeps what was measured so far in the folder for measured costs.
func (s *Scheduler) Save() error {
	var errs []error
	for _, c := range s.candidates {
		if p := c.profile(); p != nil {
			if err := s.store.save(p); err != nil {
				errs = append(errs, fmt.Errorf("measured costs of %s are not kept: %w", c.Name, err))
			}
		}
	}
	return errors.Join(errs...)
}
