package solar

import (
	"context"
	"fmt"
	"math"

	"offload/internal/ieee"
)

const (
	radauPasses   = 12    // of the corrector, at most
	radauConverge = 1e-16 // change of b[6] relative to the acceleration at which a step has converged
	radauShrink   = 0.25  // a step that should have been shorter by this factor is done again; inverse bounds growth
	radauForget   = 20.0  // a step longer than the last by this factor predicts nothing
)

// radau15 is the 15th-order implicit Gauss-Radau integrator with adaptive steps of Everhart (1985, in Dynamics of
// Comets, ASSL 115, 185) as improved by Rein & Spiegel (2015, MNRAS 446, 1424, "IAS15").
//
// Within a step of length dt every component's acceleration is a polynomial in h = t/dt,
//
//	a(h) = a0 + b[0]·h + b[1]·h² + … + b[6]·h⁷
//
// which is made to agree with the force at seven interior nodes by predictor-corrector passes. g is the same
// polynomial in Newton's form. Integrated once and twice it gives velocity and position. The step is chosen so that
// the last term, max|b[6]| relative to max|a|, is Tol.
type radau15 struct {
	*radauTables
	tol, first float64
	stats      Stats

	next   float64 // natural length of the next step, signed; 0 before the first
	last   float64 // length of the step that lastB describes; 0 if none
	a0, a  []float64
	x, v   []float64 // at the node under way
	b, g   []coef
	e      []coef // what b was predicted to be
	lastB  []coef // b of the last accepted step
	lastE  []coef // and its prediction
	haveA0 bool
	worst  int // component with the largest |b[6]|
	maxB   float64
	maxA   float64
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
	if t-t != 0 {
		return fmt.Errorf("%w: end time %v", ErrInput, t)
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
	r.next, r.last = 0, 0
	for _, array := range []*[]float64{&r.a0, &r.a, &r.x, &r.v} {
		*array = make([]float64, n)
	}
	for _, array := range []*[]coef{&r.b, &r.g, &r.e, &r.lastB, &r.lastE} {
		*array = make([]coef, n)
	}
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
			return &Divergence{Body: r.worst / 3, T: p.T, Reason: fmt.Sprintf("the step fell below %g days", MinStep)}
		}
		dt, lands := fit(r.next, left)
		if err := r.solve(ctx, rhs, p, dt); err != nil {
			return err
		}
		proposed := r.proposal(dt)
		if math.Abs(proposed) < math.Abs(float64(radauShrink*dt)) {
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

// firstStep is the caller's first trial step, or a twentieth of the shortest time |v|/|a|. It only has to be of the
// right order: a wrong one is rejected or grows fourfold a step.
func (r *radau15) firstStep(p *Phase) float64 {
	if r.first != 0 {
		return max(r.first, MinStep)
	}
	shortest := math.Inf(1)
	for i := 0; i < len(r.a0); i += 3 {
		v, a := norm(p.V[i:i+3]), norm(r.a0[i:i+3])
		if ratio := v / a; ratio > 0 && ratio < shortest {
			shortest = ratio
		}
	}
	if math.IsInf(shortest, 1) {
		return 1
	}
	return max(shortest/20, 100*MinStep)
}

func norm(v []float64) float64 {
	return math.Sqrt(float64(v[0]*v[0]) + float64(v[1]*v[1]) + float64(v[2]*v[2]))
}
