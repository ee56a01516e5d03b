package solar

import "offload/internal/wh"

// corrector holds the kicks b of the 17th-order symplectic corrector (Wisdom 2006, AJ 131, 2294), in units of the step.
// Stage i = 1 … 8 drifts by √(7/40)·i steps, kicks, drifts back twice as far, kicks the other way, and drifts to where it
// began. The kicks solve
//
//	Σ 4·b[i]·sinh(√(7/40)·i·x) = 1/x - 1/(2·sinh(x/2)) + O(x¹⁷)
//
// where x is the derivative along Kepler orbits times the step. The right side generates what a step does beside the
// motion, to first order in the kicks.
var corrector = [8]float64{
	0.09305610377142595859154106, -0.06519286357637789365829076, 0.03242219886471358029368152, -0.01207176082234229106244975,
	0.00331325770693806556554902, -0.0006359998307581765898316688, 0.00007643635522793573836324185, -0.000004334741547337358019065022,
}

const correctorDrift = 0.41833001326703777398908601289259374469640768464934 // √(7/40)

// correct turns the real planets into those that steps of h move.
func correct(p *wh.Planets, h, twist float64) {
	for i := 8; i > 0; i-- {
		stage(p, float64(-correctorDrift*float64(i)), -corrector[i-1], h, twist)
	}
	for i := 1; i <= 8; i++ {
		stage(p, float64(correctorDrift*float64(i)), corrector[i-1], h, twist)
	}
}

// uncorrect is the inverse of correct, up to rounding.
func uncorrect(p *wh.Planets, h, twist float64) {
	for i := 8; i > 0; i-- {
		stage(p, float64(correctorDrift*float64(i)), -corrector[i-1], h, twist)
	}
	for i := 1; i <= 8; i++ {
		stage(p, float64(-correctorDrift*float64(i)), corrector[i-1], h, twist)
	}
}

func stage(p *wh.Planets, a, b, h, twist float64) {
	drift, kick := float64(a*h), float64(b*h)
	p.SetDrift(drift)
	p.Drift()
	p.SetKick(-kick, twist)
	p.Kick()
	p.SetDrift(float64(-2 * drift))
	p.Drift()
	p.SetKick(kick, twist)
	p.Kick()
	p.SetDrift(drift)
	p.Drift()
}
