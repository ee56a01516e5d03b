package solar

import "math"

// Functions whose results have the same bits on every machine, unlike those of package math: they consist of operations
// that IEEE 754 rounds, in a fixed order. Errors are below one unit in the last place, or as noted. Arguments are finite.

// The numbers are the sums of two float64, so that a product with the first can be corrected with the second.
const (
	halfPi, halfPiLow       = 1.5707963267948966, 6.123233995736766e-17
	degree, degreeLow       = 0.017453292519943295, 2.9486522708701687e-19 // π/180
	perRadian, perRadianLow = 57.29577951308232, -1.9878495670576283e-15   // 180/π
)

// sincos returns sine and cosine of x radians, for |x| ≤ 2^20.
func sincos(x float64) (sin, cos float64) {
	n := math.RoundToEven(x * (1 / halfPi))
	p := float64(n * halfPi)
	pLow := math.FMA(n, halfPi, -p)
	d := exactSum(x, -p)
	r := exactSum(d.JD, (d.Low-pLow)-float64(n*halfPiLow))
	return quadrant(r.JD, r.Low, int(n))
}

// sincosDegrees returns sine and cosine of x degrees. They are exact at multiples of 90.
func sincosDegrees(x float64) (sin, cos float64) {
	x = math.Mod(x, 360)
	n := math.RoundToEven(x / 90)
	x -= float64(n * 90) // exact
	r := float64(x * degree)
	return quadrant(r, math.FMA(x, degree, -r)+float64(x*degreeLow), int(n))
}

// quadrant returns sine and cosine of n quarters of a turn and r + low, which is within ±π/4.
func quadrant(r, low float64, n int) (sin, cos float64) {
	z := float64(r * r)
	// The next terms of the series are below 1e-19 of the results.
	sin = r + math.FMA(float64(r*z), -taylor(z, 3, 17), low)
	c := taylor(z, 4, 18)
	half := float64(z * 0.5)
	w := 1 - half
	cos = w + (((1 - w) - half) + math.FMA(float64(z*z), c, -float64(r*low)))
	switch n & 3 {
	case 1:
		return cos, -sin
	case 2:
		return -sin, -cos
	case 3:
		return -cos, sin
	}
	return sin, cos
}

// taylor returns 1/first! - z/(first+2)! + … to the term with last!.
func taylor(z float64, first, last int) float64 {
	sum := 0.0
	for k := last; k >= first; k -= 2 {
		sum = math.FMA(-z, sum, 1/factorials[k])
	}
	return sum
}

// factorials are those that float64 holds, and their nearest neighbours from 23! on.
var factorials = [...]float64{1, 1, 2, 6, 24, 120, 720, 5040, 40320, 362880, 3628800, 39916800, 479001600, 6227020800, 87178291200,
	1307674368000, 20922789888000, 355687428096000, 6402373705728000, 121645100408832000, 2432902008176640000, 51090942171709440000,
	1124000727777607680000, 25852016738884976640000, 620448401733239439360000, 15511210043330985984000000}

// arctangents of k/8 are the sums of two float64.
var arctangents = [...][2]float64{
	{0.0, 0.0},
	{0.12435499454676144, -3.1253241424539383e-18},
	{0.24497866312686414, 1.0698755618734451e-17},
	{0.35877067027057225, -2.4623815582638635e-17},
	{0.4636476090008061, 2.2698777452961687e-17},
	{0.5585993153435624, -5.4556305485916264e-18},
	{0.6435011087932844, 1.5834785051444286e-17},
	{0.7188299996216245, -2.1478388444456983e-17},
	{0.7853981633974483, 3.061616997868383e-17},
}

// atan2 returns the angle of the point (x, y) in radians, within ±π. It is 0 at the origin, and NaN if x or y is not finite.
func atan2(y, x float64) float64 {
	a, b := math.Abs(x), math.Abs(y)
	steep := b > a
	if steep {
		a, b = b, a
	}
	switch {
	case a == 0:
		return 0
	case !finite([]float64{x, y}):
		return math.NaN()
	}
	// The angle is that of k/8, and the rest, of which the tangent is at most 1/16.
	k := math.RoundToEven(8 * (b / a))
	d := math.FMA(-k/8, a, b) / math.FMA(k/8, b, a)
	z := float64(d * d)
	series := 0.0
	for n := 13.0; n >= 3; n -= 2 {
		series = math.FMA(-z, series, 1/n)
	}
	at := arctangents[int(k)]
	angle := exactSum(at[0], d)
	angle.Low += at[1] - float64(float64(d*z)*series)
	if steep {
		angle = turned(halfPi, halfPiLow, angle)
	}
	if math.Signbit(x) && x != 0 {
		angle = turned(2*halfPi, 2*halfPiLow, angle)
	}
	return math.Copysign(angle.JD+angle.Low, y)
}

// turned returns hi + low - angle.
func turned(hi, low float64, angle Date) Date {
	d := exactSum(hi, -angle.JD)
	d.Low += low - angle.Low
	return d
}

// degreesOf returns an angle in degrees, from 0 to below 360.
func degreesOf(x float64) float64 {
	d := float64(x * perRadian)
	d += math.FMA(x, perRadian, -d) + float64(x*perRadianLow)
	if d < 0 {
		d += 360
	}
	if d >= 360 {
		return 0
	}
	return d
}

// eccentricAnomaly solves Kepler's equation E - e·sin E = M for 0 ≤ e < 1 and |M| ≤ π, with an error below two units in
// the last place of what e and M determine.
func eccentricAnomaly(m, e float64) float64 {
	if m == 0 || e == 0 {
		return m
	}
	target := math.Abs(m)
	// The left side is convex, and each of these is above the solution, so that Newton's method descends to it: since
	// sin E ≤ 1, since E ≥ sin E, and since E - sin E ≥ E³/π² for E ≤ π.
	E := min(target+e, target/(1-e), upperCubeRoot(10*target/e), 2*halfPi)
	for range 64 {
		value, slope := keplersEquation(E, e, target)
		next := E - value/slope
		if !(next < E) || next <= 0 {
			break
		}
		E = next
	}
	return math.Copysign(E, m)
}

// keplersEquation returns E - e·sin E - m without cancellation, and its derivative.
func keplersEquation(E, e, m float64) (value, slope float64) {
	half, _ := sincos(E / 2)
	slope = (1 - e) + float64(float64(2*e)*float64(half*half))
	if E > 2 {
		s, _ := sincos(E)
		return (E - m) - float64(e*s), slope
	}
	z := float64(E * E)
	beyond := float64(float64(E*z) * taylor(z, 3, 25)) // E - sin E
	return math.FMA(e, beyond, math.FMA(-e, E, E)-m), slope
}

// upperCubeRoot returns a number from the cube root of x > 0 to twice that.
func upperCubeRoot(x float64) float64 {
	_, exponent := math.Frexp(x)
	return math.Ldexp(1, int(math.Ceil(float64(exponent)/3)))
}

// hyperbolicAnomaly solves Kepler's equation e·sinh H - H = M for e > 1. It is NaN for |M| above e^700.
func hyperbolicAnomaly(m, e float64) float64 {
	if m == 0 {
		return 0
	}
	// As for eccentricAnomaly; sinh H - H ≥ H³/6.
	target := math.Abs(m)
	H := min(target/(e-1), upperCubeRoot(6*target/e), 700)
	for range 1000 {
		sinh, beyond, cosh := hyperbolic(H)
		value := math.FMA(e, beyond, math.FMA(e, H, -H)-target)
		next := H - value/((e-1)+float64(e*(cosh-1)))
		if H > 1 {
			value = (float64(e*sinh) - H) - target
			next = H - value/(float64(e*cosh)-1)
		}
		if !(next < H) || next <= 0 {
			break
		}
		H = next
	}
	return math.Copysign(H, m)
}

// inverseSinh returns the H of which s is the hyperbolic sine, with an error of some units in the last place.
func inverseSinh(s float64) float64 {
	H := min(math.Abs(s), 700)
	for range 1000 { // sinh is convex, and H above the solution
		sinh, _, cosh := hyperbolic(H)
		next := H - (sinh-math.Abs(s))/cosh
		if !(next < H) {
			break
		}
		H = next
	}
	return math.Copysign(H, s)
}

// hyperbolic returns sinh x, sinh x - x and cosh x for 0 ≤ x ≤ 700, with an error of some units in the last place.
func hyperbolic(x float64) (sinh, beyond, cosh float64) {
	if x <= 1 {
		z := float64(x * x)
		beyond = float64(float64(x*z) * taylor(-z, 3, 21))
		return x + beyond, beyond, 1 + float64(z*taylor(-z, 2, 20))
	}
	const ln2, ln2Low = 0.6931471805599453, 2.3190468138462996e-17
	n := math.RoundToEven(x / ln2)
	r := math.FMA(-n, ln2Low, math.FMA(-n, ln2, x))
	z := float64(r * r)
	even, odd := 1+float64(z*taylor(-z, 2, 18)), r+float64(float64(r*z)*taylor(-z, 3, 17))
	grown := math.Ldexp(even+odd, int(n)) // e^x
	half, inverse := grown/2, 0.5/grown
	return half - inverse, (half - inverse) - x, half + inverse
}

// cubeRoot returns ∛x for x ≥ 0, to a few units in the last place and with the same bits everywhere, which math.Cbrt does
// not promise. Newton's iteration falls monotonically from any start above the root.
func cubeRoot(x float64) float64 {
	if !(x > 0) || math.IsInf(x, 1) {
		return max(x, 0)
	}
	frac, exp := math.Frexp(x)
	q := exp / 3
	if exp%3 < 0 {
		q--
	}
	m, y := math.Ldexp(frac, exp-3*q), 1.6 // m < 4
	for range 64 {
		next := (float64(2*y) + m/float64(y*y)) / 3
		if next >= y {
			break
		}
		y = next
	}
	return math.Ldexp(y, q)
}
