package solar

import (
	"context"
	"fmt"
	"math"

	"offload/internal/ieee"
)

const (
	radauPasses   = 12    // of the corrector, at most
	radauConverge = 1e-18 // of the acceleration: what a converged step may still lack; 1e-17 shows in Kepler orbits
	radauReject   = 0.7   // a step that should have been shorter by this factor is done again
	radauGrow     = 4.0   // a step's longest successor, relative to it
)

// radau15 is the 15th-order implicit Gauss-Radau integrator with adaptive steps of Everhart (1985, in Dynamics of
// Comets, ASSL 115, 185) as improved by Rein & Spiegel (2015, MNRAS 446, 1424, "IAS15").
//
// Within a step of length dt every component's acceleration is a polynomial in h = t/dt,
//
//	a(h) = a0 + b[0]·h + b[1]·h² + … + b[6]·h⁷
//
// which is made to agree with the force at seven interior nodes by predictor-corrector passes. Integrated once and
// twice it gives velocity and position. The step is chosen so that the last term, the largest |b[6]| relative to its
// body's |a|, is Tol.
//
// Unlike those authors' programs this one keeps not b but the polynomial's values at the nodes. Integrals, b[6] and the
// next step's prediction are then weighted sums of these, by weights that one table or one step holds for all bodies.
type radau15 struct {
	*radauTables
	tol, first float64
	stats      Stats

	next        float64 // natural length of the next step, signed; 0 before the first
	a0          []float64
	f           []coef    // acceleration at the nodes less a0
	x, v, a     []float64 // at the node under way
	moved       []float64 // what the pass under way changed a's integral over the step by, per dt
	scale       []float64 // of each body's acceleration
	last, older past
	recall      recall
	haveA0      bool
	worst       int // body with the largest relative |b[6]|
}

func newRadau15(first, tol float64) *radau15 {
	if tol == 0 {
		tol = DefaultTol
	}
	return &radau15{radauTables: newRadauTables(), tol: tol, first: first}
}

func (r *radau15) Name() string { return DefaultIntegrator }
func (r *radau15) Stats() Stats { return r.stats }

// Advance shortens its last steps to meet t: a remainder of less than two steps is halved, one of less than a step
// is taken whole. The natural step is remembered for the next call.
func (r *radau15) Advance(ctx context.Context, rhs *Acceleration, p *Phase, t float64, progress func(float64)) error {
	if err := ready(rhs, p, t); err != nil {
		return err
	}
	r.begin(p)
	for {
		left := (t - p.T) - p.TLow
		if left == 0 {
			p.T, p.TLow = t, 0
			return nil
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("radau15: %w", err)
		}
		if err := r.step(ctx, rhs, p, t, left); err != nil {
			return err
		}
		r.stats.Steps++
		if progress != nil {
			progress(p.T)
		}
	}
}

// begin makes the work arrays fit p and forgets the field of whatever was integrated before.
func (r *radau15) begin(p *Phase) {
	r.haveA0 = false
	n := len(p.X)
	if len(r.a0) == n {
		return
	}
	r.next, r.last.dt, r.older.dt = 0, 0, 0
	for _, array := range []*[]float64{&r.a0, &r.last.a0, &r.older.a0, &r.a, &r.x, &r.v, &r.moved} {
		*array = make([]float64, n)
	}
	for _, array := range []*[]coef{&r.f, &r.last.f, &r.older.f} {
		*array = make([]coef, n)
	}
	r.scale = make([]float64, n/3)
}

// step takes one accepted step towards t, which is left away, as often as its length has to be reduced.
func (r *radau15) step(ctx context.Context, rhs *Acceleration, p *Phase, t, left float64) error {
	if err := r.start(ctx, rhs, p); err != nil {
		return err
	}
	if r.next == 0 {
		r.next = r.firstStep(p)
	}
	r.next = math.Copysign(r.next, left)
	for {
		if math.Abs(r.next) < MinStep {
			return &Divergence{Body: r.worst, T: p.T, Reason: fmt.Sprintf("the step fell below %g days", MinStep)}
		}
		dt, lands := fit(r.next, left)
		if err := r.solve(ctx, rhs, p, dt); err != nil {
			return err
		}
		proposed := r.proposal(dt)
		if math.Abs(proposed) < math.Abs(float64(radauReject*dt)) {
			r.stats.Rejected++
			r.next = proposed
			continue
		}
		if math.Abs(dt) == math.Abs(r.next) || math.Abs(proposed) > math.Abs(r.next) {
			r.next = proposed
		}
		r.accept(p, dt)
		if lands {
			p.T, p.TLow = t, 0
		} else {
			p.T, p.TLow = ieee.TwoSum(p.T, dt+p.TLow)
		}
		return nil
	}
}

// fit returns the length of the next step on the way left, and whether it is the last one.
func fit(next, left float64) (dt float64, lands bool) {
	switch ratio := left / next; {
	case ratio <= 1:
		return left, true
	case ratio < 2:
		return left / 2, false
	}
	return next, false
}

// start evaluates the acceleration at the step's beginning and checks that it can be used.
func (r *radau15) start(ctx context.Context, rhs *Acceleration, p *Phase) error {
	if r.haveA0 {
		return nil
	}
	if err := r.evaluate(ctx, rhs, p.X, p.V, r.a0); err != nil {
		return err
	}
	for i, a := range r.a0 {
		if a-a != 0 {
			return &Divergence{Body: i / 3, T: p.T, Reason: "its acceleration is not finite"}
		}
	}
	r.haveA0 = true
	return nil
}

func (r *radau15) evaluate(ctx context.Context, rhs *Acceleration, x, v, a []float64) error {
	r.stats.Evaluations++
	if err := rhs.Evaluate(ctx, x, v, a); err != nil {
		return fmt.Errorf("radau15: %w", err)
	}
	return nil
}
