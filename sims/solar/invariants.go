package solar

import "math"

// Invariants holds the conserved quantities of Newtonian point masses. They use GM for mass, so each has a factor of G.
type Invariants struct {
	// Mass is Σ gm, in au³/day².
	Mass float64
	// Energy is Σ ½·gm·v² - Σ_{i<j} gm_i·gm_j/r_ij, in au⁵/day⁴.
	Energy float64
	// AngularMomentum is Σ gm·(x × v), in au⁵/day³.
	AngularMomentum [3]float64
	// Momentum is Σ gm·v, in au⁴/day³.
	Momentum [3]float64
	// Barycentre is Σ gm·x/Mass, in au, and Velocity is Σ gm·v/Mass, in au/day; both are 0 for a massless system.
	Barycentre, Velocity [3]float64

	energy dd  // Energy and
	spin   dd3 // AngularMomentum before rounding
}

// Measure returns the system's invariants, each summed in double-double arithmetic and rounded once.
func Measure(sys *System) Invariants { return measure(sys.GMs(), NewPhase(sys)) }

// measure returns the invariants of a phase, including its low parts.
func measure(gm []float64, p *Phase) Invariants {
	var mass, kinetic, potential dd
	var spin, momentum, moment dd3
	for i, g := range gm {
		x, v := ddRow(p.X, p.XLow, i), ddRow(p.V, p.VLow, i)
		mass = mass.add(dd{hi: g})
		kinetic = kinetic.add(v.dot(v).scale(g))
		spin = spin.add(x.cross(v).scale(g))
		momentum = momentum.add(v.scale(g))
		moment = moment.add(x.scale(g))
		for j := range i {
			if both := (dd{hi: g}).scale(gm[j]); both.hi != 0 {
				d := x.sub(ddRow(p.X, p.XLow, j))
				potential = potential.add(both.div(d.dot(d).sqrt()))
			}
		}
	}
	energy := kinetic.scale(0.5).sub(potential)
	out := Invariants{
		Mass:            mass.hi,
		Energy:          energy.hi,
		AngularMomentum: spin.round(),
		Momentum:        momentum.round(),
		energy:          energy,
		spin:            spin,
	}
	if mass.hi > 0 {
		out.Barycentre, out.Velocity = moment.div(mass).round(), momentum.div(mass).round()
	}
	return out
}

func ddRow(hi, lo []float64, i int) (v dd3) {
	for k := range 3 {
		v[k] = renormal(hi[3*i+k], lo[3*i+k])
	}
	return v
}

// EnergyError returns the relative change of the energy since then, resolved far below float64's rounding, or the
// absolute change if then's energy is 0.
func (v *Invariants) EnergyError(then *Invariants) float64 {
	change := math.Abs(v.energy.sub(then.energy).hi)
	if then.Energy == 0 {
		return change
	}
	return change / math.Abs(then.Energy)
}

// AngularMomentumError returns |ΔL|/|L| since then, or |ΔL| if then's L is 0.
func (v *Invariants) AngularMomentumError(then *Invariants) float64 {
	change := v.spin.sub(then.spin).round()
	if size := norm(then.AngularMomentum[:]); size != 0 {
		return norm(change[:]) / size
	}
	return norm(change[:])
}
