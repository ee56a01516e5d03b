package solar

import (
	"errors"
	"math"
	"testing"
)

// The perihelion of Mercury alone advances by 6πGM/(c²a(1-e²)) per revolution, 42.98" per century (Einstein 1915;
// Clemence 1947).
func TestPerihelionAdvance(t *testing.T) {
	const a, e, gm, want = 0.38709893, 0.20563069, 2.9591220828559109e-04, 42.98
	period := 2 * math.Pi * math.Sqrt(a*a*a/gm)
	sys := kepler(gm, a, e)
	orbits := math.Floor(36525 / period)
	if testing.Short() {
		orbits = math.Floor(orbits / 10)
	}
	for _, name := range []string{"radau15", "yoshida8", "wh"} {
		sim, _ := runTo(t, sys, Options{Integrator: name, Relativity: true}, orbits*period)
		b := sim.Snapshot().Bodies
		// Eccentricity vector (v × h)/GM - r/|r| in the orbit's plane.
		x, y, vx, vy := b[1].X[0]-b[0].X[0], b[1].X[1]-b[0].X[1], b[1].V[0]-b[0].V[0], b[1].V[1]-b[0].V[1]
		h, r := x*vy-y*vx, math.Hypot(x, y)
		angle := math.Atan2(-vx*h/gm-y/r, vy*h/gm-x/r)
		arcsec := angle * 180 / math.Pi * 3600 * 36525 / (orbits * period)
		t.Logf("%s: %.4f arcseconds a century", name, arcsec)
		if math.Abs(arcsec-want) > 0.01*want {
			t.Errorf("%s: %.3f arcseconds a century, want %g within 1 %%", name, arcsec, want)
		}
	}
}

func TestRelativityConservesMomentum(t *testing.T) {
	sys := must(J2000())(t)
	gm := sys.GMs()
	p := NewPhase(sys)
	a := make([]float64, len(p.X))
	must(Schwarzschild(sys))(t).Add(p.X, p.V, a)
	for k := range 3 {
		sum, size := 0.0, 0.0
		for i, g := range gm {
			sum += g * a[3*i+k]
			size += math.Abs(g * a[3*i+k])
		}
		if size == 0 || !(math.Abs(sum) < 1e-15*size) {
			t.Errorf("axis %d: the corrections' sum %g is not small beside %g", k, sum, size)
		}
	}
	_, report := runTo(t, sys, Options{Relativity: true}, sys.Epoch+3652.5)
	if !(report.MomentumError < 1e-19) || !(report.BarycentreDrift < 1e-15) {
		t.Errorf("after ten years: %+v", report)
	}
}

func TestRelativityNeedsASun(t *testing.T) {
	for _, tt := range []struct {
		name string
		sys  *System
	}{
		{"no Sun", &System{Bodies: []Body{{Name: "Sol", GM: 1}}}},
		{"massless Sun", &System{Bodies: []Body{{Name: SunName}}}},
	} {
		if _, err := New(tt.sys, nil, Options{Relativity: true}); !errors.Is(err, ErrInput) {
			t.Errorf("%s: %v, want ErrInput", tt.name, err)
		}
		if _, err := New(tt.sys, nil, Options{}); err != nil {
			t.Errorf("%s without relativity: %v", tt.name, err)
		}
	}
}
