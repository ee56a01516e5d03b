package sched

import (
	"fmt"
	"slices"
	"sort"
	"time"

	"offload/device"
)

// decision is the choice of a candidate for a task.
type decision struct {
	candidate *candidate
	predicted time.Duration
	choice    Choice
}

// choose returns the candidate predicted to finish first, of those not in tried, and
// books the prediction there. The candidate is nil if none is left.
func (s *Scheduler) choose(t *spec, tried []*candidate) decision {
	now := time.Now()
	estimates := make([]Estimate, len(s.candidates))
	for i, c := range s.candidates {
		estimates[i] = Estimate{Device: c.Name, Reason: "was tried"}
		if !slices.Contains(tried, c) {
			estimates[i] = c.estimate(t, now)
		}
	}
	best := s.best(estimates)
	if best < 0 {
		return decision{choice: Choice{Estimates: estimates}}
	}
	c, e := s.candidates[best], estimates[best]
	c.load.Add(int64(e.Run))
	return decision{c, e.Run, Choice{c.Name, estimates}}
}

// unbook releases the booking of choose.
func (d decision) unbook() {
	if d.candidate != nil {
		d.candidate.load.Add(-int64(d.predicted))
	}
}

// The least gain of another device over the host, as time and as a fraction. Smaller
// gains are within the error of measurements of a few microseconds.
const (
	leastGain = 3 * time.Microsecond
	leastPart = 0.05
)

// best returns the index of the winning estimate, or −1. The host wins if it has no
// measurements, or if the gain of the others is too small.
func (s *Scheduler) best(estimates []Estimate) int {
	best, host := -1, len(estimates)-1
	for i := host; i >= 0; i-- {
		e := &estimates[i]
		switch {
		case e.Reason != "":
			continue
		case best < 0:
			if best = i; !e.Known {
				return best
			}
			continue
		}
		limit, gain := float64(estimates[best].Run+estimates[best].Wait), s.candidates[i].Gain
		if best == host {
			limit, gain = limit-float64(leastGain), max(gain, leastPart)
		}
		if float64(e.Run+e.Wait) < limit*(1-gain) {
			best = i
		}
	}
	return best
}

// estimate returns the prediction for a task on the candidate, or the reason why it
// cannot run there.
func (c *candidate) estimate(t *spec, now time.Time) Estimate {
	e := Estimate{Device: c.Name}
	c.mu.Lock()
	c.reviveIfDue(now, t.Needs.Kernels)
	e.Reason, e.Wait = c.unfit(t), time.Duration(c.load.Load())
	if c.holder != nil {
		e.Wait -= now.Sub(c.begun)
	}
	e.Wait = max(0, e.Wait)
	c.mu.Unlock()
	if e.Reason != "" || t.plain() {
		return e
	}
	e.Run, e.Known = c.costs.Load().predict(t)
	if !e.Known && !c.host {
		e.Reason = "not measured there yet (`offload tune` does)"
	}
	return e
}

// unfit returns the reason why a task cannot run on the candidate, or "". The candidate
// is locked.
func (c *candidate) unfit(t *spec) string {
	switch {
	case c.use == nil:
		return fmt.Sprintf("out: %v", c.why)
	case c.host:
		return ""
	case t.plain():
		return "plain Go runs on the host"
	case c.info.Memory > 0 && t.Needs.Memory > c.info.Memory:
		return fmt.Sprintf("has %d MiB, the task needs %d", c.info.Memory>>20, t.Needs.Memory>>20)
	}
	for _, k := range t.Needs.Kernels {
		if r := c.unable(k, t.Needs.Exact); r != "" {
			return r
		}
		if t.Needs.Exact && !c.exact(k) {
			return k.Name + " was not shown to be exact there"
		}
	}
	return ""
}

// unable returns the reason why a kernel cannot run on the candidate, apart from missing
// proof that it is exact, or "".
func (c *candidate) unable(k *device.Kernel, exact bool) string {
	if err := c.use.refused[k]; err != nil {
		return err.Error()
	}
	for _, p := range k.Params {
		if p.Type == device.Float64 && !slices.Contains(c.info.Precisions, p.Type) {
			return "does not compute in " + p.Type.String()
		}
	}
	if exact && c.info.Math != device.Exact {
		return "computes with fast arithmetic"
	}
	return ""
}

// exact reports whether a kernel was shown to equal its contract. The candidate is
// locked.
func (c *candidate) exact(k *device.Kernel) bool {
	_, checked := c.use.checked[k]
	return checked || c.info.IsExact(k.Name)
}

// Predict returns the scheduler's current choice for t, without queueing anything.
func Predict[T any](s *Scheduler, t Task[T]) Choice {
	p := t.spec()
	d := s.choose(&p, nil)
	d.unbook()
	return d.choice
}

// Crossover returns the smallest n in lo … hi from which on candidate a is predicted to
// be faster than candidate b, with empty queues, for the tasks that task returns. ok is
// false if there is no such n, or if a needed measurement is missing.
func Crossover[T any](s *Scheduler, a, b string, lo, hi int, task func(n int) Task[T]) (n int, ok bool) {
	faster := func(n int) bool {
		t := task(n)
		p := t.spec()
		x, xKnown := s.profile(a).predict(&p)
		y, yKnown := s.profile(b).predict(&p)
		return xKnown && yKnown && x < y
	}
	if !faster(hi) {
		return 0, false
	}
	return lo + sort.Search(hi-lo, func(i int) bool { return faster(lo + i) }), true
}

// Measured reports whether kernel k has predictions on the named candidate.
func (s *Scheduler) Measured(name string, k *device.Kernel) bool { return s.profile(name).has(k) }

// Costs returns the fitted costs of a launch of k on the named candidate: the start-up
// time, and the rate in Cost.Ops per second. ok is false if they were not measured.
func (s *Scheduler) Costs(name string, k *device.Kernel) (start time.Duration, rate float64, ok bool) {
	p := s.profile(name)
	if !p.has(k) {
		return 0, 0, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.Kernels[k.Name]
	return time.Duration(l.start * 1e9), 1 / l.perUnit, true
}

// profile returns the measured costs of the named candidate.
func (s *Scheduler) profile(name string) *profile {
	if c := s.candidate(name); c != nil {
		return c.costs.Load()
	}
	return newProfile("")
}
