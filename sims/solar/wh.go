package solar

import (
	"context"
	"fmt"
	"math"

	"offload/internal/wh"
)

// wisdomHolman is the mixed-variable symplectic method of Wisdom & Holman (1991, AJ 102, 1528) for planets around a
// star. A step is half a drift along Kepler orbits in Jacobi coordinates, a kick by what else acts, and half a drift.
// The symplectic corrector of order 17 (Wisdom 2006, AJ 131, 2294) at both ends of Advance takes away the error of
// first order in the planets' masses up to the 17th order of the step.
//
// Drifts of neighbouring steps are one, so that between steps the bodies are half a step ahead, and not corrected.
// Synchronize brings a copy back.
type wisdomHolman struct {
	dt    float64 // longest step, days
	form  *wh.Form
	stats Stats
	span  timeSpan // that Advance divides into steps
	out   Phase    // as last synchronized
	kept  []float64

	sys     *jacobi
	planets *wh.Planets // half a step ahead, unless direct
	spare   *wh.Planets
	reach   []float64 // distance at which each planet's encounters begin
	low     float64   // and the same for the star
	twist   float64   // 6·GM/c² with relativity
	meeting *encounter
	direct  bool // a step is done by meeting

	table *[]float64 // maps that particles have to follow, or nil if there are none
	led   bool       // they are half a step ahead, as planets
}

// batch is the number of steps between checks of the context if there is no function to call after each.
const batch = 256

func newWisdomHolman(dt float64, variant string) *wisdomHolman {
	if dt == 0 {
		dt = 5
	}
	return &wisdomHolman{dt: dt, form: wh.FormOf(variant)}
}

func (w *wisdomHolman) Name() string { return "wh" }
func (w *wisdomHolman) Stats() Stats { return w.stats }

// Advance divides the time span into the fewest equal steps of at most dt, so that the last one ends exactly at t.
func (w *wisdomHolman) Advance(ctx context.Context, rhs *Acceleration, p *Phase, t float64, step func(float64) error) error {
	if err := ready(rhs, p, t); err != nil {
		return err
	}
	if err := w.begin(rhs, p, t); err != nil || w.span.n == 0 {
		return err
	}
	err := w.run(ctx, step)
	w.Synchronize(p)
	return err
}

func (w *wisdomHolman) run(ctx context.Context, step func(float64) error) error {
	for w.span.k < w.span.n {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("wh: %w", err)
		}
		n := int(min(batch, w.span.n-w.span.k))
		if step != nil {
			n = 1
		}
		if err := w.steps(ctx, n); err != nil {
			return err
		}
		if w.span.k >= w.span.n {
			w.settle()
		}
		if step != nil {
			t, _ := w.span.now()
			if err := step(t); err != nil {
				return err
			}
		}
	}
	return nil
}

// steps does n steps at most, and at least one.
func (w *wisdomHolman) steps(ctx context.Context, n int) error {
	if !w.direct {
		done, near := w.planets.Steps(n)
		w.count(done)
		if !w.planets.Finite() {
			t, _ := w.span.now()
			return &Divergence{Body: w.nonFinite(), T: t, Reason: "its state is no longer finite"}
		}
		if !near || done > 0 {
			return nil
		}
		w.meet()
	}
	if err := w.encounter(ctx); err != nil {
		return err
	}
	w.count(1)
	w.part()
	return nil
}

func (w *wisdomHolman) count(steps int) {
	w.span.k += float64(steps)
	w.stats.Steps += steps
	w.stats.Evaluations += steps
}

// nonFinite returns a body with a state that is not finite, or -1.
func (w *wisdomHolman) nonFinite() int {
	for i, body := range w.sys.order {
		x, v := w.planets.Get(i)
		if !finite(x[:]) || !finite(v[:]) {
			return body
		}
	}
	return -1
}

// begin makes the planets ready for the first step to t, or for the next one if p is as this integrator left it.
func (w *wisdomHolman) begin(rhs *Acceleration, p *Phase, t float64) error {
	if err := w.wake(rhs, p); err != nil {
		return err
	}
	if w.sys != nil && w.span.unfinished(t) && w.out.equal(p) {
		return nil
	}
	w.settle()
	span, err := divide(p, t, w.dt)
	w.span = span
	if err != nil || span.n == 0 {
		return err
	}
	sys, twist, err := w.admit(rhs, p, true)
	if err != nil {
		return err
	}
	w.outfit(sys, twist)
	w.sys.enter(p, w.planets)
	w.ahead()
	w.out.resize(len(p.X))
	w.out.copyFrom(p)
	return nil
}

// wake goes on from the checkpoint of Restore, if p is the state that it was restored with.
func (w *wisdomHolman) wake(rhs *Acceleration, p *Phase) error {
	if w.kept == nil || !w.out.equal(p) {
		w.kept = nil
		return nil
	}
	sys, twist, err := w.admit(rhs, p, false)
	if err != nil {
		return err
	}
	if !sys.restore(w.kept) {
		return errCheckpoint(w.Name())
	}
	w.outfit(sys, twist)
	w.recall(p)
	w.led, w.kept = !w.direct, nil
	return nil
}

// outfit makes planets of a system.
func (w *wisdomHolman) outfit(sys *jacobi, twist float64) {
	w.sys, w.twist, w.direct, w.meeting = sys, twist, false, nil
	w.planets, w.spare = sys.planets(w.form), sys.planets(w.form)
	w.planets.Record(w.table)
	w.limits()
}

// admit returns the state p as a system that wh follows, and 6·GM/c² with relativity. Unless pairs may be bound, it
// refuses those.
func (w *wisdomHolman) admit(rhs *Acceleration, p *Phase, unbound bool) (*jacobi, float64, error) {
	masses, ok := rhs.Field.(PointMasses)
	if !ok {
		return nil, 0, fmt.Errorf("%w: wh computes the pulls itself, and needs a field of point masses", ErrInput)
	}
	gm := masses.GM()
	if 3*len(gm) != len(p.X) {
		return nil, 0, fmt.Errorf("%w: a field of %d bodies for a state of %d", ErrInput, len(gm), len(p.X)/3)
	}
	sys := newJacobi(gm, p)
	twist, err := sys.twist(rhs.Correction)
	if err != nil {
		return nil, 0, err
	}
	if i, j := sys.bound(p); i >= 0 && unbound {
		return nil, 0, &boundPair{i, j}
	}
	return sys, twist, nil
}

// ahead takes the planets, at the end of a step, half a step ahead of it.
func (w *wisdomHolman) ahead() {
	h := w.span.step()
	correct(w.planets, h, w.twist)
	w.planets.SetDrift(float64(0.5 * h))
	w.planets.Drift()
	w.ready()
	w.led = true
}

// settle brings particles back to the end of the last step.
func (w *wisdomHolman) settle() {
	if w.led && w.table != nil {
		w.spare.Record(w.table)
		w.synchronized()
		w.spare.Record(nil)
	}
	w.led = false
}

// ready sets the planets' steps.
func (w *wisdomHolman) ready() {
	h := w.span.step()
	w.planets.SetDrift(h)
	w.planets.SetKick(h, w.twist)
}

// synchronized returns a copy of the planets at the end of the last step.
func (w *wisdomHolman) synchronized() *wh.Planets {
	h := w.span.step()
	w.spare.Copy(w.planets)
	w.spare.SetDrift(float64(-0.5 * h))
	w.spare.Drift()
	uncorrect(w.spare, h, w.twist)
	return w.spare
}

// Synchronize implements Integrator.
func (w *wisdomHolman) Synchronize(p *Phase) {
	if w.sys == nil || w.kept != nil {
		return
	}
	if w.span.k > 0 || w.direct {
		w.state(&w.out)
	}
	p.copyFrom(&w.out)
}

// state sets p to the state at the last completed step.
func (w *wisdomHolman) state(p *Phase) {
	t, low := w.span.now()
	if w.direct {
		p.copyFrom(&w.meeting.state)
	} else {
		w.sys.leave(w.synchronized(), (t-w.span.start)+(low-w.span.startLow), p)
	}
	p.T, p.TLow = t, low
}

// limits sets the distances at which encounters begin: from the star, that at which a circular orbit turns by two
// radians in a step; for a pair of planets, some Hill radii and the way that they come closer in the steps around an encounter
// in which the corrector needs the planets apart, at half of their speed.
func (w *wisdomHolman) limits() {
	const (
		radii = 3
		ways  = 0.5
	)
	gm, h := w.sys.gm, math.Abs(w.span.step())
	w.low = cubeRoot(float64(gm[0] * float64(0.25*float64(h*h))))
	w.reach = make([]float64, w.sys.massive)
	for i, a := range w.sys.size {
		hill := float64(a * cubeRoot(gm[i+1]/float64(3*gm[0])))
		w.reach[i] = float64(radii*hill) + float64(float64(ways*h)*math.Sqrt(gm[0]/a))
	}
	w.planets.SetNear(w.low, w.reach)
}
