package solar

import (
	"context"
	"testing"
	"time"
)

func TestWHScratch(t *testing.T) {
	for _, dt := range []float64{10, 5, 2.5} {
		sys := planets(t)
		sim := must(New(sys, nil, Options{Integrator: "wh", Dt: dt}))(t)
		for range 5 {
			begin := time.Now()
			r, err := sim.Run(context.Background(), sim.JD()+365.25*20000, Watch{})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("dt %g JD %.1f: energy %.3g, L %.3g, mom %.2g, drift %.2g: %.0f years/s", dt, sim.JD(), r.EnergyError, r.AngularMomentumError, r.MomentumError, r.BarycentreDrift, 20000/time.Since(begin).Seconds())
		}
	}
}
