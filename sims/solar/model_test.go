package solar

import (
	"context"
	"errors"
	"math"
	"testing"
)

// simulateTerms returns a simulation from DE405's states with some of the terms.
func simulateTerms(t testing.TB, terms int) *Simulation {
	t.Helper()
	f, full, err := newForces(must(DE405())(t), terms)
	if err != nil {
		t.Fatal(err)
	}
	sim := must(New(full, nil, Options{}))(t)
	sim.rhs.Correction = f
	return sim
}

// Bounds in km of the differences from DE405, by body, after 10 days, 1, 10 and 30 years.
func TestModelFollowsDE405(t *testing.T) {
	names := []string{"Sun", "Mercury", "Venus", "Earth", "Moon", "Mars", "Jupiter", "Saturn", "Uranus", "Neptune", "Pluto"}
	bounds := [][]float64{
		{0.001, 0.1, 0.02, 0.001, 0.001, 0.02, 0.005, 0.005, 0.005, 0.005, 0.005},
		{0.01, 0.1, 0.02, 0.03, 0.03, 0.05, 0.01, 0.01, 0.01, 0.01, 0.01},
		{0.1, 0.2, 0.1, 0.2, 0.2, 0.25, 0.05, 0.1, 0.1, 0.1, 0.1},
		{0.2, 0.25, 0.2, 0.7, 0.7, 1, 0.5, 0.3, 0.3, 0.3, 0.3},
	}
	sim := must(New(must(DE405())(t), nil, Options{Model: "de"}))(t)
	for i, ref := range must(Reference())(t) {
		if testing.Short() && i > 1 {
			break
		}
		must(sim.Run(context.Background(), ref.JD, Watch{}))(t)
		for j, d := range must(Compare(sim.Snapshot(), ref))(t) {
			if d.Name != names[j] || !(d.KM < bounds[i][j]) {
				t.Errorf("JD %v: %s is %.3g km off, want below %g", ref.JD, d.Name, d.KM, bounds[i][j])
			}
		}
	}
}

// BenchmarkTerms prints how far bodies are from DE405 after 30 years without one of the terms.
func BenchmarkTerms(t *testing.B) {
	refs := must(Reference())(t)
	for _, c := range []struct {
		name  string
		terms int
	}{
		{"all", allTerms}, {"asteroids", allTerms &^ termAsteroids}, {"relativity", allTerms &^ termRelativity},
		{"Sun's figure", allTerms &^ termSunFigure}, {"Earth's figure", allTerms &^ termEarthFigure},
		{"Moon's figure", allTerms &^ termMoonFigure}, {"Earth's tides", allTerms &^ termEarthTides}, {"Moon's tides", allTerms &^ termMoonTides},
	} {
		sim := simulateTerms(t, c.terms)
		must(sim.Run(context.Background(), refs[3].JD, Watch{}))(t)
		var km []float64
		for _, d := range must(Compare(sim.Snapshot(), refs[3]))(t) {
			km = append(km, math.Round(d.KM*100)/100)
		}
		t.Logf("%-14s %v", c.name, km)
	}
}

// Every term but relativity and the asteroids without mass keeps Σ gm·v.
func TestModelConservesMomentum(t *testing.T) {
	sys := must(DE405())(t)
	for _, terms := range []int{termSunFigure, termEarthFigure, termMoonFigure, termEarthTides, termMoonTides} {
		f, full, err := newForces(sys, terms)
		if err != nil {
			t.Fatal(err)
		}
		p := NewPhase(full)
		a := make([]float64, len(p.X))
		f.Add(p.X, p.V, a)
		for k := range 3 {
			sum, size := 0.0, 0.0
			for i, g := range f.gm {
				sum += g * a[3*i+k]
				size += math.Abs(g * a[3*i+k])
			}
			if size == 0 || !(math.Abs(sum) < 2e-15*size) {
				t.Errorf("terms %b, axis %d: the sum %g is not small beside %g", terms, k, sum, size)
			}
		}
	}
}

// With a massless planet the Einstein-Infeld-Hoffmann equations are Schwarzschild's.
func TestEinsteinIsSchwarzschildForOneMass(t *testing.T) {
	sys := kepler(2.9591220828559109e-04, 0.38709893, 0.20563069)
	sys.Bodies[1].V[0] = 0.003
	p := NewPhase(sys)
	a, b := make([]float64, 6), make([]float64, 6)
	newton := Newton(sys.GMs())
	for _, out := range [][]float64{a, b} {
		if err := newton.Accelerate(context.Background(), p.X, out); err != nil {
			t.Fatal(err)
		}
	}
	want := append([]float64(nil), a...)
	EinsteinInfeldHoffmann(sys.GMs()).Add(p.X, p.V, a)
	must(Schwarzschild(sys))(t).Add(p.X, p.V, b)
	for k := 3; k < 6; k++ {
		if x, y := a[k]-want[k], b[k]-want[k]; !(math.Abs(x-y) < 1e-6*math.Abs(b[3]-want[3])) {
			t.Errorf("axis %d: %g, want %g", k-3, x, y)
		}
	}
}

// A field is the gradient of its potential, here by differences.
func TestFiguresAreGradients(t *testing.T) {
	h, z := deMoonFigure(), zonal{radius: 1, j: [5]float64{2: 1e-3, 3: -2e-3, 4: 3e-3}}
	h.radius = 1
	// The same zonal field as harmonics.
	flat := harmonics{radius: 1}
	for n := 2; n <= 4; n++ {
		flat.c[n][0] = -z.j[n]
	}
	r := [3]float64{1.3, -0.7, 0.9}
	pole := [3]float64{0, 0, 1}
	got, want := z.pull(pole, r), flat.pull(r)
	if d := distance(got, want); !(d < 1e-16) {
		t.Errorf("zonal %v, harmonics %v", got, want)
	}
	// A field outside its sources has neither divergence nor curl.
	const step = 1e-4
	var slope [3][3]float64
	for k := range 3 {
		up, down := r, r
		up[k] += step
		down[k] -= step
		a, b := h.pull(up), h.pull(down)
		for i := range 3 {
			slope[i][k] = (a[i] - b[i]) / (2 * step)
		}
	}
	if d := slope[0][0] + slope[1][1] + slope[2][2]; !(math.Abs(d) < 1e-11) {
		t.Errorf("divergence %g", d)
	}
	for i, j := range []int{1, 2, 0} {
		if c := slope[i][j] - slope[j][i]; !(math.Abs(c) < 1e-11) {
			t.Errorf("curl %g", c)
		}
	}
	// C22 pulls inward along the long axis: 9·C22·R²/r⁴.
	long := harmonics{radius: 1}
	long.c[2][2] = 1e-3
	if a := long.pull([3]float64{2, 0, 0}); !(math.Abs(a[0]+9e-3/16) < 1e-17) {
		t.Errorf("along the long axis %v, want %g", a, -9e-3/16)
	}
}

// The node of an orbit about a flat body goes back by 3/2·J₂·(R/p)²·n·cos i.
func TestFlatnessTurnsTheNode(t *testing.T) {
	const j2, inc = 1e-3, 1.0
	z := zonal{radius: 0.1, j: [5]float64{2: j2}}
	sum := 0.0
	const n = 3600
	for k := range n { // mean torque over a circle of radius 1 in the plane of inclination inc with its node on x
		s, c := math.Sincos(2 * math.Pi * float64(k) / n)
		r := [3]float64{c, s * math.Cos(inc), s * math.Sin(inc)}
		sum += cross(r, z.pull([3]float64{0, 0, 1}, r))[0] / n
	}
	got, want := sum/math.Sin(inc), -1.5*j2*0.01*math.Cos(inc) // Ω' = T/(h·sin i), with n = h = 1
	if !(math.Abs(got-want) < 1e-6*math.Abs(want)) {
		t.Errorf("the node moves by %g, want %g", got, want)
	}
}

// Without delay, equal Love numbers give k·R⁵/(r³b³)·P₂, the same about every pole; a delay turns the Moon's mean
// longitude by -3·k₂·(m/M)·(R/a)⁵·sin(2δ) n² · 3/2.
func TestTides(t *testing.T) {
	r, b := [3]float64{2, 0.5, -1}, [3]float64{-1, 2, 1.5}
	still := newTide(1, 0, [3]float64{0.3, 0.3, 0.3}, [3]float64{})
	r2, b2, rb := dot3(&r, &r), dot3(&b, &b), dot3(&r, &b)
	scale := 0.3 / (math.Pow(r2, 2.5) * math.Pow(b2, 2.5))
	got := still.pull(r, b, [3]float64{})
	u := 1.5*rb*rb - 0.5*r2*b2
	for k := range 3 {
		want := scale * (3*rb*b[k] - b2*r[k] - 5*u/r2*r[k])
		if !(math.Abs(got[k]-want) < 1e-15*scale*100) {
			t.Errorf("axis %d: %g, want %g", k, got[k], want)
		}
	}
	f, _, err := newForces(must(DE405())(t), termEarthTides)
	if err != nil {
		t.Fatal(err)
	}
	// A Moon on a circle in the plane of the equator: the mean longitude's acceleration is -3·(transverse pull)/a.
	const a, gmEarth, gmMoon = 384399 / AU, 8.8876923901135099e-10, 1.0931895659898909e-11
	n := math.Sqrt((gmEarth + gmMoon) / (a * a * a))
	x, v := [3]float64{a, 0, 0}, [3]float64{0, n * a, 0}
	p := f.earthTide.pull(x, x, v)
	rate := -3 * p[1] * gmMoon * (1 + gmMoon/gmEarth) / a / arcsecond * century * century
	t.Logf("%.1f arcseconds per century²", rate)
	if !(rate < -24 && rate > -32) {
		t.Errorf("the Moon's mean motion changes by %.1f arcseconds per century², want -24 to -32", rate)
	}
}

func TestModelRefuses(t *testing.T) {
	late := must(DE405())(t)
	late.Epoch++
	for _, tt := range []struct {
		name string
		sys  *System
		opts Options
	}{
		{"no Moon", &System{Epoch: j2000, Bodies: must(DE405())(t).Bodies[:4]}, Options{Model: "de"}},
		{"other epoch", late, Options{Model: "de"}},
		{"unknown model", must(DE405())(t), Options{Model: "inpop"}},
		{"other integrator", must(DE405())(t), Options{Model: "de", Integrator: "yoshida8"}},
	} {
		if _, err := New(tt.sys, nil, tt.opts); !errors.Is(err, ErrInput) {
			t.Errorf("%s: %v, want ErrInput", tt.name, err)
		}
	}
	if _, _, err := NewDE(nil); !errors.Is(err, ErrInput) {
		t.Errorf("no system: %v, want ErrInput", err)
	}
}

func TestModelDoesNotAllocate(t *testing.T) {
	c, full, err := NewDE(must(DE405())(t))
	if err != nil {
		t.Fatal(err)
	}
	p := NewPhase(full)
	a := make([]float64, len(p.X))
	date := 0.0
	if n := testing.AllocsPerRun(10, func() { date++; c.(Timed).At(date); c.Add(p.X, p.V, a) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkModel measures one evaluation of all terms beside the pull of points.
func BenchmarkModel(b *testing.B) {
	c, full, err := NewDE(must(DE405())(b))
	if err != nil {
		b.Fatal(err)
	}
	p := NewPhase(full)
	a := make([]float64, len(p.X))
	date := 0.0
	for b.Loop() {
		date++
		c.(Timed).At(date)
		c.Add(p.X, p.V, a)
	}
}
