package sched

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"offload/device"
)

// What a calibration runs: examples of growing size, until a launch takes long enough
// to show the rate, or the data become large.
const (
	rounds        = 5 // of each size, after one that warms up
	smallest      = 2
	growth        = 2
	largest       = 8192
	longEnough    = 20 * time.Millisecond
	largeEnough   = 48 << 20 // bytes of an example's buffers
	calibrateWait = 30 * time.Second
)

// Calibrate measures kernels on the candidate of that name, whether they were measured
// before or not, and keeps the result. Errors: device.ErrInvalid for a name that there
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
	return s.Save()
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

// measure runs examples of k of growing size, of the path through the kernel that is
// fastest: the one that does all rows, and no more than it must.
func (l *lane) measure(ctx context.Context, d device.Device, k *device.Kernel, beat *pulse) error {
	path, err := l.fastest(ctx, d, k, beat)
	if err != nil {
		return err
	}
	for n := smallest; n <= largest; n *= growth {
		c := k.Examples(n)[path]
		took, err := l.time(ctx, d, c, rounds, l.profile(), beat)
		if err != nil {
			return err
		}
		if took > longEnough || 4*callBytes(c) > largeEnough {
			break
		}
	}
	return nil
}

// fastest is the index of the example that gets most done in a second, at a size
// where the start-up matters little.
func (l *lane) fastest(ctx context.Context, d device.Device, k *device.Kernel, beat *pulse) (int, error) {
	const n = 256
	best, most := -1, 0.0
	for i, c := range k.Examples(n) {
		took, err := l.time(ctx, d, c, 1, newProfile(""), beat)
		if err != nil {
			return 0, err
		}
		shape, err := c.Shape()
		if err != nil {
			return 0, err
		}
		if rate := amount(device.CostOf(shape)) / max(took.Seconds(), 1e-9); rate > most {
			best, most = i, rate
		}
	}
	if best < 0 {
		return 0, device.Invalidf("kernel %s has no examples with work to do", k.Name)
	}
	return best, nil
}

func callBytes(c *device.Call) (bytes int) {
	for _, a := range c.Args {
		if a.Width > 0 {
			bytes += len(a.Data.Bytes())
		}
	}
	return bytes
}

// time measures launches of one example, after one that warms up, and a transfer each
// way of every buffer. It returns the least time of a launch.
func (l *lane) time(ctx context.Context, d device.Device, c *device.Call, rounds int, p *profile, beat *pulse) (time.Duration, error) {
	launch, err := c.Shape()
	if err != nil {
		return 0, err
	}
	work := amount(device.CostOf(launch))
	for i, a := range c.Args {
		if a.Width == 0 {
			continue
		}
		b, err := d.Alloc(a.Data.Type(), a.Data.Len())
		if err != nil {
			return 0, err
		}
		defer b.Free()
		launch.Args[i].Buffer = b
		if err := timeCopies(ctx, d, b, a.Data, p); err != nil {
			return 0, err
		}
		beat.beats.Add(1)
	}
	least := time.Duration(1<<63 - 1)
	for i := range rounds + 1 {
		start := time.Now()
		if err := d.Launch(ctx, launch); err != nil {
			return 0, err
		}
		if err := d.Sync(ctx); err != nil {
			return 0, err
		}
		took := time.Since(start)
		beat.beats.Add(1)
		if i > 0 { // the first may compile
			p.observe(c.Kernel.Name, work, took)
			least = min(least, took)
		}
	}
	return least, nil
}

// timeCopies measures a transfer each way, a few times; b ends with the data in it.
func timeCopies(ctx context.Context, d device.Device, b device.Buffer, data device.Slice, p *profile) error {
	if data.Len() == 0 {
		return nil
	}
	back := data.Clone()
	for i := range 4 {
		start := time.Now()
		if err := b.Write(ctx, 0, data); err != nil {
			return err
		}
		if err := d.Sync(ctx); err != nil {
			return err
		}
		written := time.Now()
		if err := b.Read(ctx, 0, back); err != nil {
			return err
		}
		if read := time.Now(); i > 0 {
			p.observeCopy(p.Upload, int64(len(data.Bytes())), written.Sub(start))
			p.observeCopy(p.Download, int64(len(data.Bytes())), read.Sub(written))
		}
	}
	return nil
}
