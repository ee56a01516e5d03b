package solar

import (
	"math"
	"slices"

	"offload/internal/ieee"
)

// Phase is the state that an integrator advances: time in days since the epoch, and positions (au) and velocities
// (au/day) of n bodies, n×3 in row-major order. Each value is an unevaluated sum of two float64: X+XLow, V+VLow,
// T+TLow. The low parts hold rounding errors (compensated summation; Kahan 1965, CACM 8, 40).
type Phase struct {
	T, TLow float64
	X, XLow []float64 `json:",omitempty"`
	V, VLow []float64 `json:",omitempty"`
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

// resize makes room for n values each, which are 0 if their number changes.
func (p *Phase) resize(n int) {
	if len(p.X) != n || !p.whole() {
		p.X, p.XLow, p.V, p.VLow = make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	}
}

// whole reports whether the slices hold the same number of bodies.
func (p *Phase) whole() bool {
	n := len(p.X)
	return n%3 == 0 && len(p.XLow) == n && len(p.V) == n && len(p.VLow) == n
}

// date returns the date of p, given the epoch's Julian date.
func (p *Phase) date(epoch float64) Date { return Date{JD: epoch}.Add(exactSum(p.T, p.TLow)) }

// copyFrom makes p equal to q; both have the same number of bodies.
func (p *Phase) copyFrom(q *Phase) {
	p.T, p.TLow = q.T, q.TLow
	copy(p.X, q.X)
	copy(p.XLow, q.XLow)
	copy(p.V, q.V)
	copy(p.VLow, q.VLow)
}

// equal reports whether p and q have the same bits, except that 0 equals −0.
func (p *Phase) equal(q *Phase) bool {
	return p.T == q.T && p.TLow == q.TLow && slices.Equal(p.X, q.X) && slices.Equal(p.XLow, q.XLow) &&
		slices.Equal(p.V, q.V) && slices.Equal(p.VLow, q.VLow)
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

// dd is a double-double, the unevaluated sum hi+lo with |lo| ≤ ulp(hi)/2: about 32 decimal digits (Dekker 1971, Numer.
// Math. 18, 224; Hida, Li & Bailey 2001). The invariants need it, because the energy drift of a good integrator is
// smaller than the rounding of a plain sum.
type dd struct{ hi, lo float64 }

func (a dd) neg() dd { return dd{-a.hi, -a.lo} }

func (a dd) add(b dd) dd {
	s, e := ieee.TwoSum(a.hi, b.hi)
	return renormal(s, e+(a.lo+b.lo))
}

func (a dd) sub(b dd) dd { return a.add(b.neg()) }

func (a dd) mul(b dd) dd {
	p := float64(a.hi * b.hi)
	e := math.FMA(a.hi, b.hi, -p)
	return renormal(p, e+(float64(a.hi*b.lo)+float64(a.lo*b.hi)))
}

// scale multiplies by a float64.
func (a dd) scale(x float64) dd { return a.mul(dd{hi: x}) }

// div is one step of long division on top of the rounded quotient.
func (a dd) div(b dd) dd {
	q := a.hi / b.hi
	rest := a.sub(b.scale(q))
	return renormal(q, rest.hi/b.hi)
}

// sqrt is one Newton step on top of the rounded root.
func (a dd) sqrt() dd {
	if a.hi <= 0 {
		return dd{}
	}
	x := math.Sqrt(a.hi)
	rest := a.sub(dd{hi: x}.scale(x))
	return renormal(x, rest.hi/(2*x))
}

// renormal returns hi+lo with the parts separated, for |hi| ≥ |lo|.
func renormal(hi, lo float64) dd {
	s := hi + lo
	return dd{s, lo - (s - hi)}
}

// dd3 is a vector.
type dd3 [3]dd

func (a dd3) add(b dd3) dd3 { return dd3{a[0].add(b[0]), a[1].add(b[1]), a[2].add(b[2])} }
func (a dd3) sub(b dd3) dd3 { return dd3{a[0].sub(b[0]), a[1].sub(b[1]), a[2].sub(b[2])} }

func (a dd3) scale(x float64) dd3 { return dd3{a[0].scale(x), a[1].scale(x), a[2].scale(x)} }

func (a dd3) div(b dd) dd3 { return dd3{a[0].div(b), a[1].div(b), a[2].div(b)} }

func (a dd3) dot(b dd3) dd { return a[0].mul(b[0]).add(a[1].mul(b[1])).add(a[2].mul(b[2])) }

func (a dd3) cross(b dd3) dd3 {
	return dd3{
		a[1].mul(b[2]).sub(a[2].mul(b[1])),
		a[2].mul(b[0]).sub(a[0].mul(b[2])),
		a[0].mul(b[1]).sub(a[1].mul(b[0])),
	}
}

func (a dd3) round() [3]float64 { return [3]float64{a[0].hi, a[1].hi, a[2].hi} }
