package solar

import "math"

// tide is the field of the bulge that another body raises, of degree two. Orders 0, 1 and 2 of it, about the pole, are
// the response with Love numbers k to where that body was some time ago, as seen from the turning body (Williams, Newhall
// & Dickey 1996, Planet. Space Sci. 44, 1077; Standish & Williams 2012, Explanatory Supplement, eq. 8.3).
type tide struct {
	radius   float64    // au
	k        [3]float64 // Love numbers
	delay    [3]float64 // days
	sin, cos [3]float64 // of the angles that the body turns meanwhile
}

// newTide returns the tide of a body that turns by rate radians a day.
func newTide(radius, rate float64, k, delay [3]float64) tide {
	t := tide{radius: radius, k: k, delay: delay}
	for m := range 3 {
		t.sin[m], t.cos[m] = sincos(float64(rate * delay[m]))
	}
	return t
}

// pull returns the acceleration, per GM of the raising body, at r, in axes of which the third is the pole. The raising body
// is at b with velocity v. All are relative to the body with the bulge. It is the gradient of R⁵/(r⁵b⁵) times
//
//	k₀/4·(3z² - r²)(3zb² - b²) + 3k₁·z·zb·(ρ·ρb) + 3k₂/4·[ 2(ρ·ρb)² - ρ²ρb² ]
//
// which is k·R⁵/(r³b³)·P₂(cos(r, b)) if the Love numbers are equal and there is no delay.
func (t *tide) pull(r, b, v [3]float64) [3]float64 {
	r2, rho2 := dot3(&r, &r), float64(r[0]*r[0])+float64(r[1]*r[1])
	scale := float64(t.radius * t.radius)
	scale = float64(scale*scale) * t.radius
	scale /= float64(float64(r2*r2) * math.Sqrt(r2))
	var a [3]float64
	for m := range 3 {
		s := t.raiser(m, b, v)
		s2 := dot3(&s, &s)
		f := float64(t.k[m]*scale) / float64(float64(s2*s2)*math.Sqrt(s2))
		turn := float64(r[0]*s[0]) + float64(r[1]*s[1])
		var u float64
		var g [3]float64 // u and its gradient
		switch m {
		case 0:
			far := float64(0.25 * (float64(3*float64(s[2]*s[2])) - s2))
			u = float64(far * (float64(2*float64(r[2]*r[2])) - rho2))
			g = [3]float64{-float64(2 * float64(far*r[0])), -float64(2 * float64(far*r[1])), float64(4 * float64(far*r[2]))}
		case 1:
			up := float64(3 * s[2])
			u = float64(up * float64(r[2]*turn))
			g = [3]float64{float64(up * float64(r[2]*s[0])), float64(up * float64(r[2]*s[1])), float64(up * turn)}
		case 2:
			far := float64(s[0]*s[0]) + float64(s[1]*s[1])
			u = float64(1.5*float64(turn*turn)) - float64(0.75*float64(rho2*far))
			g[0] = float64(3*float64(turn*s[0])) - float64(1.5*float64(far*r[0]))
			g[1] = float64(3*float64(turn*s[1])) - float64(1.5*float64(far*r[1]))
		}
		radial := float64(5*u) / r2
		for k := range 3 {
			a[k] += float64(f * (g[k] - float64(radial*r[k])))
		}
	}
	return a
}

// raiser returns where the bulge of order m points: at the body's place before the delay, carried on by the rotation.
func (t *tide) raiser(m int, b, v [3]float64) [3]float64 {
	for k := range 3 {
		b[k] -= float64(t.delay[m] * v[k])
	}
	x := float64(t.cos[m]*b[0]) - float64(t.sin[m]*b[1])
	y := float64(t.sin[m]*b[0]) + float64(t.cos[m]*b[1])
	return [3]float64{x, y, b[2]}
}
