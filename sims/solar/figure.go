package solar

import "math"

// zonal is the field of a body that is symmetric about its pole, without that of its mass.
type zonal struct {
	radius float64    // au
	j      [5]float64 // j[n] is Jₙ, for n from 2 to 4
}

// pull returns the acceleration, per GM of the body, at r (au) from its centre:
//
//	Σ Jₙ·Rⁿ/rⁿ⁺² · [ P'ₙ₊₁(s) r/|r| - P'ₙ(s) p ],  s = p·r/|r|
//
// the gradient of -Σ Jₙ·Rⁿ/rⁿ⁺¹·Pₙ(s) (Kaula 1966, Theory of Satellite Geodesy, eq. 1.31).
func (z *zonal) pull(pole, r [3]float64) [3]float64 {
	r2 := dot3(&r, &r)
	inverse := 1 / math.Sqrt(r2)
	s := float64(dot3(&pole, &r) * inverse)
	s2 := float64(s * s)
	s4 := float64(s2 * s2)
	slope := [6]float64{ // P'ₙ(s)
		2: float64(3 * s),
		3: float64(7.5*s2) - 1.5,
		4: float64(s * (float64(17.5*s2) - 7.5)),
		5: float64(39.375*s4) - float64(26.25*s2) + 1.875,
	}
	q := float64(z.radius * inverse)
	factor := float64(float64(inverse*inverse) * q)
	var along, toPole float64
	for n := 2; n <= 4; n++ {
		factor = float64(factor * q)
		f := float64(z.j[n] * factor)
		along += float64(f * slope[n+1])
		toPole += float64(f * slope[n])
	}
	along = float64(along * inverse)
	return [3]float64{
		float64(along*r[0]) - float64(toPole*pole[0]),
		float64(along*r[1]) - float64(toPole*pole[1]),
		float64(along*r[2]) - float64(toPole*pole[2]),
	}
}

// harmonics are the coefficients of a body's field, not normalized.
type harmonics struct {
	radius float64       // au
	c, s   [5][5]float64 // by degree, 2 to 4, and order
}

// pull returns the acceleration, per GM of the body, at r (au) from its centre, in axes that are fixed in the body. It uses
// Cunningham's recursion (Montenbruck & Gill 2000, Satellite Orbits, eqs. 3.29 to 3.33).
func (h *harmonics) pull(r [3]float64) [3]float64 {
	const top = 5
	var v, w [top + 2][top + 2]float64
	r2 := dot3(&r, &r)
	scale := h.radius / r2
	x, y, z := float64(r[0]*scale), float64(r[1]*scale), float64(r[2]*scale)
	q := float64(h.radius * scale)
	v[0][0] = h.radius / math.Sqrt(r2)
	for m := 0; m <= top; m++ {
		if m > 0 {
			f := float64(2*m - 1)
			v[m][m] = float64(f * (float64(x*v[m-1][m-1]) - float64(y*w[m-1][m-1])))
			w[m][m] = float64(f * (float64(x*w[m-1][m-1]) + float64(y*v[m-1][m-1])))
		}
		for n := m + 1; n <= top; n++ {
			f := float64(float64(2*n-1) / float64(n-m) * z)
			v[n][m], w[n][m] = float64(f*v[n-1][m]), float64(f*w[n-1][m])
			if n > m+1 {
				g := float64(float64(n+m-1) / float64(n-m) * q)
				v[n][m] -= float64(g * v[n-2][m])
				w[n][m] -= float64(g * w[n-2][m])
			}
		}
	}
	var a [3]float64
	for n := 2; n <= 4; n++ {
		for m := 0; m <= n; m++ {
			c, s := h.c[n][m], h.s[n][m]
			if m == 0 {
				a[0] -= float64(c * v[n+1][1])
				a[1] -= float64(c * w[n+1][1])
			} else {
				f := float64((n-m+2)*(n-m+1)) / 2
				a[0] -= float64((float64(c*v[n+1][m+1])+float64(s*w[n+1][m+1]))/2) -
					float64(f*(float64(c*v[n+1][m-1])+float64(s*w[n+1][m-1])))
				a[1] -= float64((float64(c*w[n+1][m+1])-float64(s*v[n+1][m+1]))/2) +
					float64(f*(float64(c*w[n+1][m-1])-float64(s*v[n+1][m-1])))
			}
			a[2] -= float64(float64(n-m+1) * (float64(c*v[n+1][m]) + float64(s*w[n+1][m])))
		}
	}
	scale = 1 / float64(h.radius*h.radius)
	return [3]float64{float64(a[0] * scale), float64(a[1] * scale), float64(a[2] * scale)}
}

// axes are unit vectors along the axes of a body.
type axes [3][3]float64

// into returns the components of r along the axes.
func (e *axes) into(r [3]float64) [3]float64 {
	return [3]float64{dot3(&e[0], &r), dot3(&e[1], &r), dot3(&e[2], &r)}
}

// back returns the vector with components r along the axes.
func (e *axes) back(r [3]float64) (out [3]float64) {
	for k := range 3 {
		out[k] = float64(r[0]*e[0][k]) + float64(r[1]*e[1][k]) + float64(r[2]*e[2][k])
	}
	return out
}
