package sched

import (
	"fmt"
	"slices"
	"time"

	"offload/device"
)

// decision is where a task goes.
type decision struct {
	candidate *candidate
	predicted time.Duration
	known     bool
	choice    Choice
}

// unbook gives back what choose has booked.
func (d decision) unbook() {
	if d.candidate != nil {
		d.candidate.book(-d.predicted)
	}
}

// book adds to the time that is predicted for all that is queued or runs.
func (c *candidate) book(d time.Duration) {
	c.mu.Lock()
	c.load += d
	c.mu.Unlock()
}

// place asks for what has to be measured, and chooses.
func (s *Scheduler) place(t *spec) decision {
	if s.opts.Calibrate && !t.plain() {
		s.wish(t.needs.Kernels, t)
	}
	return s.choose(t, nil)
}

// choose takes the candidate that is predicted to be done first, of those that were not
// tried. The prediction is booked there. It is nil if none is left.
func (s *Scheduler) choose(t *spec, tried []*candidate) decision {
	now := time.Now()
	estimates := make([]Estimate, len(s.candidates))
	for i, c := range s.candidates {
		if slices.Contains(tried, c) {
			estimates[i] = Estimate{Device: c.name, Reason: "was tried"}
			continue
		}
		estimates[i] = c.estimate(t, now)
	}
	best := s.best(estimates)
	if best < 0 {
		return decision{choice: Choice{Estimates: estimates}}
	}
	c, e := s.candidates[best], estimates[best]
	c.book(e.Run)
	return decision{c, e.Run, e.Known, Choice{c.name, estimates}}
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
	best := len(estimates) - 1
	if e := &estimates[best]; e.Reason != "" {
		best = -1
	} else if !e.Known {
		return best
	}
	for i := len(estimates) - 2; i >= 0; i-- {
		e := &estimates[i]
		if e.Reason != "" {
			continue
		}
		if best < 0 {
			best = i
			continue
		}
		limit := float64(estimates[best].Run + estimates[best].Wait)
		gain := s.candidates[i].gain
		if best == len(estimates)-1 {
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
	e := Estimate{Device: c.name}
	c.mu.Lock()
	c.reviveIfDue(now, t.needs.Kernels)
	costs := c.costs
	e.Reason, e.Wait = c.unfit(t), c.wait(now)
	c.mu.Unlock()
	if e.Reason != "" || t.plain() {
		return e
	}
	e.Run, e.Known = costs.predict(t)
	if !e.Known && !c.host {
		e.Reason = "not measured there yet (`offload tune` does)"
	}
	return e
}

// wait is how long a new task has to wait. The candidate is locked.
func (c *candidate) wait(now time.Time) time.Duration {
	d := c.load
	if c.holder != nil {
		d -= now.Sub(c.begun)
	}
	return max(0, d)
}

// unfit is why a task cannot run on the candidate; empty if it can. The candidate is
// locked.
func (c *candidate) unfit(t *spec) string {
	switch {
	case c.out:
		return fmt.Sprintf("out: %v", c.why)
	case c.use == nil:
		return "being opened again"
	case c.host:
		return ""
	case t.plain():
		return "plain Go runs on the host"
	case c.info.Memory > 0 && t.needs.Memory > c.info.Memory:
		return fmt.Sprintf("has %d MiB, the task needs %d", c.info.Memory>>20, t.needs.Memory>>20)
	}
	for _, k := range t.needs.Kernels {
		if r := c.unable(k, t.needs.Exact); r != "" {
			return r
		}
		if t.needs.Exact && !c.exact(k) {
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
