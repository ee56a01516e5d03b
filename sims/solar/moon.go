package solar

// meanMoonAxes returns the axes of a Moon that obeys Cassini's laws exactly: its equator's descending node is the orbit's
// ascending node on the ecliptic, and the first axis points to the mean place of the Earth.
func meanMoonAxes(t float64, d *delaunay) axes {
	const obliquity, inclination = 84381.448 / 3600, 5553.6 / 3600
	node := d[4] - polynomial(t, 0, 5029.0966, 1.1120) // from the equinox of J2000
	so, co := sincosDegrees(obliquity)
	s1, c1 := sincosDegrees(node/3600 + 180)
	s2, c2 := sincosDegrees(inclination)
	s3, c3 := sincosDegrees(d[2] / 3600)
	s3c2, c3c2 := float64(s3*c2), float64(c3*c2)
	e := axes{
		{float64(c3*c1) - float64(s3c2*s1), float64(c3*s1) + float64(s3c2*c1), float64(s3 * s2)},
		{-float64(s3*c1) - float64(c3c2*s1), float64(c3c2*c1) - float64(s3*s1), float64(c3 * s2)},
		{float64(s2 * s1), -float64(s2 * c1), c2},
	}
	for i := range e { // from the ecliptic to the equator
		y, z := e[i][1], e[i][2]
		e[i][1], e[i][2] = float64(co*y)-float64(so*z), float64(so*y)+float64(co*z)
	}
	return e
}

// libration is a term of the Moon's rotation, in arcseconds: of sine and cosine of multiples of l, l', F, D and Ω.
type libration struct {
	l, s, f, d, node int
	sin, cos         float64
}

// librations returns the turns about the three axes that lead from Cassini's laws to the principal axes of DE405's Moon:
// constants, rates a century, and periodic terms. They were fitted to DE405's libration angles from 1969 to 2030, and leave
// 7.5″, 6.0″ and 2.4″ (root mean square), of which most is the free libration.
func librations() (constant, rate [3]float64, terms [3][]libration) {
	return [3]float64{-1.388, 79.325, 73.895}, [3]float64{-10.707, -12.691, -14.405}, [3][]libration{
		{
			{1, 0, -1, 0, 0, 0.304, -75.425}, {0, 0, 1, 0, 1, 7.632, 9.096}, {0, 0, 1, 0, 0, -0.745, -11.229},
			{0, 0, 1, -2, 0, 0, -3.208}, {1, 0, 1, -2, 0, 0, -1.628},
		},
		{
			{1, 0, -1, 0, 0, -124.640, -0.092}, {0, 0, 1, 0, 1, -9.084, 7.644}, {0, 0, 1, 0, 0, -10.884, -0.751},
			{0, 0, 1, -2, 0, -2.907, 0}, {1, 0, 1, -2, 0, 2.736, 0}, {1, 0, 1, 0, 0, -1.776, 0},
		},
		{
			{0, 1, 0, 0, 0, 90.683, 0}, {2, 0, -2, 0, 0, 15.828, -0.477}, {1, 0, 0, 0, 0, -15.433, 0}, {2, 0, 0, -2, 0, 9.938, 0},
			{0, 0, 0, 0, 1, 8.100, -0.802}, {1, 0, -1, 0, 0, -1.450, -6.740}, {1, 0, 0, -2, 0, 4.098, 0}, {1, 0, 0, -1, 0, -3.474, 0},
			{0, 0, 2, -2, 0, 1.689, 0},
		},
	}
}

// rotation is the Moon's.
type rotation struct {
	constant, rate [3]float64
	terms          [3][]libration
}

func moonRotation() *rotation {
	r := &rotation{}
	r.constant, r.rate, r.terms = librations()
	return r
}

// axes returns the principal axes of the Moon at t Julian centuries from J2000.
func (r *rotation) axes(t float64, d *delaunay) axes {
	var turn [3]float64
	for k, terms := range r.terms {
		sum := r.constant[k] + float64(r.rate[k]*t)
		for i := range terms {
			q := &terms[i]
			s, c := d.of(q.l, q.s, q.f, q.d, q.node)
			sum += float64(q.sin*s) + float64(q.cos*c)
		}
		turn[k] = float64(sum * arcsecond)
	}
	m := meanMoonAxes(t, d)
	z := m[2]
	for k := range 3 {
		z[k] += float64(turn[1]*m[0][k]) - float64(turn[0]*m[1][k])
	}
	z = normalized(z)
	x := m[0]
	for k := range 3 {
		x[k] += float64(turn[2]*m[1][k]) - float64(turn[1]*m[2][k])
	}
	y := normalized(cross(z, x))
	return axes{cross(y, z), y, z}
}
