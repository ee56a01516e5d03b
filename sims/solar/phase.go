package solar

import "offload/internal/ieee"

// Phase is what an integrator advances: time in days since the epoch and n bodies' positions (au) and velocities
// (au/day), n×3 in row-major order. Each value is carried as an unevaluated sum of two float64: X+XLow, V+VLow,
// T+TLow. The low parts hold what rounding took away (compensated summation; Kahan 1965, CACM 8, 40).
type Phase struct {
	T, TLow float64
	X, XLow []float64
	V, VLow []float64
}

// NewPhase returns the system's state at its epoch.
func NewPhase(sys *System) *Phase {
	n := 3 * len(sys.list())
	p := &Phase{X: make([]float64, n), XLow: make([]float64, n), V: make([]float64, n), VLow: make([]float64, n)}
	for i, b := range sys.list() {
		copy(p.X[3*i:], b.X[:])
		copy(p.V[3*i:], b.V[:])
	}
	return p
}

// whole reports whether the slices hold the same number of bodies.
func (p *Phase) whole() bool {
	n := len(p.X)
	return n%3 == 0 && len(p.XLow) == n && len(p.V) == n && len(p.VLow) == n
}

// copyFrom makes p equal to q; both have the same number of bodies.
func (p *Phase) copyFrom(q *Phase) {
	p.T, p.TLow = q.T, q.TLow
	copy(p.X, q.X)
	copy(p.XLow, q.XLow)
	copy(p.V, q.V)
	copy(p.VLow, q.VLow)
}

// nonFinite returns the first body with a position or velocity that is not finite, or -1.
func (p *Phase) nonFinite() int {
	for i := range p.X {
		if p.X[i]-p.X[i] != 0 || p.V[i]-p.V[i] != 0 {
			return i / 3
		}
	}
	return -1
}

// accumulate adds increments to the two-part values hi+low: hi+low += scale·inc.
func accumulate(hi, low []float64, scale float64, inc []float64) {
	low, inc = low[:len(hi)], inc[:len(hi)]
	for i := range hi {
		hi[i], low[i] = ieee.TwoSum(hi[i], float64(scale*inc[i])+low[i])
	}
}
