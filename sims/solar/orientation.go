package solar

// arcsecond is in radians.
const arcsecond = degree / 3600

// century is in days.
const century = 36525.0

// polynomial returns c[0] + c[1]·t + ….
func polynomial(t float64, c ...float64) float64 {
	sum := 0.0
	for i := len(c) - 1; i >= 0; i-- {
		sum = float64(sum*t) + c[i]
	}
	return sum
}

// delaunay are the arguments of the motion of Moon and Sun in arcseconds: l, l', F, D and the longitude Ω of the Moon's node
// from the equinox of date (Simon et al. 1994, A&A 282, 663; IERS Conventions 2010, eq. 5.43).
type delaunay [5]float64

func argumentsOf(t float64) delaunay {
	return delaunay{
		polynomial(t, 485868.249036, 1717915923.2178, 31.8792),
		polynomial(t, 1287104.79305, 129596581.0481, -0.5532),
		polynomial(t, 335779.526232, 1739527262.8478, -12.7512),
		polynomial(t, 1072260.70369, 1602961601.2090, -6.3706),
		polynomial(t, 450160.398036, -6962890.5431, 7.4722),
	}
}

// of returns sine and cosine of a sum of multiples of the arguments.
func (d *delaunay) of(l, s, f, e, o int) (sin, cos float64) {
	sum := float64(float64(l)*d[0]) + float64(float64(s)*d[1]) + float64(float64(f)*d[2]) + float64(float64(e)*d[3]) + float64(float64(o)*d[4])
	return sincosDegrees(sum / 3600)
}

// earthPole returns the celestial pole of date at t Julian centuries from J2000: IAU 1976 precession (Lieske et al. 1977,
// A&A 58, 1) and the largest terms of IAU 1980 nutation (Seidelmann 1982, Celest. Mech. 27, 79), as DE405 has them.
func earthPole(t float64, d *delaunay) [3]float64 {
	const sinObliquity = 0.397777155931914
	sz, cz := sincosDegrees(polynomial(t, 0, 2306.2181, 0.30188, 0.017998) / 3600)
	st, ct := sincosDegrees(polynomial(t, 0, 2004.3109, -0.42665, -0.041833) / 3600)
	s1, c1 := d.of(0, 0, 0, 0, 1)
	s2, c2 := d.of(0, 0, 2, -2, 2)
	s3, c3 := d.of(0, 0, 2, 0, 2)
	s4, c4 := d.of(0, 0, 0, 0, 2)
	s5, _ := d.of(0, 1, 0, 0, 0)
	longitude := float64(-17.1996*s1) - float64(1.3187*s2) - float64(0.2274*s3) + float64(0.2062*s4) + float64(0.1426*s5)
	obliquity := float64(9.2025*c1) + float64(0.5736*c2) + float64(0.0977*c3) - float64(0.0895*c4)
	return normalized([3]float64{
		float64(cz*st) + float64(longitude*(sinObliquity*arcsecond)),
		float64(obliquity*arcsecond) - float64(sz*st),
		ct,
	})
}

// sunPole is the Sun's, at right ascension 286.13° and declination 63.87° (Archinal et al. 2011, Celest. Mech. 109, 101).
func sunPole() [3]float64 {
	sa, ca := sincosDegrees(286.13)
	sd, cd := sincosDegrees(63.87)
	return [3]float64{float64(cd * ca), float64(cd * sa), sd}
}

// axesAbout returns axes of which the third is the pole.
func axesAbout(pole [3]float64) axes {
	x := normalized([3]float64{pole[2], 0, -pole[0]})
	return axes{x, cross(pole, x), pole}
}

// eulerAxes returns axes at Euler angles: their equator has its node on the reference plane at phi and is inclined by
// theta, and the first axis is psi from the node.
func eulerAxes(phi, theta, psi float64) axes {
	s1, c1 := sincos(phi)
	s2, c2 := sincos(theta)
	s3, c3 := sincos(psi)
	s3c2, c3c2 := float64(s3*c2), float64(c3*c2)
	return axes{
		{float64(c3*c1) - float64(s3c2*s1), float64(c3*s1) + float64(s3c2*c1), float64(s3 * s2)},
		{-float64(s3*c1) - float64(c3c2*s1), float64(c3c2*c1) - float64(s3*s1), float64(c3 * s2)},
		{float64(s2 * s1), -float64(s2 * c1), c2},
	}
}

func normalized(a [3]float64) [3]float64 {
	r := norm(a[:])
	return [3]float64{a[0] / r, a[1] / r, a[2] / r}
}
