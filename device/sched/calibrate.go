package sched

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"offload/device"
)

// measuring is what is measured in the background, one kernel after another.
type measuring struct {
	mu    sync.Mutex
	todo  []wish
	asked map[asked]bool // also what could not be measured
	done  chan struct{}  // closed when all is measured; nil while nothing is
}

// wish is a kernel to be measured on a candidate, by its examples or, if it has none,
// by a task's call.
type wish struct {
	c       *candidate
	k       *device.Kernel
	call    *device.Call
	doubted bool // it has to equal its contract first
}

type asked struct {
	on *opened
	k  *device.Kernel
}

// manyAsked is the number of kernels after which those that were asked for are
// forgotten, so that a program that makes kernels without end does not grow.
const manyAsked = 1024

// wish has kernels measured that were not, where t could run; nil for any task. Where
// there is the host alone, there is nothing to choose.
func (s *Scheduler) wish(kernels []*device.Kernel, t *spec) {
	var todo []wish
	others := false
	for _, c := range s.candidates {
		for _, k := range kernels {
			w := wish{c: c, k: k, doubted: true}
			if t != nil {
				w.call = t.call
			}
			if on := c.lacks(k); on != nil && (k.Examples != nil || w.call != nil) && s.measuring.ask(asked{on, k}) {
				todo = append(todo, w)
				others = others || !c.host
			}
		}
	}
	if !others {
		return
	}
	m := &s.measuring
	m.mu.Lock()
	defer m.mu.Unlock()
	m.todo = append(m.todo, todo...)
	if m.done == nil {
		m.done = make(chan struct{})
		if !s.goBehind(s.measureAll) {
			close(m.done)
		}
	}
}

// ask takes note of what is asked for, and reports whether it is for the first time.
func (m *measuring) ask(a asked) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.asked[a] {
		return false
	}
	if m.asked == nil || len(m.asked) >= manyAsked {
		m.asked = map[asked]bool{}
	}
	m.asked[a] = true
	return true
}

// lacks is the candidate's device if k could run there and was not measured, or not
// shown to be exact.
func (c *candidate) lacks(k *device.Kernel) *opened {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.out || c.use == nil || c.unable(k, false) != "" || c.costs.has(k) && (c.host || c.exact(k)) {
		return nil
	}
	return c.use
}

// measureAll measures what is asked for until nothing is.
func (s *Scheduler) measureAll() {
	m := &s.measuring
	for {
		m.mu.Lock()
		if len(m.todo) == 0 || s.ctx.Err() != nil {
			close(m.done)
			m.todo, m.done = nil, nil
			m.mu.Unlock()
			return
		}
		w := m.todo[0]
		m.todo = m.todo[1:]
		m.mu.Unlock()
		if err := s.calibrate(s.ctx, w); err != nil {
			s.record(w.c.name+" not measured", err.Error())
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
	s.measuring.mu.Lock()
	done := s.measuring.done
	s.measuring.mu.Unlock()
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
		return fmt.Errorf("%s: %w: kernel %s has no examples to be measured with", w.c.name, device.ErrInvalid, w.k.Name)
	}
	var last *opened
	turn := func(f func(ctx context.Context, d device.Device) error) error {
		return w.c.run(ctx, calibrateWait, func(ctx context.Context, on *opened) error {
			last = on
			return f(ctx, on.dev)
		})
	}
	err := device.Guard("kernel "+w.k.Name, func() error {
		if w.doubted {
			if err := turn(func(ctx context.Context, _ device.Device) error { return w.prove(ctx, last) }); err != nil {
				return err
			}
		}
		return measure(w, turn)
	})
	switch {
	case err == nil:
		s.record(w.c.name+" measured", w.k.Name)
		return nil
	case errors.Is(err, device.ErrUnsupported), errors.Is(err, device.ErrShader), errors.Is(err, ErrWrong), errors.Is(err, device.ErrPanic):
		if last != nil {
			w.c.refuse(last, []*device.Kernel{w.k}, err)
		}
	case errors.Is(err, errLeft):
		err = device.ErrUnavailable
	}
	return fmt.Errorf("%s: measuring %s: %w", w.c.name, w.k.Name, err)
}

// prove shows that the kernel equals its contract, unless that was shown at open.
func (w wish) prove(ctx context.Context, on *opened) error {
	w.c.mu.Lock()
	exact := w.c.host || w.c.info.Math != device.Exact || w.c.exact(w.k)
	w.c.mu.Unlock()
	if exact {
		return nil
	}
	if w.k.Examples != nil {
		return w.c.prove(ctx, on, w.k)
	}
	start := time.Now()
	got, want := w.call.Clone(), w.call.Clone()
	if err := want.Contract(); err != nil {
		return err
	}
	if err := got.Run(ctx, on.dev); err != nil {
		return err
	}
	if diff := device.Diff(got, want); diff != nil {
		return fmt.Errorf("%w: %w", ErrWrong, diff)
	}
	w.c.mu.Lock()
	defer w.c.mu.Unlock()
	on.checked[w.k] = proof{time.Now(), time.Since(start)}
	return nil
}

// Forget drops what was measured of the candidates, also on disk.
func (s *Scheduler) Forget() error {
	var errs []error
	for _, c := range s.candidates {
		c.mu.Lock()
		costs := c.costs
		if costs != nil {
			c.costs = newProfile(costs.key)
		}
		c.mu.Unlock()
		if costs != nil {
			errs = append(errs, s.store.forget(costs.key))
		}
	}
	return errors.Join(errs...)
}

// Measured reports whether there are predictions for a kernel on a candidate.
func (s *Scheduler) Measured(name string, k *device.Kernel) bool {
	c := s.candidate(name)
	return c != nil && c.profile() != nil && c.profile().has(k)
}

// Save keeps what was measured so far in the folder for measured costs.
func (s *Scheduler) Save() error {
	var errs []error
	for _, c := range s.candidates {
		if p := c.profile(); p != nil {
			if err := s.store.save(p); err != nil {
				errs = append(errs, fmt.Errorf("measured costs of %s are not kept: %w", c.name, err))
			}
		}
	}
	return errors.Join(errs...)
}
