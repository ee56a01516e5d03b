package sched

import (
	"time"

	"offload/device"
)

// Predict is what the scheduler would choose for t now. Nothing is queued.
func Predict[T any](s *Scheduler, t Task[T]) Choice {
	p := t.spec()
	d := s.choose(&p, nil)
	d.unbook()
	return d.choice
}

// Crossover is the smallest n from lo to hi from which on candidate a is predicted to
// be faster than candidate b, with nothing queued, for the tasks that task makes; ok is
// false if that is so nowhere up to hi, or if one of them was not measured.
func Crossover[T any](s *Scheduler, a, b string, lo, hi int, task func(n int) Task[T]) (n int, ok bool) {
	faster := func(n int) (bool, bool) {
		t := task(n)
		p := t.spec()
		var run [2]float64
		for i, name := range []string{a, b} {
			c := s.candidate(name)
			if c == nil || c.profile() == nil {
				return false, false
			}
			d, known := c.profile().predict(&p)
			if !known {
				return false, false
			}
			run[i] = d.Seconds()
		}
		return run[0] < run[1], true
	}
	if is, known := faster(hi); !is || !known {
		return 0, false
	}
	for lo < hi {
		if mid := lo + (hi-lo)/2; isTrue(faster(mid)) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return hi, true
}

func isTrue(is, known bool) bool { return is && known }

// Costs are the start-up of a launch of k on a candidate, and its rate in Cost.Ops per
// second, as fitted; ok is false if it was not measured.
func (s *Scheduler) Costs(name string, k *device.Kernel) (start time.Duration, rate float64, ok bool) {
	if !s.Measured(name, k) {
		return 0, 0, false
	}
	p := s.candidate(name).profile()
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.Kernels[k.Name]
	return time.Duration(l.start * 1e9), 1 / l.perUnit, true
}
