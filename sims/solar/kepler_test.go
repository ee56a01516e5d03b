package solar

import (
	"math"
	"testing"
)

// Halving the step divides the error of a method of order p by 2^p.
func TestFixedStepMethodsHaveTheirOrder(t *testing.T) {
	const e, span = 0.3, 11.0
	tests := []struct {
		name  string
		order float64
		dt    float64 // the coarser step, in the asymptotic range and above rounding
	}{{"leapfrog", 2, 0.01}, {"yoshida4", 4, 0.02}, {"yoshida8", 8, 0.25}}
	for _, tt := range tests {
		for _, relativity := range []bool{false, true} {
			x, _ := keplerAt(1, 1, e, span)
			if relativity { // v²/c² is 3e-5 here, so an explicit kick would show
				sim, _ := runTo(t, kepler(1, 1, e), Options{Relativity: true}, span)
				x = sim.Snapshot().Bodies[1].X
			}
			miss := func(dt float64) float64 {
				sim, _ := runTo(t, kepler(1, 1, e), Options{Integrator: tt.name, Dt: dt, Relativity: relativity}, span)
				return distance(sim.Snapshot().Bodies[1].X, x)
			}
			coarse, fine := miss(tt.dt), miss(tt.dt/2)
			order := math.Log2(coarse / fine)
			t.Logf("%s, relativity %v: %.2g, %.2g: order %.2f", tt.name, relativity, coarse, fine, order)
			if math.Abs(order-tt.order) > 0.3 {
				t.Errorf("%s, relativity %v: order %.2f, want %g", tt.name, relativity, order, tt.order)
			}
		}
	}
}

func TestRadau15SolvesKeplerToRounding(t *testing.T) {
	for _, e := range []float64{0, 0.1, 0.5, 0.9, 0.99} {
		for _, until := range []float64{20, -20, 3} {
			sim, report := runTo(t, kepler(1, 1, e), Options{}, until)
			x, v := keplerAt(1, 1, e, until)
			got := sim.Snapshot().Bodies[1]
			// Rounding at the start, at perihelion, shifts the phase by about ε/(1-e) per orbit.
			bound := 1e-14 / (1 - e)
			if d := distance(got.X, x); !(d < bound) {
				t.Errorf("e = %g, t = %g: position off by %.2g, want below %.2g", e, until, d, bound)
			}
			if d := distance(got.V, v); !(d < bound/(1-e)) {
				t.Errorf("e = %g, t = %g: velocity off by %.2g", e, until, d)
			}
			t.Logf("e %g t %g: %d steps, x off %.2g", e, until, report.Steps, distance(got.X, x))
		}
	}
}

// Over a hundred orbits rounding changes the energy by some 2e-15 of itself, in either direction. The result of one pair
// is a matter of chance, so the test runs several.
func TestRadau15KeepsEnergyOnAnEccentricPair(t *testing.T) {
	runs := 10
	if testing.Short() {
		runs = 3
	}
	var energy, spin float64
	for n := range runs {
		sys := kepler(1, 1+0.01*float64(n), 0.8)
		for k := range 3 { // two halves about their barycentre, which stays at the origin
			x, v := sys.Bodies[1].X[k]/2, sys.Bodies[1].V[k]/2
			sys.Bodies[0].X[k], sys.Bodies[0].V[k] = -x, -v
			sys.Bodies[1].X[k], sys.Bodies[1].V[k] = x, v
		}
		sys.Bodies[0].GM, sys.Bodies[1].GM = 0.5, 0.5
		_, report := runTo(t, sys, Options{}, 200*math.Pi)
		energy += report.EnergyError * report.EnergyError
		spin += report.AngularMomentumError * report.AngularMomentumError
	}
	energy, spin = math.Sqrt(energy/float64(runs)), math.Sqrt(spin/float64(runs))
	if !(energy < 3e-15) || !(spin < 1e-15) {
		t.Errorf("energy off by %.2g, angular momentum by %.2g, root mean square", energy, spin)
	}
	t.Logf("energy off by %.2g, angular momentum by %.2g", energy, spin)
}
