package sched

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"offload/device"
)

// wish is a kernel to be measured on a candidate, with its examples or, if it has none,
// with a task's call.
type wish struct {
	c       *candidate
	k       *device.Kernel
	call    *device.Call
	doubted bool // it must be shown to equal its contract first
}

// wish queues the measurement of kernels without measured costs where they can run; call
// is that of a task that needs them, or nil. If the host is the only candidate, there is
// nothing to choose and nothing to measure.
func (s *Scheduler) wish(kernels []*device.Kernel, call *device.Call) {
	var todo []wish
	for _, c := range s.candidates {
		if !c.host || len(todo) > 0 {
			todo = append(todo, c.wishes(kernels, call)...)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.todo = append(s.todo, todo...)
	if len(todo) > 0 && s.measured == nil && s.ctx.Err() == nil {
		s.measured = make(chan struct{})
		s.behind.Go(s.measureAll)
	}
}

// wishes returns wishes for the kernels that can run on the candidate, are not yet
// measured there or not shown to be exact, and are requested on its device for the first
// time.
func (c *candidate) wishes(kernels []*device.Kernel, call *device.Call) (todo []wish) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.use == nil {
		return nil
	}
	for _, k := range kernels {
		shown := c.host || c.exact(k)
		if k.Examples == nil && call == nil || c.use.asked[k] || c.unable(k, false) != "" || shown && c.costs.Load().has(k) {
			continue
		}
		c.use.asked[k] = true
		todo = append(todo, wish{c, k, call, !shown && c.info.Math == device.Exact})
	}
	return todo
}

// measureAll performs the queued measurements.
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

// Ready queues measurements of kernels without measured costs if Options.Calibrate is
// set, and waits for all queued measurements. Kernels that could not be measured stay on
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

// Calibrate measures kernels on the named candidate, even if they were measured before.
// Save and Close keep the result. Errors: device.ErrInvalid for an unknown name or a
// kernel without examples, and those of the device.
func (s *Scheduler) Calibrate(ctx context.Context, name string, kernels []*device.Kernel) error {
	c := s.candidate(name)
	if c == nil {
		return device.Invalidf("unknown candidate %q", name)
	}
	for _, k := range kernels {
		if err := s.calibrate(ctx, wish{c: c, k: k}); err != nil {
			return err
		}
	}
	return nil
}

// calibrate measures a kernel on a candidate, in several turns, between which tasks may
// run.
func (s *Scheduler) calibrate(ctx context.Context, w wish) error {
	if w.k.Examples == nil && w.call == nil {
		return fmt.Errorf("%s: %w: kernel %s has no examples", w.c.Name, device.ErrInvalid, w.k.Name)
	}
	on, only := w.c.current(), []*device.Kernel{w.k}
	turn := func(f func(ctx context.Context, d device.Device) error) error {
		return w.c.run(ctx, calibrateWait, func(ctx context.Context, now *opened) error {
			if now != on {
				return errLeft
			}
			return f(ctx, on.dev)
		})
	}
	err := device.Guard("kernel "+w.k.Name, func() error {
		if w.doubted {
			err := turn(func(ctx context.Context, _ device.Device) error { return w.c.prove(ctx, on, only, w.call) })
			if err != nil {
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
		w.c.refuse(on, only, err)
	case errors.Is(err, errLeft):
		err = device.ErrUnavailable
	}
	return fmt.Errorf("%s: measuring %s: %w", w.c.Name, w.k.Name, err)
}

// A calibration runs examples of growing size, until a launch takes long enough to show
// the rate, or the data become large.
const (
	rounds        = 4 // of each size in each of two passes, after a warm-up
	copies        = 3 // of each buffer, the same
	smallest      = 2
	largest       = 8192
	longEnough    = 20 * time.Millisecond
	largeEnough   = 48 << 20 // bytes of an example's buffers
	calibrateWait = 30 * time.Second
)

// turns is a function that runs a piece of a measurement in a turn on the device.
type turns func(func(ctx context.Context, d device.Device) error) error

// measure runs examples of the kernel, of growing size, on its fastest code path: the one
// that computes all rows without extra work. A kernel without examples is measured with
// the call.
func measure(w wish, turn turns) error {
	costs := w.c.costs.Load()
	if w.k.Examples == nil {
		_, err := timeCall(turn, w.call.Clone(), rounds, costs)
		return err
	}
	path, err := fastest(w.k, turn)
	if err != nil {
		return err
	}
	var calls []*device.Call // making them takes longer than running them
	for n := smallest; n <= largest; n *= 2 {
		c := w.k.Examples(n)[path]
		calls = append(calls, c)
		took, err := timeCall(turn, c, rounds, costs)
		if err != nil {
			return err
		}
		bytes := 0
		for _, a := range c.Args {
			bytes += len(a.Data.Bytes())
		}
		if took > longEnough || 4*bytes > largeEnough {
			break
		}
	}
	for _, c := range calls { // once more: one disturbance does not hit all of a size
		if _, err := timeCall(turn, c, rounds, costs); err != nil {
			return err
		}
	}
	return nil
}

// fastest returns the index of the example with the highest rate, at a size where the
// start-up matters little.
func fastest(k *device.Kernel, turn turns) (int, error) {
	best, most := -1, 0.0
	for i, c := range k.Examples(256) {
		took, err := timeCall(turn, c, 1, newProfile(""))
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

// timeCall measures launches of one example in a turn, after a warm-up, and a transfer
// each way of every buffer. It returns the least time of a launch.
func timeCall(turn turns, c *device.Call, rounds int, p *profile) (time.Duration, error) {
	least := time.Duration(math.MaxInt64) // not read after the turn was abandoned
	err := turn(func(ctx context.Context, d device.Device) error {
		bound, err := c.Bind(ctx, d)
		if err != nil {
			return err
		}
		defer bound.Free(ctx)
		launch := bound.Launch
		for i, a := range c.Args {
			if b := launch.Args[i].Buffer; b != nil && b.Len() > 0 {
				if err := timeCopies(ctx, d, b, a.Data.Sub(0, b.Len()), p); err != nil {
					return err
				}
			}
		}
		work := amount(device.CostOf(launch))
		for i := range rounds + 1 {
			took, err := undisturbed(func() error {
				if err := d.Launch(ctx, launch); err != nil {
					return err
				}
				return launch.Wait(ctx)
			})
			if err != nil {
				return err
			}
			if i > 0 { // the first may compile
				p.observe(c.Kernel.Name, work, took)
				least = min(least, took)
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return least, nil
}

// timeCopies measures a transfer each way, a few times; b then holds data.
func timeCopies(ctx context.Context, d device.Device, b device.Buffer, data device.Slice, p *profile) error {
	back := data.Clone()
	for i := range copies + 1 {
		up, err := undisturbed(func() error {
			if err := b.Write(ctx, 0, data); err != nil {
				return err
			}
			return d.Sync(ctx)
		})
		if err != nil {
			return err
		}
		down, err := undisturbed(func() error { return b.Read(ctx, 0, back) })
		if err != nil {
			return err
		}
		if i > 0 {
			p.observeCopies(len(data.Bytes()), up, down)
		}
	}
	return nil
}

// short is a time that a single interrupt distorts.
const short = 200 * time.Microsecond

// undisturbed returns the time of run; if that is short, the median of a few runs.
func undisturbed(run func() error) (time.Duration, error) {
	var times [5]time.Duration
	for i := range times {
		start := time.Now()
		if err := run(); err != nil {
			return 0, err
		}
		if times[i] = time.Since(start); i == 0 && times[i] > short {
			return times[i], nil
		}
	}
	slices.Sort(times[:])
	return times[len(times)/2], nil
}
