package wh

import "math"

// drift moves those of the block's planets along their Kepler orbits by H whose bits are set.
func (b *Block) drift(lanes int) {
	for l := range Lanes {
		if lanes>>l&1 == 0 {
			continue
		}
		x, v := b.lane(l)
		Kepler(&x, &v, b.Orbit[l], b.H[l])
		b.setLane(l, x, v)
	}
}

// setDrift sets the length of the drift.
func (b *Block) setDrift(h float64) {
	if b.H[0] != h {
		b.H = Vector{h, h, h, h, h, h, h, h}
	}
}

func (b *Block) lane(l int) (x, v [3]float64) {
	return [3]float64{b.X[0][l], b.X[1][l], b.X[2][l]}, [3]float64{b.V[0][l], b.V[1][l], b.V[2][l]}
}

func (b *Block) setLane(l int, x, v [3]float64) {
	for k := range 3 {
		b.X[k][l], b.V[k][l] = x[k], v[k]
	}
}

// Kepler moves a body of position x and velocity v relative to a mass of the given gm along its orbit, by h.
func Kepler(x, v *[3]float64, gm, h float64) {
	if !quick(x, v, gm, h) {
		anyArc(x, v, gm, h)
	}
}

// quick is Kepler for the short arcs of planets. It reports false, and changes nothing, where an arc is not short: for
// |z| > maxZ, or a last step of which the relative size, or that of a term of its series, is above maxShift, maxBend,
// maxTurn. Within those bounds the error of the method is below rounding.
//
// In universal variables (Stumpff 1962, Himmelsmechanik I; Mikkola & Innanen 1999, CeMDA 74, 59) the arc s solves
//
//	r·s + η·G₂ + ζ·G₃ = h,  β = 2GM/r - v²,  η = x·v,  ζ = GM - βr,  Gₙ = sⁿ·cₙ(z),  z = βs²
//
// The series of s in h up to h⁴ is within some thousandth of it, and one step of fifth order from there solves the
// equation. The functions at the end of that step follow by the addition theorem, so that the series cₙ are summed once.
func quick(x, v *[3]float64, gm, h float64) bool {
	r2 := math.FMA(x[0], x[0], math.FMA(x[1], x[1], float64(x[2]*x[2])))
	r := math.Sqrt(r2)
	inverse := 1 / r
	v2 := math.FMA(v[0], v[0], math.FMA(v[1], v[1], float64(v[2]*v[2])))
	eta := math.FMA(x[0], v[0], math.FMA(x[1], v[1], float64(x[2]*v[2])))
	beta := math.FMA(gm+gm, inverse, -v2)
	zeta := math.FMA(-beta, r, gm)

	u := float64(h * inverse)
	per := float64(u * inverse)
	s := revert(u, float64(0.5*float64(eta*per)), float64((1./6)*float64(float64(zeta*per)*u)), float64(beta*float64(u*u)))

	s2 := float64(s * s)
	z := float64(beta * s2)
	c2, c3 := series(&stumpff2, z), series(&stumpff3, z)
	g0 := math.FMA(-z, c2, 1)
	g1 := math.FMA(-float64(s*z), c3, s)
	g2 := float64(s2 * c2)
	g3 := float64(float64(s*s2) * c3)

	left := math.FMA(-zeta, g3, math.FMA(-eta, g2, math.FMA(-r, s, h)))
	slope := 1 / math.FMA(zeta, g2, math.FMA(eta, g1, r))
	second := math.FMA(zeta, g1, float64(eta*g0))
	third := math.FMA(zeta, g0, -float64(float64(beta*eta)*g1))
	n := float64(left * slope)
	n2 := float64(n * n)
	bend := float64(float64(0.5*float64(second*slope)) * n)
	turn := float64(float64((1./6)*float64(third*slope)) * n2)
	d := revert(n, bend, turn, float64(beta*n2))
	if !(math.Abs(z) <= maxZ && math.Abs(d) <= float64(maxShift*math.Abs(s)) && math.Abs(bend) <= maxBend && math.Abs(turn) <= maxTurn) {
		return false
	}

	d2 := float64(d * d)
	y := float64(beta * d2)
	half := float64(0.5 * d2)
	e1 := math.FMA(-float64(d*y), 1./6, d)
	e2 := math.FMA(-float64(half*y), 1./12, half)
	e3 := float64((1. / 6) * float64(d*d2))
	a1 := g1 + math.FMA(g0, e1, -float64(float64(beta*e2)*g1))
	a2 := g2 + math.FMA(g1, e1, float64(g0*e2))
	a3 := g3 + math.FMA(g2, e1, math.FMA(g1, e2, e3))

	end := 1 / math.FMA(zeta, a2, math.FMA(eta, a1, r))
	pull := float64(gm * a2)
	f := float64(pull * inverse)
	g := math.FMA(-gm, a3, h)
	fdot := float64(float64(gm*a1) * float64(inverse*end))
	gdot := float64(pull * end)
	for k := range 3 {
		xk, vk := x[k], v[k]
		x[k] = xk + math.FMA(-f, xk, float64(g*vk))
		v[k] = vk - math.FMA(fdot, xk, float64(gdot*vk))
	}
	return true
}

// revert returns the solution d of d + (p/n)·d² + (q/n²)·d³ - (p·y/(12n³))·d⁴ = n, as a series in p, q and y up to the
// fourth order in d.
func revert(n, p, q, y float64) float64 {
	square := float64(p * p)
	third := math.FMA(2, square, -q)
	fourth := float64(p * math.FMA(-5, square-q, float64((1./12)*y)))
	return math.FMA(n, (third+fourth)-p, n)
}

// series returns Σ c[k]·z^k.
func series(c *[terms]float64, z float64) float64 {
	z2 := float64(z * z)
	z4 := float64(z2 * z2)
	low := math.FMA(math.FMA(c[3], z, c[2]), z2, math.FMA(c[1], z, c[0]))
	high := math.FMA(math.FMA(c[7], z, c[6]), z2, math.FMA(c[5], z, c[4]))
	return math.FMA(high, z4, low)
}
