package solar

import (
	"context"
	"fmt"
	"math"
	"strings"
)

// Defaults of Options.
const (
	DefaultIntegrator = "radau15"
	DefaultTol        = 1e-5
	// MinStep is the shortest step of radau15, in days (86 µs). A shorter one means a collision: orbits with such
	// steps around the mass of the Earth lie inside the Earth.
	MinStep = 1e-9
	minTol  = 1e-16
	// maxSteps bounds the steps of a fixed-step method, so that step numbers stay exact.
	maxSteps = 1 << 52
)

// Options selects and configures an integrator. The zero value is radau15 with its defaults.
type Options struct {
	// Integrator is one of Integrators; "" means DefaultIntegrator.
	Integrator string
	// Dt is the step of a fixed-step method in days, 0 for the method's default. For radau15 it is the first trial
	// step, 0 to derive it from the state. Its sign is ignored: the end date sets the direction.
	Dt float64
	// Tol bounds the last of the eight terms of radau15's series for every body's acceleration, relative to that
	// acceleration; 0 means DefaultTol. The truncation error is of far higher order and shrinks as Tol^(15/7): at
	// the default it is below rounding, for the Solar System as for an orbit of eccentricity 0.99, and becomes
	// visible at ten times the default. A smaller Tol costs time, as Tol^(-1/7), without a gain. Other integrators
	// ignore it.
	Tol float64
	// Relativity adds the Sun's first post-Newtonian term; see Schwarzschild.
	Relativity bool
	// Model selects the forces beside the pull of points: "" for those of Relativity, or "de" for those of JPL's DE405,
	// which include relativity, require radau15 and add asteroids to the bodies; see NewDE.
	Model string
	// Variant selects a form of wh's inner loops, all of which give the same bits: avx512, avx2 or contract. If this
	// machine lacks it, or by default, the fastest is used. It is for tests and measurements.
	Variant string
	// Events selects the events to look for.
	Events EventOptions
}

// Stats counts an integrator's work since it was created. Evaluations are calls of the Field, and the kicks of wh, which
// does not call it.
type Stats struct {
	Steps, Rejected, Evaluations int
}

// Integrator advances one trajectory. It allocates its work arrays on first use, and is not safe for concurrent use.
type Integrator interface {
	// Name returns the integrator's name, as in Integrators.
	Name() string
	// Advance advances p to exactly t days since the epoch, forward or backward. After each completed step it calls
	// step, if not nil, with the time reached. An error of step ends Advance and is returned as it is.
	//
	// It checks ctx before every step, or without a function step some steps that take less than a millisecond. Invalid arguments are ErrInput, and a breakdown of the integration is a
	// *Divergence. After an error p is the state at the last completed step, and Advance to the same t goes on from
	// there with the same bits as without the interruption.
	Advance(ctx context.Context, rhs *Acceleration, p *Phase, t float64, step func(t float64) error) error
	// Synchronize sets p to the state at the last completed step. Calls of step need it before they look at p, which
	// some integrators update only at the end of Advance. It does not affect later steps.
	Synchronize(p *Phase)
	// Checkpoint returns what a continuation with the same bits needs beside the state, also during a call of step.
	Checkpoint() []float64
	// Restore makes a new integrator go on as the one that Checkpoint was called of, with that one's state p and the
	// same options. The error wraps ErrInput if values are not a checkpoint of this method for as many bodies.
	Restore(values []float64, p *Phase) error
	// Stats returns the counts so far.
	Stats() Stats
}

// values returns the counts as numbers for a checkpoint.
func (s *Stats) values() []float64 {
	return []float64{float64(s.Steps), float64(s.Rejected), float64(s.Evaluations)}
}

// statsLen is the length of values.
const statsLen = 3

// statsOf returns the counts in a checkpoint. It reports false unless they are possible.
func statsOf(v []float64) (s Stats, ok bool) {
	for _, n := range v[:statsLen] {
		if !(n >= 0 && n <= maxSteps) || n != math.Trunc(n) {
			return s, false
		}
	}
	return Stats{Steps: int(v[0]), Rejected: int(v[1]), Evaluations: int(v[2])}, true
}

// errCheckpoint returns the error for values that are not a checkpoint of an integrator.
func errCheckpoint(name string) error {
	return fmt.Errorf("%w: these values are not a checkpoint of %s for this state", ErrInput, name)
}

// ready returns an error if the arguments of Advance are invalid.
func ready(rhs *Acceleration, p *Phase, t float64) error {
	switch {
	case rhs == nil || rhs.Field == nil:
		return fmt.Errorf("%w: no field to integrate in", ErrInput)
	case p == nil || !p.whole():
		return fmt.Errorf("%w: no state of whole bodies to integrate from", ErrInput)
	case !finite([]float64{p.T, p.TLow, t}):
		return fmt.Errorf("%w: from time %v to %v", ErrInput, p.T, t)
	}
	return nil
}

// Integrators returns the names that NewIntegrator accepts, the default first.
//
//	name      order  method                            default Dt  Mercury after 30 years, error of the method
//	radau15   15     adaptive Gauss-Radau              -           below 1 km
//	leapfrog  2      kick-drift-kick                   0.05 days   128 000 km
//	yoshida4  4      three leapfrogs                   0.1 days    60 km
//	yoshida8  8      seventeen leapfrogs (Kahan & Li)  1 day       below 1 km
//	wh        2, 17  Wisdom-Holman with a corrector    5 days      1 km
//
// The order of wh is 17 in the step and 2 in the planets' masses. It is for planets around a star over long spans: the
// energy error of the eight planets stays at 1e-12. It computes their pulls itself, by the masses of a PointMasses field.
// It is not for satellites, which it refuses, nor for planets on orbits of high eccentricity that cross others. Two
// planets that come near each other, or one that comes so near to the star that a step does not resolve it, go on with
// radau15. Bodies without mass change no bit of the others; their encounters with planets are not resolved.
//
// With relativity, wh has the potential -3(GM)²/(c²r²) in place of Schwarzschild's term. The perihelia advance alike, but
// mean longitudes do not: for the same initial state they part by 390 km a year for Mercury and 180 km for the Earth.
func Integrators() []string { return []string{"radau15", "leapfrog", "yoshida4", "yoshida8", "wh"} }

// NewIntegrator returns the named integrator; "" means opts.Integrator, and if that is empty DefaultIntegrator. The
// error wraps ErrInput for an unknown name, a Dt that is not finite, or a Tol that is neither 0 nor in [1e-16, 1).
func NewIntegrator(name string, opts Options) (Integrator, error) {
	if name == "" {
		name = opts.Integrator
	}
	dt := math.Abs(opts.Dt)
	if !(dt <= math.MaxFloat64) {
		return nil, fmt.Errorf("%w: step %v days is not finite", ErrInput, opts.Dt)
	}
	if opts.Tol != 0 && !(opts.Tol >= minTol && opts.Tol < 1) {
		return nil, fmt.Errorf("%w: tolerance %v is not in [%g, 1)", ErrInput, opts.Tol, minTol)
	}
	switch name {
	case "", DefaultIntegrator:
		return newRadau15(dt, opts.Tol), nil
	case "wh":
		return newWisdomHolman(dt, opts.Variant), nil
	case "leapfrog":
		return newComposition(name, dt, 0.05, []float64{1}), nil
	case "yoshida4":
		return newComposition(name, dt, 0.1, yoshida4()), nil
	case "yoshida8":
		return newComposition(name, dt, 1, kahanLi8()), nil
	}
	return nil, fmt.Errorf("%w: no integrator %.40q; choose from %s", ErrInput, name, strings.Join(Integrators(), ", "))
}
