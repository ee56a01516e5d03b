package solar

import (
	"math"
)

// radauFaint is the smallest scale of a body's acceleration, relative to the largest acceleration. For a body on which
// the pulls cancel, rounding makes b[6] some 1e-14 of the pulls.
const radauFaint = 1e-6

// rescale computes the scale of every body's acceleration at the start of the step. Its b[6] and its errors are relative
// to that. With one scale for all bodies, a bound would be looser for bodies with weaker acceleration.
func (r *radau15) rescale() {
	largest := 0.0
	for i := range r.scale {
		s := 0.0
		for _, a := range r.a0[3*i : 3*i+3] {
			s = max(s, math.Abs(a))
		}
		r.scale[i] = s
		largest = max(largest, s)
	}
	for i, s := range r.scale {
		r.scale[i] = max(s, float64(radauFaint*largest))
	}
}

// change returns the largest relative change of an acceleration's integral over the step in the last pass. It may be
// infinite or NaN.
func (r *radau15) change() float64 {
	largest := 0.0
	for i, s := range r.scale {
		m := r.moved[3*i : 3*i+3]
		ratio := max(math.Abs(m[0]), math.Abs(m[1]), math.Abs(m[2])) / s
		if ratio-ratio != 0 {
			return ratio
		}
		largest = max(largest, ratio)
	}
	return largest
}

// highest returns the largest |b[6]| relative to its body's acceleration, or infinity if a value is not finite. It sets
// worst to that body.
func (r *radau15) highest() float64 {
	largest := 0.0
	r.worst = 0
	for i, s := range r.scale {
		most := 0.0
		for k := 3 * i; k < 3*i+3; k++ {
			most = max(most, math.Abs(r.f[k].dot(&r.b6)))
		}
		if most-most != 0 {
			r.worst = i
			return math.Inf(1)
		}
		if most > float64(largest*s) {
			largest, r.worst = most/s, i
		}
	}
	return largest
}

// proposal returns the length that the last step should have had: dt·(Tol/max|b6/a|)^(1/7), at most four times dt
// (Rein & Spiegel 2015).
func (r *radau15) proposal(dt float64) float64 {
	highest := r.highest()
	ratio := r.tol / highest
	if math.IsInf(highest, 1) { // not finite: the step was much too long
		return dt / (radauGrow * radauGrow)
	}
	if math.IsInf(ratio, 1) { // no force, or a constant one
		return float64(dt * radauGrow)
	}
	factor := seventhRoot(ratio)
	if factor < 1 {
		factor = max(factor, min(r.floor(), 1))
	}
	return float64(dt * min(factor, radauGrow))
}

// floor returns a lower bound for the step, in units of dt. It is needed when b[6] is rounding noise, as for a close
// pair far from the origin: a shorter step does not reduce it then, and the search would not end. The bound is a
// quarter of the step that follows from the first two derivatives of the acceleration,
//
//	τ = min over bodies of √( 2|a|² / (|a'|² + |a|·|a"|) ),  step (7!·Tol)^(1/7)·τ
//
// (Pham, Rein & Spiegel 2024, Open J. Astrophys. 7), which is far less sensitive to rounding. If b[6] is meaningful, the
// two lengths agree within a factor of about three.
func (r *radau15) floor() float64 {
	shortest := math.Inf(1)
	for i := 0; i < len(r.f); i += 3 {
		var a2, jerk2, snap2 float64
		for k := i; k < i+3; k++ {
			jerk, snap := r.f[k].dot(&r.b0), float64(2*r.f[k].dot(&r.b1))
			a2 += float64(r.a0[k] * r.a0[k])
			jerk2 += float64(jerk * jerk)
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

// firstStep returns the caller's first trial step, or a twentieth of the shortest time |v|/|a|. It only has to be of
// the right order: a longer one is rejected, and a shorter one grows fourfold per step.
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

const (
	radauForget = 8.0  // a step longer than this times the last one is not predicted
	radauBrief  = 1e-3 // a step shorter than this times the last one needs no prediction, and its weights might overflow
	radauRecall = 2.0  // if steps grow by more than this factor, the step before the last is not used
	radauOlder  = 2    // number of nodes used of the step before the last, its latest ones
)

// past is the data of a completed step for the prediction of the next ones.
type past struct {
	dt float64   // length; 0 if there was no such step
	a0 []float64 // acceleration at its start
	f  []coef    // changes from a0 at its nodes
}

// recall holds, for each node of a step, the weights of the eight nodes of the last step and of radauOlder nodes of
// the step before it.
type recall [7][8 + radauOlder]float64

// predict initialises f by extrapolating the polynomial through the accelerations at the eight nodes of the last step,
// at the two latest nodes of the step before, and at the start of this step. More nodes would only add noise: a
// polynomial extrapolated by the range of its nodes magnifies rounding about sixfold for each node.
func (r *radau15) predict(dt float64) {
	q := 0.0
	if r.last.dt != 0 {
		q = dt / r.last.dt
	}
	if !(q >= radauBrief && q <= radauForget) {
		clear(r.f)
		return
	}
	w := r.weights(dt, q)
	for i, a0 := range r.a0 {
		last, older := &r.last.f[i], &r.older.f[i]
		since, before := r.last.a0[i]-a0, r.older.a0[i]-a0
		y := [8 + radauOlder]float64{
			since, last[0] + since, last[1] + since, last[2] + since, last[3] + since,
			last[4] + since, last[5] + since, last[6] + since, older[5] + before, older[6] + before,
		}
		f := &r.f[i]
		for n := range f {
			f[n] = mix(&w[n], &y)
		}
	}
}

// weights returns Lagrange's weights for the nodes of this step, in the barycentric form. Times are in units of dt from
// its start, where the value is 0.
func (r *radau15) weights(dt, q float64) *recall {
	var t [8 + radauOlder]float64
	for j, h := range r.h {
		t[j] = (h - 1) / q
	}
	known := t[:8]
	if p := r.last.dt / r.older.dt; q <= radauRecall && p > 0 && p <= radauRecall {
		known = t[:]
		for j := range radauOlder {
			t[8+j] = t[0] + float64((r.h[8-radauOlder+j]-1)*(r.older.dt/dt))
		}
	}
	w := &r.recall
	*w = recall{}
	var product [7]float64 // for each node of this step, of its distances from all known times
	for n := range product {
		product[n] = r.h[n+1]
		for _, t := range known {
			product[n] = float64(product[n] * (r.h[n+1] - t))
		}
	}
	for k, tk := range known {
		scale := tk
		for i, t := range known {
			if i != k {
				scale = float64(scale * (tk - t))
			}
		}
		for n := range product {
			w[n][k] = product[n] / float64(scale*(r.h[n+1]-tk))
		}
	}
	return w
}

// mix returns Σ w[k]·y[k].
func mix(w, y *[8 + radauOlder]float64) float64 {
	s := float64(w[0]*y[0]) + float64(w[1]*y[1])
	t := float64(w[2]*y[2]) + float64(w[3]*y[3])
	u := float64(w[4]*y[4]) + float64(w[5]*y[5])
	v := float64(w[6]*y[6]) + float64(w[7]*y[7])
	return (s + t) + (u + v) + (float64(w[8]*y[8]) + float64(w[9]*y[9]))
}

// seventhRoot returns x^(1/7) for x > 0, to a few units in the last place and with the same bits everywhere, which
// math.Pow does not promise. Newton's iteration on y⁷ = m, where x = m·2^(7q) and m is in [0.5, 64), falls
// monotonically from any start above the root.
func seventhRoot(x float64) float64 {
	frac, exp := math.Frexp(x)
	q := exp / 7
	if exp%7 < 0 {
		q--
	}
	m := math.Ldexp(frac, exp-7*q)
	y := 1.82 // 64^(1/7) = 1.811…
	for range 64 {
		y2 := float64(y * y)
		y6 := float64(float64(y2*y2) * y2)
		next := (float64(6*y) + m/y6) / 7
		if next >= y {
			break
		}
		y = next
	}
	return math.Ldexp(y, q)
}
