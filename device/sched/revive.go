package sched

import (
	"context"
	"fmt"
	"time"

	"offload/device"
)

// reviveIfDue brings a lane that is out back in the background, once its pause is
// over: the device is opened again, and has to give the known answers of the kernels
// that are asked for. The caller holds the lane's mutex.
func (s *Scheduler) reviveIfDue(l *lane, now time.Time, kernels []*device.Kernel) {
	if !l.out || l.reviving || l.stopped || now.Before(l.until) {
		return
	}
	l.reviving = true
	old := l.dev
	l.dev = nil
	s.behind.Go(func() { s.revive(l, old, kernels) })
}

func (s *Scheduler) revive(l *lane, old device.Device, kernels []*device.Kernel) {
	if old != nil {
		closeSoon(old)
	}
	d, err := l.open(s.ctx)
	start := time.Now()
	if err == nil {
		if err = s.prove(d, kernels); err != nil {
			closeSoon(d)
		}
	}
	now := time.Now()
	l.mu.Lock()
	if err != nil {
		l.reviving = false
		l.why, l.strikes = err, l.strikes+1
		l.until = time.Now().Add(s.opts.Pause)
		l.mu.Unlock()
		s.record(l.name+" stays out", err.Error())
		return
	}
	strikes := l.strikes
	l.mu.Unlock()
	l.use(d, s)
	l.mu.Lock()
	l.reviving = false // not before the lane has d: another revival would leave d open
	// One failure more takes it out again; only a task that ends well clears it.
	l.strikes = min(strikes, strikesOut-1)
	for _, k := range kernels {
		l.checked[k] = proof{now, now.Sub(start)}
	}
	l.mu.Unlock()
	s.record(l.name+" is back", fmt.Sprintf("after %d failures", strikes))
}

// proofWait is how long a device has to give the known answers.
const proofWait = 10 * time.Second

// prove asks d for the known answers. A device that hangs, whatever its context says,
// or that nobody needs any more, has not proved anything.
func (s *Scheduler) prove(d device.Device, kernels []*device.Kernel) error {
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- known(ctx, d, kernels) }()
	timer := time.NewTimer(proofWait)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		return fmt.Errorf("%w: no known answer after %v", ErrDeadline, proofWait)
	case <-s.ctx.Done():
		return s.ctx.Err()
	}
}

// closeSoon closes a device that may hang. Its Close is left to itself after a while.
func closeSoon(d device.Device) error {
	done := make(chan error, 1)
	go func() { done <- d.Close() }()
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		return fmt.Errorf("%w: it does not close", ErrDeadline)
	}
}
