package sched

import (
	"fmt"
	"slices"
	"time"

	"offload/device"
)

// decision is where a task goes.
type decision struct {
	lane      *lane
	predicted time.Duration
	known     bool
	choice    Choice
}

// choose takes the lane that is predicted to be done first, of those that were not
// tried. The lane's prediction is booked there. It is nil if none is left.
func (s *Scheduler) choose(t *spec, tried []*lane) decision {
	now := time.Now()
	estimates := make([]Estimate, len(s.lanes))
	for i, l := range s.lanes {
		if slices.Contains(tried, l) {
			estimates[i] = Estimate{Device: l.name, Reason: "was tried"}
			continue
		}
		estimates[i] = s.estimate(l, t, now)
	}
	best := s.best(estimates)
	if best < 0 {
		return decision{choice: Choice{Estimates: estimates}}
	}
	l, e := s.lanes[best], estimates[best]
	l.reserve(e.Run)
	return decision{l, e.Run, e.Known, Choice{l.name, estimates}}
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
		gain := s.lanes[i].gain
		if best == len(estimates)-1 {
			limit, gain = limit-float64(leastGain), max(gain, leastPart)
		}
		if float64(e.Run+e.Wait) < limit*(1-gain) {
			best = i
		}
	}
	return best
}

// estimate predicts a task on a lane, or says why it cannot run there.
func (s *Scheduler) estimate(l *lane, t *spec, now time.Time) Estimate {
	e := Estimate{Device: l.name}
	l.mu.Lock()
	s.reviveIfDue(l, now, t.needs.Kernels)
	dev, costs := l.dev, l.costs
	e.Reason, e.Wait = l.unfit(t), l.wait(now)
	l.mu.Unlock()
	if e.Reason != "" || t.plain() {
		return e
	}
	e.Run, e.Known = costs.predict(t, dev)
	if !e.Known && !l.host {
		e.Reason = "not measured there yet (`offload tune` does)"
	}
	return e
}

// unfit is why a task cannot run on the lane; empty if it can. The caller holds the
// mutex.
func (l *lane) unfit(t *spec) string {
	if r := l.reason(); r != "" {
		return r
	}
	if l.host {
		return ""
	}
	switch {
	case l.dev == nil:
		return "being opened again"
	case t.plain():
		return "plain Go runs on the host"
	case l.info.Memory > 0 && t.needs.Memory > l.info.Memory:
		return fmt.Sprintf("has %d MiB, the task needs %d", l.info.Memory>>20, t.needs.Memory>>20)
	}
	for _, k := range t.needs.Kernels {
		if r := l.unfitFor(k, t.needs.Exact); r != "" {
			return r
		}
	}
	return ""
}

func (l *lane) unfitFor(k *device.Kernel, exact bool) string {
	if err := l.refused[k]; err != nil {
		return err.Error()
	}
	for _, p := range k.Params {
		if p.Type == device.Float64 && !slices.Contains(l.info.Precisions, p.Type) {
			return "computes in no " + p.Type.String()
		}
	}
	if !exact {
		return ""
	}
	if l.info.Math != device.Exact {
		return "computes with fast arithmetic"
	}
	if _, checked := l.checked[k]; !checked && !l.info.IsExact(k.Name) {
		return k.Name + " was not shown to be exact there"
	}
	return ""
}
