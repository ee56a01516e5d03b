package solar

import (
	"context"
	"math"

	"offload/internal/ieee"
)

// solve finds the series b of a step dt from p, leaving p alone: passes over the seven nodes until the last
// coefficient stands still or rounding makes it wander. It sets maxA, maxB and worst for the choice of the step.
func (r *radau15) solve(ctx context.Context, rhs *Acceleration, p *Phase, dt float64) error {
	r.predict(dt)
	previous := math.Inf(1)
	for pass := range radauPasses {
		change := 0.0
		for n := 1; n < 8; n++ {
			r.moveTo(n, dt, p, rhs.Correction != nil)
			if err := r.evaluate(ctx, rhs, r.x, r.v, r.a); err != nil {
				return err
			}
			change = r.correctAll(n)
		}
		r.measure()
		change /= r.maxA
		if !(change > radauConverge) || (pass > 1 && change >= previous) {
			break
		}
		previous = change
	}
	return nil
}

// predict starts b from the last step's polynomial, continued beyond its end, plus what that prediction missed last
// time; and g from b.
func (r *radau15) predict(dt float64) {
	q := 0.0
	if r.last != 0 {
		q = dt / r.last
	}
	if q == 0 || math.Abs(q) > radauForget {
		clear(r.b)
		clear(r.g)
		clear(r.e)
		return
	}
	for i := range r.b {
		r.e[i] = r.lastB[i].shifted(q)
		for k := range 7 {
			r.b[i][k] = r.e[i][k] + (r.lastB[i][k] - r.lastE[i][k])
		}
		r.g[i] = r.newtonForm(&r.b[i])
	}
}

// moveTo sets x, and v where the force needs it, to the series' values at node n.
func (r *radau15) moveTo(n int, dt float64, p *Phase, velocities bool) {
	hdt, dt2 := float64(r.h[n]*dt), float64(dt*dt)
	w, half := &r.wx[n], r.half[n]
	for i := range r.x {
		curve := float64(half*r.a0[i]) + r.b[i].dot(w)
		r.x[i] = p.X[i] + (float64(hdt*p.V[i]) + (float64(dt2*curve) + p.XLow[i]))
	}
	if !velocities {
		return
	}
	w, h := &r.wv[n], r.h[n]
	for i := range r.v {
		r.v[i] = p.V[i] + (float64(dt*(float64(h*r.a0[i])+r.b[i].dot(w))) + p.VLow[i])
	}
}

// correctAll takes the accelerations at node n into every series and returns the largest change of the last g.
func (r *radau15) correctAll(n int) float64 {
	largest := 0.0
	for i := range r.b {
		change := math.Abs(r.correct(n, r.a[i], r.a0[i], &r.b[i], &r.g[i]))
		if change > largest {
			largest = change
		}
	}
	return largest
}

// measure finds the largest acceleration at the last node and the largest b[6]; something not finite counts as
// infinite.
func (r *radau15) measure() {
	r.maxA, r.maxB, r.worst = 0, 0, 0
	for i := range r.b {
		a, b := math.Abs(r.a[i]), math.Abs(r.b[i][6])
		if a-a != 0 || b-b != 0 {
			r.maxA, r.maxB, r.worst = 1, math.Inf(1), i
			return
		}
		if a > r.maxA {
			r.maxA = a
		}
		if b > r.maxB {
			r.maxB, r.worst = b, i
		}
	}
}

// proposal is the length the step just solved should have had: dt·(Tol·max|a|/max|b6|)^(1/7), within a factor of
// four above (Rein & Spiegel 2015).
func (r *radau15) proposal(dt float64) float64 {
	ratio := float64(r.tol*r.maxA) / r.maxB
	if math.IsNaN(ratio) || math.IsInf(ratio, 1) { // no force, or none that changes
		return dt / radauShrink
	}
	if ratio == 0 { // not finite: the step was hopelessly long
		return float64(dt * (radauShrink * radauShrink))
	}
	factor := seventhRoot(ratio)
	if factor < 1 {
		factor = max(factor, min(r.floor(), 1))
	}
	return float64(dt * min(factor, 1/radauShrink))
}

// floor guards against b[6] being rounding noise, as it is for a close pair far from the origin: no step length
// brings it down then, and the search would not end. It is a quarter of the step, in units of dt, that the first
// two derivatives of the acceleration call for,
//
//	τ = min over bodies of √( 2|a|² / (|a'|² + |a|·|a"|) ),  step (7!·Tol)^(1/7)·τ
//
// (Pham, Rein & Spiegel 2024, Open J. Astrophys. 7), which rounding reaches far later. Where b[6] is meaningful both
// lengths agree within a factor of about three.
func (r *radau15) floor() float64 {
	shortest := math.Inf(1)
	for i := 0; i < len(r.b); i += 3 {
		var a2, jerk2, snap2 float64
		for k := i; k < i+3; k++ {
			snap := float64(2 * r.b[k][1])
			a2 += float64(r.a0[k] * r.a0[k])
			jerk2 += float64(r.b[k][0] * r.b[k][0])
			snap2 += float64(snap * snap)
		}
		tau2 := float64(2*a2) / (jerk2 + float64(math.Sqrt(a2)*math.Sqrt(snap2)))
		if tau2 > 0 && tau2 < shortest {
			shortest = tau2
		}
	}
	if math.IsInf(shortest, 1) {
		return 0
	}
	return float64(math.Sqrt(shortest)*seventhRoot(float64(5040*r.tol))) / 4
}

// accept moves p to the end of the step and keeps its series for the next prediction. dt·v is added without any
// rounding error: FMA recovers the product's.
func (r *radau15) accept(p *Phase, dt float64) {
	dt2 := float64(dt * dt)
	wx, wv := &r.wx[8], &r.wv[8]
	for i := range p.X {
		move := float64(dt * p.V[i])
		rest := math.FMA(dt, p.V[i], -move) + float64(dt*p.VLow[i])
		curve := float64(dt2 * (float64(0.5*r.a0[i]) + r.b[i].dot(wx)))
		sum, low := ieee.TwoSum(p.X[i], move)
		p.X[i], p.XLow[i] = ieee.TwoSum(sum, curve+(rest+(low+p.XLow[i])))
		p.V[i], p.VLow[i] = ieee.TwoSum(p.V[i], float64(dt*(r.a0[i]+r.b[i].dot(wv)))+p.VLow[i])
	}
	r.b, r.lastB = r.lastB, r.b
	r.e, r.lastE = r.lastE, r.e
	r.last = dt
	r.haveA0 = false
}
