package solar

import (
	"context"
	"math"
	"testing"
)

// must returns v, or fails the test with err.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// systemFor returns the bodies at J2000 that the named integrator follows: for wh, the Earth has the Moon in it.
func systemFor(t testing.TB, integrator string) *System {
	t.Helper()
	sys := must(J2000())(t)
	if integrator == "wh" {
		return must(sys.Merge("Earth", "Earth", "Moon"))(t)
	}
	return sys
}

// planets returns the Sun and the eight planets at J2000, the Earth with the Moon in it.
func planets(t testing.TB) *System {
	t.Helper()
	sys := systemFor(t, "wh")
	sys.Bodies = sys.Bodies[:9]
	return sys
}

// kepler returns a massless planet around a Sun of the given GM, at perihelion on the x axis at epoch 0.
func kepler(gm, a, e float64) *System {
	v := math.Sqrt(gm / a * (1 + e) / (1 - e))
	return &System{Bodies: []Body{
		{Name: SunName, GM: gm},
		{Name: "planet", X: [3]float64{a * (1 - e)}, V: [3]float64{0, v}},
	}}
}

// keplerAt returns that planet's position and velocity t days later, from Kepler's equation.
func keplerAt(gm, a, e, t float64) (x, v [3]float64) {
	n := math.Sqrt(gm / (a * a * a))
	m := math.Remainder(n*t, 2*math.Pi)
	E := m
	for range 50 {
		E -= (E - e*math.Sin(E) - m) / (1 - e*math.Cos(E))
	}
	b, rate := a*math.Sqrt(1-e*e), n/(1-e*math.Cos(E))
	x = [3]float64{a * (math.Cos(E) - e), b * math.Sin(E)}
	v = [3]float64{-a * math.Sin(E) * rate, b * math.Cos(E) * rate}
	return x, v
}

// runTo integrates a new simulation of sys to the date and returns it with its report.
func runTo(t testing.TB, sys *System, opts Options, jd float64) (*Simulation, Report) {
	t.Helper()
	sim := must(New(sys, nil, opts))(t)
	return sim, must(sim.Run(context.Background(), jd, Watch{}))(t)
}

func distance(a, b [3]float64) float64 {
	d := [3]float64{a[0] - b[0], a[1] - b[1], a[2] - b[2]}
	return norm(d[:])
}
