package wh

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

func num(x float64) *big.Float       { return new(big.Float).SetPrec(160).SetFloat64(x) }
func add(a, b *big.Float) *big.Float { return num(0).Add(a, b) }
func sub(a, b *big.Float) *big.Float { return num(0).Sub(a, b) }
func mul(a, b *big.Float) *big.Float { return num(0).Mul(a, b) }
func quo(a, b *big.Float) *big.Float { return num(0).Quo(a, b) }

func bigDot(a, b [3]float64) *big.Float {
	s := num(0)
	for k := range a {
		s = add(s, mul(num(a[k]), num(b[k])))
	}
	return s
}

// bigFunctions returns G₀ to G₃ by their series.
func bigFunctions(beta, s *big.Float) (g [4]*big.Float) {
	z := mul(beta, mul(s, s))
	power := num(1)
	for n := range g {
		if n > 0 {
			power = quo(mul(power, s), num(float64(n)))
		}
		term, sum := num(0).Copy(power), num(0).Copy(power)
		for k := 1; term.Sign() != 0 && term.MantExp(nil) > sum.MantExp(nil)-160; k++ {
			term = quo(mul(term, z), num(-float64((2*k+n)*(2*k+n-1))))
			sum = add(sum, term)
		}
		g[n] = sum
	}
	return g
}

// keplerExactly returns the state after h, for arcs of less than a revolution; s is near the universal variable.
func keplerExactly(x, v [3]float64, gm, h float64) (xs, vs [3]float64) {
	r := num(0).Sqrt(bigDot(x, x))
	eta := bigDot(x, v)
	beta := sub(quo(num(2*gm), r), bigDot(v, v))
	zeta := sub(num(gm), mul(beta, r))
	hh := num(h)
	if b, _ := beta.Float64(); b > 0 { // without whole revolutions
		pi, _, _ := big.ParseFloat("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706798214808651", 10, 160, big.ToNearestEven)
		period := quo(mul(mul(num(2), pi), num(gm)), mul(beta, num(0).Sqrt(beta)))
		n, _ := quo(hh, period).Float64()
		hh = sub(hh, mul(num(math.RoundToEven(n)), period))
	}
	rf, _ := r.Float64()
	ef, _ := eta.Float64()
	bf, _ := beta.Float64()
	zf, _ := zeta.Float64()
	hf, _ := hh.Float64()
	o := arc{gm: gm, r: rf, eta: ef, beta: bf, zeta: zf}
	s := num(o.length(hf))
	var g [4]*big.Float
	slope := r
	for range 3 {
		g = bigFunctions(beta, s)
		miss := sub(add(add(mul(r, s), mul(eta, g[2])), mul(zeta, g[3])), hh)
		slope = add(add(r, mul(eta, g[1])), mul(zeta, g[2]))
		s = sub(s, quo(miss, slope))
	}
	f := sub(num(1), quo(mul(num(gm), g[2]), r))
	t := sub(hh, mul(num(gm), g[3]))
	fdot := num(0).Neg(quo(mul(num(gm), g[1]), mul(r, slope)))
	gdot := sub(num(1), quo(mul(num(gm), g[2]), slope))
	for k := range x {
		xs[k], _ = add(mul(f, num(x[k])), mul(t, num(v[k]))).Float64()
		vs[k], _ = add(mul(fdot, num(x[k])), mul(gdot, num(v[k]))).Float64()
	}
	return xs, vs
}

// orbit returns a state at an angle, in radians, past the pericentre at distance 1, on an orbit of eccentricity e around
// a mass of gm 1, turned in space.
func orbit(e, angle float64) (x, v [3]float64) {
	r := (1 + e) / (1 + e*math.Cos(angle))
	px, py := r*math.Cos(angle), r*math.Sin(angle)
	vx, vy := -math.Sin(angle)/math.Sqrt(1+e), (e+math.Cos(angle))/math.Sqrt(1+e)
	a, b := [3]float64{0.36, 0.48, -0.8}, [3]float64{-0.8, 0.6, 0}
	for k := range x {
		x[k], v[k] = a[k]*px+b[k]*py, a[k]*vx+b[k]*vy
	}
	return x, v
}

func length(v [3]float64) float64 {
	return math.Sqrt(v[0]*v[0] + v[1]*v[1] + v[2]*v[2])
}

// Every arc ends where the exact one does, but for what rounding of the state at its start explains.
func TestKepler(t *testing.T) {
	const ulp = 0x1p-52
	worst := 0.0
	for _, e := range []float64{0, 0.01, 0.2, 0.7, 0.95, 0.999, 1 - 1e-9, 1, 1 + 1e-9, 1.01, 2, 30} {
		for _, angle := range []float64{0, 1e-9, 0.5, -1, 2.2, -2.9, math.Pi} {
			if e >= 1 && math.Cos(angle) <= -1/e+0.05 {
				continue
			}
			for _, h := range []float64{0, 1e-12, -1e-5, 0.01, -0.3, 2, -5, 40, 1000, -1e5} {
				x, v := orbit(e, angle)
				xs, vs := x, v
				Kepler(&xs, &vs, 1, h)
				wx, wv := keplerExactly(x, v, 1, h)
				r, speed := length(x), length(v)
				beta := math.Abs(2/r - speed*speed)
				// How far the state moves if the start is off by a rounding: by the time, by the period of an ellipse
				// or the speed far out,
				size := length(wx) + length(wv)*math.Abs(h)
				if e < 1 {
					size += length(wv) * math.Abs(h) * 2 / (r * beta)
				} else {
					size += math.Abs(h) / (r * length(wv))
				}
				size += length(wx) * r * speed // and by the direction
				var miss [3]float64
				for k := range miss {
					miss[k] = xs[k] - wx[k]
				}
				got := length(miss) / (size * ulp)
				worst = max(worst, got)
				if !(got < 32) {
					t.Errorf("e = %v, angle %v, h = %v: off by %.3g of %.3g, %.3g roundings", e, angle, h, length(miss), length(wx), got)
				}
			}
		}
	}
	t.Logf("worst: %.3g roundings", worst)
}

// Short arcs of planets are exact to a rounding or two, and the error has no preferred sign: the energy does not drift.
func TestShortArcsDoNotDrift(t *testing.T) {
	energy := func(x, v [3]float64) *big.Float {
		return sub(mul(num(0.5), bigDot(v, v)), quo(num(1), num(0).Sqrt(bigDot(x, x))))
	}
	for _, e := range []float64{0.01, 0.2} {
		r := rand.New(rand.NewPCG(7, 7))
		sum, squares, n := 0.0, 0.0, 20000
		for range n {
			x, v := orbit(e, 7*r.Float64())
			before := energy(x, v)
			if h := 0.3 + 0.1*r.Float64(); !quick(&x, &v, 1, h) {
				t.Fatal("not a short arc")
			}
			change, _ := sub(energy(x, v), before).Float64()
			sum += change / 0x1p-53
			squares += change / 0x1p-53 * change / 0x1p-53
		}
		mean, deviation := sum/float64(n), math.Sqrt(squares/float64(n))
		t.Logf("e = %v: mean %.4f, deviation %.3f roundings", e, mean, deviation)
		if !(math.Abs(mean) < 4*deviation/math.Sqrt(float64(n))) || !(deviation < 2) {
			t.Errorf("e = %v: the energy changes by %.4f ± %.4f roundings, deviation %.3f", e, mean, deviation/math.Sqrt(float64(n)), deviation)
		}
	}
}

func ExampleKepler() {
	x, v := [3]float64{1, 0, 0}, [3]float64{0, 1, 0}
	Kepler(&x, &v, 1, math.Pi/6)
	fmt.Printf("%.3f %.3f\n", x, v)
	// Output: [0.866 0.500 0.000] [-0.500 0.866 0.000]
}

// Time reversal holds to the bit: with the velocity turned around, a body goes back the same way in negative time. Any
// input ends, and what is not a number stays so.
func FuzzKepler(f *testing.F) {
	for _, seed := range [][7]float64{
		{1, 0, 0, 0, 1, 0, 0.1}, {1, 0, 0, 0, 0, 0, 2}, {0, 0, 0, 1, 0, 0, 1}, {1, 2, 3, 1e10, 0, 0, 1e300},
		{math.NaN(), 0, 0, 0, 1, 0, 1}, {1, 0, 0, 0, math.Inf(1), 0, 1}, {1, 0, 0, 1.5, 0, 0, -1e5}, {1e-300, 0, 0, 0, 1, 0, 1},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3], seed[4], seed[5], seed[6])
	}
	f.Fuzz(func(t *testing.T, x, y, z, vx, vy, vz, h float64) {
		a, va := [3]float64{x, y, z}, [3]float64{vx, vy, vz}
		b, vb := [3]float64{x, y, z}, [3]float64{-vx, -vy, -vz}
		Kepler(&a, &va, 1, h)
		Kepler(&b, &vb, 1, -h)
		for k := range 3 {
			if a[k] != b[k] && a[k]-b[k] == a[k]-b[k] || va[k] != -vb[k] && va[k]+vb[k] == va[k]+vb[k] {
				t.Errorf("%v %v, backward %v %v", a, va, b, vb)
			}
		}
	})
}
