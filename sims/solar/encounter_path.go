package solar

import "math"

// path is the cubic path of a body relative to another one within a step, d + c1·s + c2·s² + c3·s³ for s from 0 to 1. It
// has the right positions and velocities at both ends.
type path struct {
	d, c1, c2, c3 [3]float64
}

// pathOf returns the path of body j relative to body i in the step of h days from p to q.
func pathOf(p, q *Phase, i, j int, h float64) path {
	d0, u0 := p.relative(i, j)
	d1, u1 := q.relative(i, j)
	return cubic(&d0, &u0, &d1, &u1, h)
}

// cubic returns the path of h days from d0 with velocity u0 to d1 with velocity u1.
func cubic(d0, u0, d1, u1 *[3]float64, h float64) (p path) {
	for k := range 3 {
		a, b, move := float64(h*u0[k]), float64(h*u1[k]), d1[k]-d0[k]
		p.d[k], p.c1[k] = d0[k], a
		p.c2[k] = float64(3*move) - float64(2*a) - b
		p.c3[k] = a + b - float64(2*move)
	}
	return p
}

// at returns the position at s, and its derivative.
func (p *path) at(s float64) (x, v [3]float64) {
	for k := range 3 {
		x[k] = p.d[k] + float64(s*(p.c1[k]+float64(s*(p.c2[k]+float64(s*p.c3[k])))))
		v[k] = p.c1[k] + float64(s*(float64(2*p.c2[k])+float64(s*float64(3*p.c3[k]))))
	}
	return x, v
}

// rate returns half of the derivative of the squared distance. It is negative where the bodies approach each other.
func (p *path) rate(s float64) float64 {
	x, v := p.at(s)
	return dot3(&x, &v)
}

// squared returns the squared distance.
func (p *path) squared(s float64) float64 {
	x, _ := p.at(s)
	return dot3(&x, &x)
}

// slack returns a bound on how far the true path may be from the cubic one: a quarter of its bend. It is far above the
// error of the steps of an accurate integrator.
func (p *path) slack() float64 {
	var bend [3]float64
	for k := range 3 {
		bend[k] = math.Abs(p.c2[k]) + math.Abs(p.c3[k])
	}
	return float64(0.25 * norm(bend[:]))
}

// pathPieces is the number of pieces of a path in which a minimum is looked for.
const pathPieces = 8

// turn returns the first minimum of the distance after s, in a piece of the path whose ends are 1/pathPieces apart. It
// reports false if there is none.
func (p *path) turn(s float64) (lo, hi float64, ok bool) {
	for k := math.Floor(float64(s * pathPieces)); k < pathPieces; k++ {
		lo, hi := max(s, k/pathPieces), (k+1)/pathPieces
		if p.rate(lo) < 0 && p.rate(hi) >= 0 {
			return lo, hi, true
		}
	}
	return 0, 0, false
}

// bottom returns where between lo and hi the rate becomes 0.
func (p *path) bottom(lo, hi float64) float64 {
	for range 40 {
		mid := float64(0.5 * (lo + hi))
		if p.rate(mid) < 0 {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi
}

// entry returns where between lo and hi the distance falls to r, or hi if it does not.
func (p *path) entry(lo, hi, r float64) float64 {
	for range 40 {
		mid := float64(0.5 * (lo + hi))
		if p.squared(mid) > float64(r*r) {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi
}

// least returns the least squared distance on the path, and whether the path has a minimum before its end.
func (p *path) least() (d2 float64, turns bool) {
	d2 = min(p.squared(0), p.squared(1))
	for lo, hi, ok := p.turn(0); ok; lo, hi, ok = p.turn(hi) {
		turns = true
		d2 = min(d2, p.squared(p.bottom(lo, hi)))
	}
	return d2, turns
}
