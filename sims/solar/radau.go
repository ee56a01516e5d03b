package solar

import (
	"context"
	"fmt"
	"math"

	"offload/internal/ieee"
)

const (
	radauPasses   = 12    // maximum number of corrector passes
	radauConverge = 1e-18 // largest error of a converged step, relative to the acceleration; 1e-17 shows in Kepler orbits
	radauReject   = 0.7   // a step that should have been shorter by this factor is repeated
	radauGrow     = 4.0   // largest growth from one step to the next
)

// radau15 is the 15th-order implicit Gauss-Radau integrator with adaptive steps of Everhart (1985, in Dynamics of
// Comets, ASSL 115, 185) as improved by Rein & Spiegel (2015, MNRAS 446, 1424, "IAS15").
//
// Within a step of length dt every component's acceleration is a polynomial in h = t/dt,
//
//	a(h) = a0 + b[0]·h + b[1]·h² + … + b[6]·h⁷
//
// that predictor-corrector passes fit to the force at seven interior nodes. Its integral gives the velocity, and that
// of the velocity the position. The step is chosen so that the last term, the largest |b[6]| relative to its body's
// |a|, is Tol.
//
// The authors' programs store b. This one stores the polynomial's values at the nodes instead, so that integrals, b[6]
// and the prediction for the next step are weighted sums of them, with weights that are the same for all bodies.
type radau15 struct {
	*radauTables
	tol, first float64
	stats      Stats

	next        float64 // natural length of the next step, signed; 0 before the first
	a0          []float64
	f           []coef    // acceleration at the nodes less a0
	x, v, a     []float64 // at the current node
	moved       []float64 // change of a's integral over the step by the current pass, per dt
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

// Synchronize does nothing: Advance keeps its state up to date.
func (r *radau15) Synchronize(*Phase) {}

// Checkpoint returns the counts, the next step and the last two steps, from which the next ones are predicted.
func (r *radau15) Checkpoint() []float64 {
	values := append(r.stats.values(), r.next, float64(r.worst))
	for _, past := range []*past{&r.last, &r.older} {
		values = append(append(values, past.dt), past.a0...)
		for i := range past.f {
			values = append(values, past.f[i][:]...)
		}
	}
	return values
}

// Restore implements Integrator.
func (r *radau15) Restore(values []float64, p *Phase) error {
	const head = statsLen + 2
	if p == nil || !p.whole() || len(values) != head+2 && len(values) != head+2*(1+8*len(p.X)) || !finite(values) {
		return errCheckpoint(r.Name())
	}
	stats, ok := statsOf(values)
	worst := values[statsLen+1]
	if !ok || !(worst >= 0 && worst <= float64(len(p.X))) {
		return errCheckpoint(r.Name())
	}
	r.begin(p)
	r.stats, r.next, r.worst = stats, values[statsLen], int(worst)
	if len(values) == head+2 { // of an integrator without steps
		return nil
	}
	values = values[head:]
	for _, past := range []*past{&r.last, &r.older} {
		past.dt = values[0]
		values = values[1+copy(past.a0, values[1:]):]
		for i := range past.f {
			values = values[copy(past.f[i][:], values):]
		}
	}
	return nil
}

// Advance shortens its last steps to end at t: it halves a remainder of less than two steps, and takes one of less than
// a step as a whole. It keeps the natural step for the next call.
func (r *radau15) Advance(ctx context.Context, rhs *Acceleration, p *Phase, t float64, step func(float64) error) error {
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
		if step != nil {
			if err := step(p.T); err != nil {
				return err
			}
		}
	}
}

// begin resizes the work arrays to fit p and drops the accelerations of earlier integrations.
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

// step does one accepted step towards t, at a distance of left days. It repeats a rejected step with a shorter length.
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

// fit returns the length of the next step for the time left, and whether it is the last one.
func fit(next, left float64) (dt float64, lands bool) {
	switch ratio := left / next; {
	case ratio <= 1:
		return left, true
	case ratio < 2:
		return left / 2, false
	}
	return next, false
}

// start evaluates the acceleration at the beginning of the step and checks that it is finite.
func (r *radau15) start(ctx context.Context, rhs *Acceleration, p *Phase) error {
	if r.haveA0 {
		return nil
	}
	rhs.at(p.T)
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

// solve computes f for a step dt from p, without changing p, in passes over the seven nodes until the velocity at the
// end of the step converges. Passes converge geometrically, each by some 10⁻⁴ at the default tolerance, so the
// remaining error is extrapolated from the last two changes, which saves a pass to confirm it.
func (r *radau15) solve(ctx context.Context, rhs *Acceleration, p *Phase, dt float64) error {
	r.predict(dt)
	r.rescale()
	previous := 0.0
	for pass := range radauPasses {
		clear(r.moved)
		for n := 1; n < 8; n++ {
			r.moveTo(n, dt, p)
			if rhs.Correction != nil {
				rhs.at(p.T + float64(r.h[n]*dt))
				r.turnTo(n, dt, p)
			}
			if err := r.evaluate(ctx, rhs, r.x, r.v, r.a); err != nil {
				return err
			}
			r.correct(n)
		}
		change := r.change()
		if !(change > 0 && change-change == 0) || pass > 0 && float64(change*change) <= float64(radauConverge*previous) ||
			pass > 1 && change >= previous { // only rounding is left
			break
		}
		previous = change
	}
	return nil
}

// moveTo sets x to its value at node n. It and turnTo write out their sums because the compiler does not inline dot, and
// they take much of an evaluation's time.
func (r *radau15) moveTo(n int, dt float64, p *Phase) {
	hdt, dt2, half := float64(r.h[n]*dt), float64(dt*dt), r.half[n]
	w, f := r.wx[n], r.f
	x, a0, px, low, pv := r.x[:len(f)], r.a0[:len(f)], p.X[:len(f)], p.XLow[:len(f)], p.V[:len(f)]
	for i := range f {
		f := &f[i]
		early := float64(f[0]*w[0]) + float64(f[1]*w[1]) + float64(f[2]*w[2])
		late := float64(f[3]*w[3]) + float64(f[4]*w[4]) + (float64(f[5]*w[5]) + float64(f[6]*w[6]))
		curve := float64(dt2 * (float64(half*a0[i]) + (early + late)))
		x[i] = px[i] + (float64(hdt*pv[i]) + (curve + low[i]))
	}
}

// turnTo sets v to its value at node n.
func (r *radau15) turnTo(n int, dt float64, p *Phase) {
	h, w, f := r.h[n], r.wv[n], r.f
	v, a0, pv, low := r.v[:len(f)], r.a0[:len(f)], p.V[:len(f)], p.VLow[:len(f)]
	for i := range f {
		f := &f[i]
		early := float64(f[0]*w[0]) + float64(f[1]*w[1]) + float64(f[2]*w[2])
		late := float64(f[3]*w[3]) + float64(f[4]*w[4]) + (float64(f[5]*w[5]) + float64(f[6]*w[6]))
		v[i] = pv[i] + (float64(dt*(float64(h*a0[i])+(early+late))) + low[i])
	}
}

// correct updates f with the accelerations at node n. It also updates the values at later nodes with the polynomial
// through the start and nodes 1 to n, which saves a pass.
func (r *radau15) correct(n int) {
	a, a0, moved := r.a[:len(r.f)], r.a0[:len(r.f)], r.moved[:len(r.f)]
	k, follow, gain := uint(n-1), &r.follow[n], r.gain[n]
	if k >= 7 {
		return
	}
	for i := range r.f {
		f, now := &r.f[i], a[i]-a0[i]
		d := now - f[k]
		moved[i] += float64(d * gain)
		f[k] = now
		for j := k + 1; j < 7; j++ {
			f[j] += float64(d * follow[j])
		}
	}
}

// accept moves p to the end of the step and keeps the step for the next prediction. It sums in twice the precision: the
// rounding error of an increment grows with the step, and would otherwise dominate at the default tolerance.
func (r *radau15) accept(p *Phase, dt float64) {
	dt2 := float64(dt * dt)
	for i, a0 := range r.a0 {
		f, v := &r.f[i], p.V[i]
		curve, curveLow := f.exactDot(&r.wx[8], &r.xLow, 0.5*a0)
		x, low := addProduct(p.X[i], p.XLow[i]+float64(dt*p.VLow[i])+float64(dt2*curveLow), dt, v)
		p.X[i], p.XLow[i] = addProduct(x, low, dt2, curve)
		turn, turnLow := f.exactDot(&r.wv[8], &r.vLow, a0)
		p.V[i], p.VLow[i] = addProduct(v, p.VLow[i]+float64(dt*turnLow), dt, turn)
	}
	spare := r.older
	r.older, r.last = r.last, past{dt: dt, a0: r.a0, f: r.f}
	r.a0, r.f = spare.a0, spare.f
	r.haveA0 = false
}

// addProduct returns hi + low + x·y as an unevaluated sum, with the exact product.
func addProduct(hi, low, x, y float64) (float64, float64) {
	product := float64(x * y)
	sum, rest := ieee.TwoSum(hi, product)
	return ieee.TwoSum(sum, rest+(math.FMA(x, y, -product)+low))
}
