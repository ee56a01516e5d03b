package solar

import (
	"math"
	"math/big"
	"testing"
)

// A Gauss-Radau rule of eight nodes integrates polynomials up to degree 14; so do the velocity weights once the
// series passes through those polynomials at the nodes.
func TestRadauSeriesIntegratesDegree14(t *testing.T) {
	tables := newRadauTables()
	for degree := range 15 {
		f := func(h float64) float64 { return math.Pow(h, float64(degree)) }
		var b, g coef
		for n := 1; n < 8; n++ {
			tables.correct(n, f(tables.h[n]), f(0), &b, &g)
		}
		got, want := f(0)+b.dot(&tables.wv[8]), 1/float64(degree+1)
		if math.Abs(got-want) > 1e-13 {
			t.Errorf("∫h^%d = %.17g, want %.17g", degree, got, want)
		}
	}
}

func TestNewtonFormInvertsSeries(t *testing.T) {
	tables := newRadauTables()
	var b, g coef
	for n := 1; n < 8; n++ {
		tables.correct(n, math.Exp(tables.h[n]), 1, &b, &g)
	}
	for k, got := range tables.newtonForm(&b) {
		if math.Abs(got-g[k]) > 1e-13 {
			t.Errorf("g[%d] = %g, want %g", k, got, g[k])
		}
	}
}

// A polynomial continued into the next step is the same polynomial.
func TestShiftedSeriesContinuesThePolynomial(t *testing.T) {
	b := coef{1, -2, 3, -4, 5, -6, 7}
	eval := func(c *coef, h float64) (s float64) {
		for k := 6; k >= 0; k-- {
			s = (s + c[k]) * h
		}
		return s
	}
	for _, q := range []float64{0.5, 1, 2, -1} {
		c := b.shifted(q)
		for _, h := range []float64{0.25, 1} {
			got, want := eval(&b, 1)+eval(&c, h), eval(&b, 1+q*h)
			if math.Abs(got-want) > 1e-13*math.Abs(want) {
				t.Errorf("q = %g, h = %g: %g, want %g", q, h, got, want)
			}
		}
	}
}

func TestSeventhRoot(t *testing.T) {
	for _, x := range []float64{1, 128, 1e-9, 0.5, 63.999, 1e300, 5e-324, math.MaxFloat64, math.Pi} {
		y := new(big.Float).SetPrec(200).SetFloat64(seventhRoot(x))
		p := new(big.Float).SetPrec(200).SetInt64(1)
		for range 7 {
			p.Mul(p, y)
		}
		ratio, _ := p.Quo(p, big.NewFloat(x)).Float64()
		if math.Abs(ratio-1) > 7*4e-16 {
			t.Errorf("seventhRoot(%g)^7 is %g of it", x, ratio)
		}
	}
}

// A moon 9 400 km from a planet 1.4 au from the origin: positions are rounded so coarsely, relative to the pair,
// that b[6] never falls below the default tolerance. The step must settle all the same.
func TestClosePairFarFromOrigin(t *testing.T) {
	const gm, r = 9.5e-11, 6.27e-5
	v := math.Sqrt(gm / r)
	for tol, most := range map[float64]int{0: 2000, 1e-12: 5000, 1e-16: 20000} {
		sys := &System{Bodies: []Body{
			{Name: SunName, GM: 2.96e-4},
			{Name: "Mars", GM: gm, X: [3]float64{1.4}, V: [3]float64{0, 0.0145}},
			{Name: "Phobos", X: [3]float64{1.4 + r}, V: [3]float64{0, 0.0145 + v}},
		}}
		sim, report := runTo(t, sys, Options{Tol: tol}, 3)
		b := sim.Snapshot().Bodies
		if d := distance(b[1].X, b[2].X); math.Abs(d-r) > 0.01*r {
			t.Errorf("tolerance %g: the moon is at %g of its distance", tol, d/r)
		}
		t.Logf("tolerance %g: %+v", tol, report)
		if report.Steps > most {
			t.Errorf("tolerance %g: %d steps for ten orbits", tol, report.Steps)
		}
	}
}

// A hopeless first step is cut down, not believed.
func TestFirstStepIsOnlyAHint(t *testing.T) {
	for _, dt := range []float64{1e-12, 0.01, 3, 1e6} {
		sim, report := runTo(t, kepler(1, 1, 0.5), Options{Dt: dt}, 10)
		x, _ := keplerAt(1, 1, 0.5, 10)
		if d := distance(sim.Snapshot().Bodies[1].X, x); !(d < 3e-14) {
			t.Errorf("first step %g: off by %.2g (%+v)", dt, d, report)
		}
	}
}
