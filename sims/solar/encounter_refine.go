package solar

import (
	"context"
	"errors"
	"math"

	"offload/internal/ieee"
)

// refinement follows the bodies through a step by short steps.
type refinement struct {
	course, probe     *radau15
	at, before, trial Phase // of course, after its last step and before it, and of probe
	pull              []float64
}

// forget makes the integrator as good as new, with a first trial step of dt days, or 0 to derive it from the state.
func (r *radau15) forget(dt float64) {
	r.first, r.next, r.last.dt, r.older.dt = dt, 0, 0, 0
}

// refine follows the pairs in near from the start of the step to its end at p, or to a contact that changes the run.
func (w *search) refine(ctx context.Context, rhs *Acceleration, p *Phase) error {
	w.course.forget(0)
	w.at.copyFrom(&w.from)
	w.before.copyFrom(&w.from)
	err := w.course.Advance(ctx, rhs, &w.at, p.T, func(float64) error {
		h := (w.at.T - w.before.T) + (w.at.TLow - w.before.TLow)
		for k := range w.near {
			if err := w.follow(ctx, rhs, &w.near[k], h); err != nil {
				return err
			}
		}
		if w.contact.met {
			return errContact
		}
		w.before.copyFrom(&w.at)
		return nil
	})
	switch {
	case err == errContact:
		return nil
	case errors.Is(err, ErrDiverged) && !w.alters(): // the pair is too close to be followed further
		err = nil
	}
	w.settle(p.T - w.from.T)
	return err
}

// settle makes the minima in the step as many as the states at its ends say, so that none is found in two steps. The
// states at the end of the step differ by the error of the integrator, and the bodies may have turned in one of them.
func (w *search) settle(h float64) {
	for k := range w.near {
		c := &w.near[k]
		d, u := w.at.relative(c.i, c.j)
		after := float64(dot3(&d, &u)*h) < 0
		switch r := norm(d[:]); {
		case c.after && !after && c.turned >= 0: // it will be found in the next step
			w.found[c.turned].distance = math.Inf(1)
		case c.before && !c.after && after && c.turned < 0 && r <= c.approach:
			w.found = append(w.found, found{kind: Approach, t: w.at.T, low: w.at.TLow, i: c.i, j: c.j, distance: r, speed: norm(u[:])})
		}
	}
	kept := w.found[:0]
	for _, f := range w.found {
		if !math.IsInf(f.distance, 1) {
			kept = append(kept, f)
		}
	}
	w.found = kept
}

// follow finds the events of a pair in the step of h days from before to at.
func (w *search) follow(ctx context.Context, rhs *Acceleration, c *candidate, h float64) error {
	path := pathOf(&w.before, &w.at, c.i, c.j, h)
	limit := max(c.approach, c.contact) + path.slack()
	for lo, hi, ok := path.turn(0); ok; lo, hi, ok = path.turn(hi) {
		s := path.bottom(lo, hi)
		if path.squared(s) > float64(limit*limit) {
			continue
		}
		if path.rate(0) < 0 && path.rate(1) >= 0 {
			lo, hi = 0, 1
		}
		f, s, err := w.minimum(ctx, rhs, c, h, lo, hi, s)
		if err != nil {
			return err
		}
		if c.contact > 0 && f.distance <= c.contact {
			if err := w.touch(ctx, rhs, c, h, path.entry(0, s, c.contact), s); err != nil {
				return err
			}
		}
		if c.approach > 0 && f.distance <= c.approach {
			c.turned = len(w.found)
			w.found = append(w.found, f)
		}
	}
	switch square := float64(c.contact * c.contact); {
	case path.squared(0) <= square && c.contact > 0:
		return w.touch(ctx, rhs, c, h, 0, 0)
	case path.squared(1) <= square && c.contact > 0:
		return w.touch(ctx, rhs, c, h, path.entry(0, 1, c.contact), 1)
	}
	return nil
}

// refinements bounds the trials for a date. Newton's iteration takes few, and bisection 50.
const refinements = 60

// try sets trial to the state at the part s of the step of h days from before. It reports false if its date is that of
// the trial before.
func (w *search) try(ctx context.Context, rhs *Acceleration, s, h float64) (bool, error) {
	last := w.trial.T
	w.trial.copyFrom(&w.before)
	w.probe.forget(math.Abs(h))
	err := w.probe.Advance(ctx, rhs, &w.trial, w.before.T+(float64(s*h)+w.before.TLow), nil)
	return w.trial.T != last, err
}

// minimum returns the approach of a pair near the part s of the step, which is between lo and hi, and its part.
func (w *search) minimum(ctx context.Context, rhs *Acceleration, c *candidate, h, lo, hi, s float64) (found, float64, error) {
	f := found{kind: Approach, i: c.i, j: c.j}
	w.trial.T = math.NaN()
	for range refinements {
		moved, err := w.try(ctx, rhs, s, h)
		if err == nil {
			err = rhs.Evaluate(ctx, w.trial.X, w.trial.V, w.pull)
		}
		if err != nil {
			return f, s, err
		}
		d, u := w.trial.relative(c.i, c.j)
		var a [3]float64
		for k := range a {
			a[k] = w.pull[3*c.j+k] - w.pull[3*c.i+k]
		}
		rate, slope := dot3(&d, &u), dot3(&u, &u)+dot3(&d, &a)
		if float64(rate*h) < 0 {
			lo = s
		} else {
			hi = s
		}
		dt := -rate / slope
		if !(slope > 0) {
			dt = 0
		}
		next := s + dt/h
		if near := math.Abs(dt) <= float64(1e-6*math.Abs(h)); near && slope > 0 || hi-lo < 1e-14 || !moved {
			// The rest of the way is so short that the second derivatives are enough.
			if !near {
				dt = 0
			}
			f.t, f.low = ieee.TwoSum(w.trial.T, dt+w.trial.TLow)
			f.distance = math.Sqrt(max(0, dot3(&d, &d)+float64(rate*dt)))
			f.speed = norm(u[:])
			return f, min(max(s+dt/h, 0), 1), nil
		}
		if s = next; !(slope > 0 && lo < s && s < hi) {
			s = float64(0.5 * (lo + hi))
		}
	}
	return f, s, nil
}

// touch finds the contact of a pair near the part s of the step, before the part hi in which the bodies overlap.
func (w *search) touch(ctx context.Context, rhs *Acceleration, c *candidate, h, s, hi float64) error {
	lo := 0.0
	w.trial.T = math.NaN()
	var d, u [3]float64
	for range refinements {
		moved, err := w.try(ctx, rhs, s, h)
		if err != nil {
			return err
		}
		d, u = w.trial.relative(c.i, c.j)
		r, rate := norm(d[:]), dot3(&d, &u)
		if r > c.contact {
			lo = s
		} else {
			hi = s
		}
		over := r - c.contact
		if math.Abs(over) <= float64(1e-15*c.contact) || hi-lo < 1e-15 || !moved {
			break
		}
		if s -= over * r / float64(rate*h); !(lo < s && s < hi) {
			s = float64(0.5 * (lo + hi))
		}
	}
	w.met(c, found{
		kind: Collision, t: w.trial.T, low: w.trial.TLow, i: c.i, j: c.j, distance: norm(d[:]), speed: norm(u[:]),
	}, h)
	return nil
}

// met takes note of a contact in the state trial. The first one of a step matters if it changes the run.
func (w *search) met(c *candidate, f found, h float64) {
	c.contact = 0
	if !w.alters() {
		w.touching = append(w.touching, [2]int{f.i, f.j})
		w.found = append(w.found, f)
		return
	}
	if w.contact.met && float64((f.t-w.contact.t)*h) >= 0 {
		return
	}
	w.contact.met, w.contact.found = true, f
	w.contact.state.copyFrom(&w.trial)
}
