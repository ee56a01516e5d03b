package solar

import (
	"math"
	"math/big"
	"testing"
)

// A Gauss-Radau rule of eight nodes integrates polynomials up to degree 14 once, and up to 13 twice.
func TestRadauWeightsIntegrateDegree14(t *testing.T) {
	tables := newRadauTables()
	for degree := 1; degree < 15; degree++ {
		f := tables.sample(degree)
		n := float64(degree + 1)
		if got := f.dot(&tables.wv[8]); math.Abs(got*n-1) > 1e-12 {
			t.Errorf("∫h^%d = %.17g, want 1/%g", degree, got, n)
		}
		if got := f.dot(&tables.wx[8]); degree < 14 && math.Abs(got*n*(n+1)-1) > 1e-11 {
			t.Errorf("∫∫h^%d = %.17g, want 1/%g", degree, got, n*(n+1))
		}
	}
}

// Up to degree 7 the polynomial through the nodes is the function itself, everywhere.
func TestRadauWeightsAreExactToDegree7(t *testing.T) {
	tables := newRadauTables()
	for degree := 1; degree < 8; degree++ {
		f := tables.sample(degree)
		for n := 1; n < 9; n++ {
			h, d := 1.0, float64(degree)
			if n < 8 {
				h = tables.h[n]
			}
			v, x := math.Pow(h, d+1)/(d+1), math.Pow(h, d+2)/((d+1)*(d+2))
			if got := f.dot(&tables.wv[n]); math.Abs(got-v) > 1e-16 {
				t.Errorf("∫h^%d to node %d is off by %g", degree, n, got-v)
			}
			if got := f.dot(&tables.wx[n]); math.Abs(got-x) > 1e-16 {
				t.Errorf("∫∫h^%d to node %d is off by %g", degree, n, got-x)
			}
		}
		for k, w := range map[int]*coef{0: &tables.b0, 1: &tables.b1, 6: &tables.b6} {
			want := 0.0
			if k == degree-1 {
				want = 1
			}
			if got := f.dot(w); math.Abs(got-want) > 1e-12 {
				t.Errorf("b[%d] of h^%d = %g, want %g", k, degree, got, want)
			}
		}
	}
}

// sample returns h^degree at the nodes.
func (t *radauTables) sample(degree int) (f coef) {
	for k := range f {
		f[k] = math.Pow(t.h[k+1], float64(degree))
	}
	return f
}

// For three steps of any lengths, a polynomial of as high a degree as there are nodes is predicted up to magnified
// rounding.
func TestPredictionContinuesPolynomials(t *testing.T) {
	for _, tt := range []struct{ older, last, next, degree float64 }{
		{1, 1, 1, 10}, {1.5, 1, 0.5, 10}, {-1, -1.25, -1.5, 10}, {1, 4, 2, 8}, {0, 1, 2, 8},
	} {
		r := newRadau15(0, 0)
		r.begin(NewPhase(&System{Bodies: make([]Body, 1)}))
		at := func(t float64) float64 { return math.Pow(t/4, tt.degree) - math.Pow(t/4+0.5, 3) }
		fill := func(p *past, dt, start float64) {
			p.dt, p.a0[0] = dt, at(start)
			for k := range 7 {
				p.f[0][k] = at(start+r.h[k+1]*dt) - p.a0[0]
			}
		}
		fill(&r.older, tt.older, -tt.last-tt.older)
		fill(&r.last, tt.last, -tt.last)
		want := past{a0: make([]float64, 1), f: make([]coef, 1)}
		fill(&want, tt.next, 0)
		r.a0[0] = want.a0[0]
		r.predict(tt.next)
		for k, got := range r.f[0] {
			if math.Abs(got-want.f[0][k]) > 1e-6*math.Abs(want.f[0][6]) {
				t.Errorf("%+v, node %d: %g, want %g", tt, k+1, got, want.f[0][k])
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
// that b[6] never falls below the default tolerance. The step must still converge.
func TestClosePairFarFromOrigin(t *testing.T) {
	const gm, r = 9.5e-11, 6.27e-5
	v := math.Sqrt(gm / r)
	for tol, most := range map[float64]int{0: 200, 1e-12: 5000, 1e-16: 20000} {
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

// Two bodies 680 km apart that orbit each other in four days, like Patroclus and Menoetius, are integrated as well as
// with far shorter steps, although their acceleration is 300 times less than Mercury's.
func TestFaintPairIsFollowed(t *testing.T) {
	const gm, r = 2e-16, 4.55e-6
	v := 0.6 * math.Sqrt(gm/r)
	sys := &System{Bodies: []Body{
		{Name: SunName, GM: 2.96e-4},
		{Name: "Mercury", X: [3]float64{0.31}, V: [3]float64{0, 0.034}},
		{Name: "Patroclus", GM: gm, X: [3]float64{5.2}, V: [3]float64{0, 0.0075}},
		{Name: "Menoetius", X: [3]float64{5.2 + r}, V: [3]float64{0, 0.0075 + v}},
	}}
	fast, report := runTo(t, sys, Options{}, 100)
	slow, _ := runTo(t, sys, Options{Tol: 1e-8}, 100)
	for _, d := range must(Compare(fast.Snapshot(), slow.Snapshot()))(t) {
		t.Logf("%s: %.2g km after %d steps", d.Name, d.KM, report.Steps)
		if !(d.KM < 0.01) {
			t.Errorf("%s is %.2g km off", d.Name, d.KM)
		}
	}
}

// A body between two equal pulls has only rounding as the scale of its acceleration.
func TestBodyAtRestBetweenTwo(t *testing.T) {
	pair := kepler(1, 1, 0.3).Bodies[1]
	sys := &System{Bodies: []Body{{Name: "left", GM: 2}, {Name: "right", GM: 2}, {Name: "between"}}}
	for i, side := range []float64{-1, 1, 0} {
		for k := range 3 {
			sys.Bodies[i].X[k] = 0.1 + side*pair.X[k]
			sys.Bodies[i].V[k] = 0.3 + side*pair.V[k]
		}
	}
	_, report := runTo(t, sys, Options{}, 3)
	t.Logf("%+v", report)
	if report.Steps > 100 {
		t.Errorf("%d steps for half an orbit", report.Steps)
	}
}

// A first step that is much too long is shortened.
func TestFirstStepIsOnlyAHint(t *testing.T) {
	for _, dt := range []float64{1e-12, 0.01, 3, 1e6} {
		sim, report := runTo(t, kepler(1, 1, 0.5), Options{Dt: dt}, 10)
		x, _ := keplerAt(1, 1, 0.5, 10)
		if d := distance(sim.Snapshot().Bodies[1].X, x); !(d < 3e-14) {
			t.Errorf("first step %g: off by %.2g (%+v)", dt, d, report)
		}
	}
}
