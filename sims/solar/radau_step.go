package solar

import "context"

// solve finds f for a step dt from p, leaving p alone: passes over the seven nodes until the velocity at the step's
// end stands still. Passes converge geometrically, each by some 10⁻⁴ at the default tolerance, so what is still
// missing is foretold by the last two changes and no pass is spent on confirming it.
func (r *radau15) solve(ctx context.Context, rhs *Acceleration, p *Phase, dt float64) error {
	r.predict(dt)
	r.rescale()
	previous := 0.0
	for pass := range radauPasses {
		clear(r.moved)
		for n := 1; n < 8; n++ {
			r.moveTo(n, dt, p)
			if rhs.Correction != nil {
				r.turnTo(n, dt, p)
			}
			if err := r.evaluate(ctx, rhs, r.x, r.v, r.a); err != nil {
				return err
			}
			r.correct(n)
		}
		change := r.change()
		if !(change > 0 && change-change == 0) || pass > 0 && float64(change*change) <= float64(radauConverge*previous) ||
			pass > 1 && change >= previous { // rounding makes it wander
			break
		}
		previous = change
	}
	return nil
}

// moveTo sets x to its value at node n. The sums are written out here and in turnTo because dot is too long for the
// compiler to inline, and much of an evaluation's time goes here.
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

// correct takes the accelerations at node n into every f. Values at later nodes move along, as far as a polynomial
// through the start and nodes 1 to n tells: that gains a pass.
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
