package sched

import (
	"fmt"
	"slices"
	"sort"
	"time"

	"offload/device"
)

// decision is where a task goes.
type decision struct {
	candidate *candidate
	predicted time.Duration
	choice    Choice
}

// choose takes the candidate that is predicted to be done first, of those that were not
// tried, and books the prediction there. The candidate is nil if none is left.
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

// unbook gives back what choose has booked.
func (d decision) unbook() {
	if d.candidate != nil {
		d.candidate.load.Add(-int64(d.predicted))
	}
}

// What another device has to gain over the host, as time and as a part: less than that
// is within what measurements of a few microseconds can tell.
const (
	leastGain = 3 * time.Microsecond
	leastPart = 0.05
)

// best is the index of the estimate that wins, −1 if none can be taken. The host wins
// where another is hardly better, and where it was not measured itself.
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

// estimate predicts a task on the candidate, or says why it cannot run there.
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

// unfit is why a task cannot run on the candidate; empty if it can. The candidate is
// locked.
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

// unable is why a kernel cannot run on the candidate, apart from what was shown of it.
func (c *candidate) unable(k *device.Kernel, exact bool) string {
	if err := c.use.refused[k]; err != nil {
		return err.Error()
	}
	for _, p := range k.Params {
		if p.Type == device.Float64 && !slices.Contains(c.info.Precisions, p.Type) {
			return "computes in no " + p.Type.String()
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

// Measured reports whether there are predictions for a kernel on a candidate.
func (s *Scheduler) Measured(name string, k *device.Kernel) bool { return s.profile(name).has(k) }

// Costs are the start-up of a launch of k on a candidate, and its rate in Cost.Ops per
// second, as fitted; ok is false if it was not measured.
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

// profile is what is known of the speed of the candidate of that name.
func (s *Scheduler) profile(name string) *profile {
	if c := s.candidate(name); c != nil {
		return c.costs.Load()
	}
	return newProfile("")
}
