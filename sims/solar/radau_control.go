package solar

import "math"

// radauFaint is how small a body's acceleration may be, relative to the largest, to count for itself. Rounding makes
// b[6] of a body that is pulled to all sides alike some 1e-14 of what the pulls are.
const radauFaint = 1e-6

// rescale finds the scale of every body's acceleration at the step's start, which its b[6] and its errors are measured
// by. Were it one for all bodies, a bound would mean the less for a body the weaker it is pulled.
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

// change is the largest relative change that the last pass made to an acceleration's integral over the step, or
// something not finite.
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

// highest is the largest |b[6]| relative to its body's acceleration, infinite if something is not finite. It leaves
// the body in worst.
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

// proposal is the length the step just solved should have had: dt·(Tol/max|b6/a|)^(1/7), within a factor of four above
// (Rein & Spiegel 2015).
func (r *radau15) proposal(dt float64) float64 {
	highest := r.highest()
	ratio := r.tol / highest
	if math.IsInf(highest, 1) { // not finite: the step was hopelessly long
		return dt / (radauGrow * radauGrow)
	}
	if math.IsInf(ratio, 1) { // no force, or none that changes
		return float64(dt * radauGrow)
	}
	factor := seventhRoot(ratio)
	if factor < 1 {
		factor = max(factor, min(r.floor(), 1))
	}
	return float64(dt * min(factor, radauGrow))
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
