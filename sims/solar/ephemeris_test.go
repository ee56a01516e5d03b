package solar

import (
	"context"
	"testing"
)

// Bounds in km of the differences between eleven point masses with the Sun's 1PN term and DE405, after 10 days, 1, 10
// and 30 years. The Moon lacks tides and figures. Larger differences are errors of the integrator.
func TestRelativisticIntegrationFollowsDE405(t *testing.T) {
	bounds := []struct{ planet, moon float64 }{{0.01, 0.5}, {0.5, 25}, {10, 200}, {30, 1000}}
	for _, name := range []string{"radau15", "yoshida8"} {
		t.Run(name, func(t *testing.T) {
			sim := must(New(must(J2000())(t), nil, Options{Integrator: name, Relativity: true}))(t)
			for i, ref := range must(Reference())(t) {
				if testing.Short() && i == len(bounds)-1 {
					break
				}
				must(sim.Run(context.Background(), ref.JD, Watch{}))(t)
				for _, d := range must(Compare(sim.Snapshot(), ref))(t) {
					bound := bounds[i].planet
					if d.Name == "Moon" {
						bound = bounds[i].moon
					}
					if !(d.KM < bound) {
						t.Errorf("JD %v: %s is %.3g km off, want below %g", ref.JD, d.Name, d.KM, bound)
					}
				}
			}
		})
	}
}

func TestNewtonAloneMissesMercurysPerihelion(t *testing.T) {
	if testing.Short() {
		t.Skip("thirty years")
	}
	refs := must(Reference())(t)
	last := refs[len(refs)-1]
	sim, report := runTo(t, must(J2000())(t), Options{}, last.JD)
	mercury := must(Compare(sim.Snapshot(), last))(t)[1]
	if mercury.Name != "Mercury" || mercury.KM < 5200 || mercury.KM > 5400 {
		t.Errorf("%s is %.0f km off, want 5200 to 5400", mercury.Name, mercury.KM)
	}
	for what, got := range map[string]float64{
		"energy":           report.EnergyError,
		"angular momentum": report.AngularMomentumError,
		"barycentre":       report.BarycentreDrift,
	} {
		if !(got < 1e-14) {
			t.Errorf("error of the %s %.2g, want below 1e-14", what, got)
		}
	}
	t.Logf("%+v", report)
}

// After 30 years forward and back, only rounding, amplified by the Moon's orbit, may remain.
func TestIntegrationIsReversible(t *testing.T) {
	tests := []struct {
		name string
		km   float64
	}{{"radau15", 0.01}, {"leapfrog", 0.05}, {"yoshida4", 0.05}, {"yoshida8", 0.05}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			years := 30.0
			if tt.name != "radau15" {
				years = 5
			}
			if testing.Short() {
				years /= 5
			}
			sys := must(J2000())(t)
			sim, _ := runTo(t, sys, Options{Integrator: tt.name, Relativity: true}, sys.Epoch+365.25*years)
			must(sim.Run(context.Background(), sys.Epoch, Watch{}))(t)
			for _, d := range must(Compare(sim.Snapshot(), sys.Snapshot()))(t) {
				t.Logf("%-8s %.2g km", d.Name, d.KM)
				if !(d.KM < tt.km) {
					t.Errorf("%s came back %.2g km off, want below %g", d.Name, d.KM, tt.km)
				}
			}
		})
	}
}
