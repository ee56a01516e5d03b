package sched

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"offload/device"
)

// Calibrate measures kernels on the candidate of that name, whether they were measured
// before or not. Save and Close keep the result. Errors: device.ErrInvalid for a name that there
// is not, and what the device reports.
func (s *Scheduler) Calibrate(ctx context.Context, name string, kernels []*device.Kernel) error {
	l := s.lane(name)
	if l == nil {
		return device.Invalidf("no candidate is called %q", name)
	}
	s.calibrating.Lock()
	defer s.calibrating.Unlock()
	for _, k := range kernels {
		if err := s.calibrate(ctx, l, k); err != nil {
			return err
		}
	}
	return nil
}

// Forget drops what was measured of the candidates, also on disk.
func (s *Scheduler) Forget() error {
	var errs []error
	for _, l := range s.lanes {
		l.mu.Lock()
		if l.costs != nil {
			errs = append(errs, s.store.forget(l.costs.key))
			l.costs = newProfile(l.costs.key)
		}
		l.mu.Unlock()
	}
	return errors.Join(errs...)
}

// Measured tells whether there are predictions for a kernel on a candidate.
func (s *Scheduler) Measured(name string, k *device.Kernel) bool {
	l := s.lane(name)
	return l != nil && l.profile() != nil && l.profile().has(k)
}

// Save keeps what was measured so far in the folder for measured costs.
func (s *Scheduler) Save() error {
	var errs []error
	for _, l := range s.lanes {
		if p := l.profile(); p != nil {
			if err := s.store.save(p); err != nil {
				errs = append(errs, fmt.Errorf("measured costs of %s are not kept: %w", l.name, err))
			}
		}
	}
	return errors.Join(errs...)
}

func (l *lane) profile() *profile {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.costs
}

// calibrateMissing measures what a choice for t lacks. What cannot be measured stays
// unknown, and the choice says so.
func (s *Scheduler) calibrateMissing(ctx context.Context, t *spec) {
	if !s.contested(t) {
		return
	}
	for _, l := range s.lanes {
		for _, k := range t.needs.Kernels {
			if l.lacks(t, k) {
				s.calibrateOnce(ctx, l, k)
			}
		}
	}
}

// contested tells whether any candidate but the host could run t.
func (s *Scheduler) contested(t *spec) bool {
	return slices.ContainsFunc(s.lanes, func(l *lane) bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return !l.host && l.unfit(t) == ""
	})
}

func (l *lane) lacks(t *spec, k *device.Kernel) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.unfit(t) == "" && l.refused[k] == nil && !l.costs.has(k)
}

func (s *Scheduler) calibrateOnce(ctx context.Context, l *lane, k *device.Kernel) {
	s.calibrating.Lock()
	defer s.calibrating.Unlock()
	if l.profile().has(k) {
		return // somebody else has been here
	}
	if err := s.calibrate(ctx, l, k); err != nil {
		s.record(l.name+" not measured", err.Error())
	}
}

// calibrate measures k on the lane's device. The caller holds s.calibrating.
func (s *Scheduler) calibrate(ctx context.Context, l *lane, k *device.Kernel) error {
	d := l.current()
	if d == nil {
		return fmt.Errorf("%s: %w", l.name, device.ErrUnavailable)
	}
	if k.Examples == nil {
		return fmt.Errorf("%s: %w: kernel %s has no examples to be measured with", l.name, device.ErrInvalid, k.Name)
	}
	beat := &pulse{lane: l}
	o := supervise(ctx, func(ctx context.Context) outcome[struct{}] {
		return outcome[struct{}]{err: l.measure(ctx, d, k, beat)}
	}, beat, calibrateWait)
	if o.err == nil {
		s.record(l.name+" measured", k.Name)
		return nil
	}
	if ctx.Err() == nil && errors.Is(o.err, device.ErrUnsupported) {
		l.refuse([]*device.Kernel{k}, o.err)
	} else if ctx.Err() == nil && IsFault(o.err) {
		l.failed(s, d, o.err, []*device.Kernel{k})
	}
	return fmt.Errorf("%s: measuring %s: %w", l.name, k.Name, o.err)
}
