package sched

import (
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
		old.Close()
	}
	d, err := l.open(s.ctx)
	if err == nil {
		if err = known(s.ctx, d, kernels); err != nil {
			d.Close()
		}
	}
	l.mu.Lock()
	l.reviving = false
	if err != nil {
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
	// One failure more takes it out again; only a task that ends well clears it.
	l.strikes = min(strikes, strikesOut-1)
	for _, k := range kernels {
		l.checked[k] = time.Now()
	}
	l.mu.Unlock()
	s.record(l.name+" is back", fmt.Sprintf("after %d failures", strikes))
}
