package solar

import (
	"math"

	"offload/internal/ieee"
)

// coef holds one number for each of the nodes 1 to 7.
type coef [7]float64

// dot returns Σ f[k]·w[k].
func (f *coef) dot(w *coef) float64 {
	early := float64(f[0]*w[0]) + float64(f[1]*w[1])
	late := float64(f[3]*w[3]) + float64(f[4]*w[4])
	early += float64(f[2] * w[2])
	late += float64(f[5] * w[5])
	return early + (late + float64(f[6]*w[6]))
}

// exactDot returns start + Σ f[k]·(w[k]+low[k]) in about twice the precision, as an unevaluated sum (Ogita, Rump & Oishi
// 2005, SIAM J. Sci. Comput. 26, 1955).
func (f *coef) exactDot(w, low *coef, start float64) (sum, rest float64) {
	sum = start
	for k, x := range f {
		product := float64(x * w[k])
		rest += math.FMA(x, w[k], -product) + float64(x*low[k])
		var e float64
		sum, e = ieee.TwoSum(sum, product)
		rest += e
	}
	return sum, rest
}

// radauTables holds the constants of radau15, which follow from the nodes. Its weights apply to a step's f, the changes
// of an acceleration from the start of the step to its nodes. These represent the polynomial in h = t/dt that is 0 at
// h = 0 and f[k] at node k+1:
//
//	f(h) = b[0]·h + b[1]·h² + … + b[6]·h⁷
type radauTables struct {
	h      [8]float64 // nodes of the step, h[0] = 0
	wv, wx [9]coef    // weights of ∫f and ∫∫f from 0 to each node; row 8 is the step's end
	vLow   coef       // rounding errors of row 8 of wv
	xLow   coef       // and of wx
	half   [9]float64 // h²/2
	b0     coef       // weights of b[0], of half its second derivative b[1],
	b1     coef       //
	b6     coef       // and of the highest coefficient
	follow [8]coef    // follow[n][k]: at node k+1 ≥ n, the polynomial that is 0 at nodes below n and 1 at n
	gain   [8]float64 // its integral from 0 to 1
}

// radauNodes are the eight Gauss-Radau abscissae on [0, 1): the zeros of P7(x)+P8(x) at h = (x+1)/2, P Legendre's
// polynomials (Everhart 1985; recomputed to 30 digits).
func radauNodes() [8]float64 {
	return [8]float64{
		0,
		0.0562625605269221464656521910323,
		0.180240691736892364987579942809,
		0.352624717113169637373907770171,
		0.547153626330555383001448557652,
		0.734210177215410531523210608307,
		0.885320946839095768090359762932,
		0.977520613561287501891174500429,
	}
}

// newRadauTables derives the tables. The b alternate in sign and are large, so sums over them are in double-double.
func newRadauTables() *radauTables {
	t := &radauTables{h: radauNodes()}
	for k := range 7 {
		b := t.lagrange(k + 1)
		t.b0[k], t.b1[k], t.b6[k] = b[0].hi, b[1].hi, b[6].hi
		for n := 1; n < 9; n++ {
			t.integrate(n, k, &b)
		}
	}
	for n := 1; n < 8; n++ {
		t.newton(n)
	}
	return t
}

// lagrange returns b[0] … b[6] of the polynomial that is 1 at node j and 0 at all others.
func (t *radauTables) lagrange(j int) (b [7]dd) {
	p, scale := [8]dd{{hi: 1}}, dd{hi: 1} // of the factors so far, h^0 … h^7
	for i, h := range t.h {
		if i == j {
			continue
		}
		for k := 7; k > 0; k-- {
			p[k] = p[k-1].sub(p[k].scale(h))
		}
		p[0] = p[0].scale(-h)
		scale = scale.mul(dd{hi: t.h[j]}.sub(dd{hi: h}))
	}
	for k := range b {
		b[k] = p[k+1].div(scale)
	}
	return b
}

// integrate fills column k of row n of the integrals' weights, b being the polynomial that belongs to f[k].
func (t *radauTables) integrate(n, k int, b *[7]dd) {
	h := 1.0
	if n < 8 {
		h = t.h[n]
	}
	t.half[n] = float64(h*h) / 2
	power := dd{hi: h}
	var v, x dd
	for i, c := range b {
		power = power.scale(h)
		v = v.add(c.mul(power).div(dd{hi: float64(i + 2)}))
		x = x.add(c.mul(power).scale(h).div(dd{hi: float64((i + 2) * (i + 3))}))
	}
	t.wv[n][k], t.wx[n][k] = v.hi, x.hi
	if n == 8 {
		t.vLow[k], t.xLow[k] = v.lo, x.lo
	}
}

// newton fills follow[n] and gain[n].
func (t *radauTables) newton(n int) {
	for k := n - 1; k < 7; k++ {
		value := 1.0
		for i := range n {
			value = float64(value * ((t.h[k+1] - t.h[i]) / (t.h[n] - t.h[i])))
		}
		t.follow[n][k] = value
	}
	t.gain[n] = t.follow[n].dot(&t.wv[8])
}
