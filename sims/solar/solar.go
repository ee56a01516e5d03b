// Package solar integrates the Solar System as point masses, with the Sun's first post-Newtonian term as an option.
//
// Units are au, days (TDB) and au/day. Masses appear only as GM in au³/day², so energies and momenta are multiplied by
// G. The frame is that of the input, which is ICRF and barycentric for the states in this package.
//
// Accelerations come from a Field, which may run on any device. Every product that is added to something is rounded
// explicitly, so a state has the same bits on every processor on which the Field has.
package solar

import (
	"context"
	"errors"
	"fmt"
	"math"
)

// Simulation is one trajectory of a System. It is not safe for concurrent use.
type Simulation struct {
	epoch float64
	names []string
	gm    []float64
	radii []float64 // au
	opts  Options
	rhs   Acceleration
	integ Integrator
	phase *Phase
	start Invariants
	began beginning // of the current Run

	search *search // of events; nil if none are selected
	lost   losses  // in mergers

	particles []*Particles // that follow

	advancing bool // the integrator may be ahead of phase
}

// New returns a Simulation of a copy of sys under field, which must have the GM of sys; nil means Newton(sys.GMs()).
// The error wraps ErrInput if sys fails Validate, two bodies of which one has mass are at the same place, an option is
// out of range, or the integrator does not follow such bodies.
func New(sys *System, field Field, opts Options) (*Simulation, error) {
	if err := sys.Validate(); err != nil {
		return nil, err
	}
	if err := sys.apart(); err != nil {
		return nil, err
	}
	correction, sys, err := opts.correction(sys)
	if err != nil {
		return nil, err
	}
	s := &Simulation{epoch: sys.Epoch, gm: sys.GMs(), opts: opts, phase: NewPhase(sys)}
	for i := range sys.Bodies {
		s.names = append(s.names, sys.Bodies[i].Name)
		s.radii = append(s.radii, sys.Bodies[i].Radius)
	}
	if s.integ, err = NewIntegrator(opts.Integrator, opts); err != nil {
		return nil, err
	}
	if s.rhs.Field = field; field == nil {
		s.rhs.Field = Newton(s.gm)
	}
	s.rhs.Correction = correction
	if w, ok := s.integ.(*wisdomHolman); ok {
		if _, _, err := w.admit(&s.rhs, s.phase, true); err != nil {
			return nil, s.named(err)
		}
	}
	s.start = measure(s.gm, s.phase)
	s.search, err = s.newSearch(sys, opts.Events)
	return s, err
}

// named returns an error about bodies with their names.
func (s *Simulation) named(err error) error {
	if pair, ok := errors.AsType[*boundPair](err); ok {
		return fmt.Errorf("%w: %s and %s orbit each other, which wh does not follow", ErrInput, s.names[pair.i], s.names[pair.j])
	}
	if broken, ok := errors.AsType[*Divergence](err); ok && broken.Body >= 0 && broken.Body < len(s.names) {
		return fmt.Errorf("%s at JD %s: %w", s.names[broken.Body], formatJD(s.JD()), err)
	}
	return err
}

// Watch observes a Run. Every function is called on Run's goroutine and may be nil.
type Watch struct {
	// Every is the interval between samples in days; 0 means only the run's end.
	Every float64
	// Sample is called with the state at the run's start (if Every > 0), at each multiple of Every from there, and at
	// its end. Steps end exactly at these dates, so they affect the last bits of later states. An error ends the run.
	Sample func(Snapshot) error
	// Progress is called with the Julian date after each step. An error ends the run.
	Progress func(jd float64) error
	// Event is called with each of the events that Options.Events selects, in the order of their dates within a step and
	// before that step's Progress. An error ends the run; the events after it in the step are lost.
	Event func(Event) error
}

// maxSamples bounds a run's samples, to catch a mistyped interval.
const maxSamples = 10_000_000

// Report summarizes a run. Counts are of this run; errors compare its end with the state given to New.
type Report struct {
	Integrator                   string
	FromJD, ToJD                 float64
	Steps, Rejected, Evaluations int
	// EnergyError and AngularMomentumError are relative changes of the Newtonian invariants. With relativity these
	// are not quite conserved: the Newtonian energy swings by some 1e-9 of itself with Mercury's distance. What mergers
	// take out of them is no error.
	EnergyError, AngularMomentumError float64
	// MomentumError is the change of the barycentre's velocity in au/day. BarycentreDrift is the distance in au of the
	// barycentre from its position under uniform motion.
	MomentumError, BarycentreDrift float64
}

// JD returns the current Julian date (TDB).
func (s *Simulation) JD() float64 { return s.epoch + s.state().T }

// state returns the current state.
func (s *Simulation) state() *Phase {
	if s.advancing {
		s.integ.Synchronize(s.phase)
	}
	return s.phase
}

// Snapshot returns a copy of the current state.
func (s *Simulation) Snapshot() Snapshot {
	p := s.state()
	date := p.date(s.epoch)
	out := Snapshot{JD: date.JD, JDLow: date.Low, Bodies: make([]State, len(s.names))}
	for i, name := range s.names {
		out.Bodies[i] = State{Name: name, GM: s.gm[i], Radius: s.radii[i], X: [3]float64(p.X[3*i:]), V: [3]float64(p.V[3*i:])}
	}
	return out
}

// Invariants returns the conserved quantities of the current state.
func (s *Simulation) Invariants() Invariants { return measure(s.gm, s.state()) }

// Run integrates to the Julian date untilJD (TDB), forward or backward. The next Run continues from there.
//
// After an error the simulation is at the last completed step, and the report covers the steps up to it. Errors wrap
// ErrInput (untilJD or Every out of range), the error of ctx, ErrDiverged (also if the energy at the end is not finite),
// ErrCollision (the state is at the contact), or the error of the Field or of watch's functions.
func (s *Simulation) Run(ctx context.Context, untilJD float64, watch Watch) (Report, error) {
	s.began = beginning{s.phase.T, s.phase.TLow, s.integ.Stats()}
	return s.finish(s.run(ctx, untilJD, watch, true))
}

// Resume goes on with a Run that ended early, or with that of the checkpoint of which the Simulation was made: the next
// samples are those at later multiples of watch.Every from the start of that Run, and the report covers all of it. With
// the same arguments the states, samples and report have the same bits as without the interruption. Another untilJD
// affects states only after the last sample before it.
func (s *Simulation) Resume(ctx context.Context, untilJD float64, watch Watch) (Report, error) {
	return s.finish(s.run(ctx, untilJD, watch, false))
}

func (s *Simulation) finish(err error) (Report, error) {
	r := s.report()
	if err == nil && !finite([]float64{r.EnergyError, r.AngularMomentumError}) {
		err = fmt.Errorf("at JD %s: %w: the energy or the angular momentum is not finite", formatJD(s.JD()), ErrDiverged)
	}
	return r, err
}

func (s *Simulation) run(ctx context.Context, untilJD float64, watch Watch, fresh bool) error {
	from, to := s.began.t, untilJD-s.epoch
	count, err := watch.count(untilJD, to-from)
	if err != nil {
		return err
	}
	every, k := math.Copysign(watch.Every, to-from), 1.0
	switch {
	case count > 0 && fresh:
		if err := s.sample(watch); err != nil {
			return err
		}
	case fresh:
	case math.Signbit(to-from) != math.Signbit((to-s.phase.T)-s.phase.TLow) && to != s.phase.T:
		return fmt.Errorf("%w: the run is at JD %s, beyond JD %s", ErrInput, formatJD(s.JD()), formatJD(untilJD))
	case count > 0:
		k = s.began.after(s.phase.T, s.phase.TLow, every)
	}
	for ; k < count; k++ {
		if err := s.advance(ctx, s.began.date(k, every), watch); err != nil {
			return err
		}
		if err := s.sample(watch); err != nil {
			return err
		}
	}
	if !fresh && s.phase.T == to && s.phase.TLow == 0 { // the end was sampled
		return nil
	}
	if err := s.advance(ctx, to, watch); err != nil {
		return err
	}
	return s.sample(watch)
}

// count validates a run over span days and returns how many intervals it is divided into, 0 for undivided.
func (w *Watch) count(untilJD, span float64) (float64, error) {
	if !validJD(untilJD) {
		return 0, fmt.Errorf("%w: end date %v is not a Julian date within ±%g", ErrInput, untilJD, MaxJD)
	}
	if !(w.Every >= 0) {
		return 0, fmt.Errorf("%w: sampling interval %v days is not a number of at least 0", ErrInput, w.Every)
	}
	if w.Every == 0 || w.Sample == nil {
		return 0, nil
	}
	// A last interval shorter than 1e-9 of Every is due to rounding.
	n := math.Ceil(math.Abs(span)/w.Every - 1e-9)
	if n > maxSamples {
		return 0, fmt.Errorf("%w: an interval of %g days makes more than %d samples", ErrInput, w.Every, maxSamples)
	}
	return max(n, 1), nil
}

func (s *Simulation) sample(watch Watch) error {
	if watch.Sample == nil {
		return nil
	}
	if err := watch.Sample(s.Snapshot()); err != nil {
		return fmt.Errorf("sample at JD %s: %w", formatJD(s.JD()), err)
	}
	return nil
}

// advance integrates to t days since the epoch. It adds the body's name and the date to errors.
func (s *Simulation) advance(ctx context.Context, t float64, watch Watch) error {
	looking := s.looking(&watch)
	var step func(float64) error
	if watch.Progress != nil || looking || len(s.particles) > 0 {
		step = func(t float64) error {
			if err := s.lead(ctx); err != nil {
				return err
			}
			if looking {
				if err := s.look(ctx, &watch); err != nil {
					return err
				}
			}
			if watch.Progress != nil {
				return watch.Progress(s.epoch + t)
			}
			return nil
		}
	}
	err := errContact
	for err == errContact {
		if looking {
			s.search.from.copyFrom(s.phase)
		}
		s.advancing = true
		err = s.integ.Advance(ctx, &s.rhs, s.phase, t, step)
		s.advancing = false
		if err != errContact {
			break
		}
		if err = s.meet(&watch); err == nil {
			err = errContact // go on
		}
	}
	if err == nil {
		return nil
	}
	if named := s.named(err); named != err {
		return named
	}
	return fmt.Errorf("at JD %s: %w", formatJD(s.JD()), err)
}

// lead lets the particles follow a step.
func (s *Simulation) lead(ctx context.Context) error {
	for _, p := range s.particles {
		if err := p.follow(ctx); err != nil {
			return err
		}
	}
	return nil
}

// report covers the steps since the beginning.
func (s *Simulation) report() Report {
	stats, before, now := s.integ.Stats(), s.began.counts, s.Invariants()
	if s.search != nil {
		now = s.lost.with(now)
	}
	var drift, kick [3]float64
	for k := range 3 {
		drift[k] = now.Barycentre[k] - (s.start.Barycentre[k] + float64(s.phase.T*s.start.Velocity[k]))
		kick[k] = now.Velocity[k] - s.start.Velocity[k]
	}
	return Report{
		Integrator:           s.integ.Name(),
		FromJD:               s.epoch + s.began.t,
		ToJD:                 s.JD(),
		Steps:                stats.Steps - before.Steps,
		Rejected:             stats.Rejected - before.Rejected,
		Evaluations:          stats.Evaluations - before.Evaluations,
		EnergyError:          now.EnergyError(&s.start),
		AngularMomentumError: now.AngularMomentumError(&s.start),
		MomentumError:        norm(kick[:]),
		BarycentreDrift:      norm(drift[:]),
	}
}

// ErrInput is wrapped by errors about arguments and input tables.
var ErrInput = errors.New("invalid input")

// ErrDiverged is wrapped by the errors of an integration that cannot continue: a state is no longer finite, or the step
// fell below MinStep, as in a collision of point masses. The state remains that of the last completed step.
var ErrDiverged = errors.New("the integration diverged")

// Divergence is the error of an integration that broke down. It wraps ErrDiverged.
type Divergence struct {
	Body   int     // index of the body, or -1
	T      float64 // last completed time, days since the epoch
	Reason string
}

func (d *Divergence) Error() string {
	return fmt.Sprintf("%v: body %d at %.9g days: %s", ErrDiverged, d.Body, d.T, d.Reason)
}

// Unwrap returns ErrDiverged.
func (d *Divergence) Unwrap() error { return ErrDiverged }

// evaluationsPerDay is the number of force evaluations of radau15 for the solar system,
// whose fastest bodies are the Moon and Mercury.
const evaluationsPerDay = 12.3

// Evaluations returns the predicted number of calls of the Field in an integration over
// days: from the step for integrators with a fixed step, and an estimate for the solar
// system for radau15. It is 0 for options that New refuses and for NaN, and at most
// 2^31 − 1.
func Evaluations(o Options, days float64) int {
	n := math.Abs(days) * evaluationsPerDay
	integ, err := NewIntegrator("", o)
	if err != nil || math.IsNaN(days) {
		return 0
	}
	switch i := integ.(type) {
	case *composition:
		n = math.Abs(days) / i.dt * float64(len(i.w))
	case *wisdomHolman:
		n = math.Abs(days) / i.dt
	}
	return int(min(n+1, math.MaxInt32))
}
