// Package solar integrates the Solar System as point masses, with the Sun's first post-Newtonian term as an option.
//
// Units are the astronomer's: au, days (TDB) and au/day; masses appear only as GM in au³/day², so energies and momenta
// come out multiplied by G. The frame is that of the input, ICRF and barycentric for the states in this package.
//
// Accelerations come from a Field, which may live on any device; the integrators know nothing of it. Every
// multiplication that feeds an addition is rounded explicitly, so a state has the same bits on every processor whose
// Field gives the same bits.
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
	rhs   Acceleration
	integ Integrator
	phase *Phase
	start Invariants
}

// New prepares the integration of sys under field, whose GM must be those of sys; nil means Newton(sys.GMs()). sys is
// copied. What cannot be integrated, or an option out of range, is refused with ErrInput.
func New(sys *System, field Field, opts Options) (*Simulation, error) {
	if err := sys.Validate(); err != nil {
		return nil, err
	}
	s := &Simulation{epoch: sys.Epoch, gm: sys.GMs(), phase: NewPhase(sys)}
	for i := range sys.Bodies {
		s.names = append(s.names, sys.Bodies[i].Name)
	}
	var err error
	if s.integ, err = NewIntegrator(opts.Integrator, opts); err != nil {
		return nil, err
	}
	if s.rhs.Field = field; field == nil {
		s.rhs.Field = Newton(s.gm)
	}
	if opts.Relativity {
		if s.rhs.Correction, err = Schwarzschild(sys); err != nil {
			return nil, err
		}
	}
	s.start = measure(s.gm, s.phase)
	return s, nil
}

// Watch observes a Run. Every function is called on Run's goroutine and may be nil.
type Watch struct {
	// Every is the interval between samples in days; 0 means only the run's end.
	Every float64
	// Sample gets the state at the run's start (if Every > 0), at each multiple of Every from there, and at its end.
	// The integration lands on these dates, so they influence the last bits of what follows. An error ends the run.
	Sample func(Snapshot) error
	// Progress gets the Julian date after each step.
	Progress func(jd float64)
}

// maxSamples bounds a run's samples against a mistyped interval.
const maxSamples = 10_000_000

// Report sums up a run. Counts are of this run; errors compare its end with the state given to New.
type Report struct {
	Integrator                   string
	FromJD, ToJD                 float64
	Steps, Rejected, Evaluations int
	// EnergyError and AngularMomentumError are relative changes of the Newtonian invariants. With relativity these
	// are not quite conserved: the Newtonian energy swings by some 1e-9 of itself with Mercury's distance.
	EnergyError, AngularMomentumError float64
	// MomentumError is the change of the barycentre's velocity in au/day, BarycentreDrift (au) the distance of the
	// barycentre from where uniform motion would have taken it.
	MomentumError, BarycentreDrift float64
}

// JD returns the date reached (TDB).
func (s *Simulation) JD() float64 { return s.epoch + s.phase.T }

// Snapshot returns the state reached, a copy.
func (s *Simulation) Snapshot() Snapshot {
	out := Snapshot{JD: s.JD(), Bodies: make([]State, len(s.names))}
	for i, name := range s.names {
		out.Bodies[i] = State{Name: name, X: [3]float64(s.phase.X[3*i:]), V: [3]float64(s.phase.V[3*i:])}
	}
	return out
}

// Invariants returns the conserved quantities of the state reached.
func (s *Simulation) Invariants() Invariants { return measure(s.gm, s.phase) }

// Run integrates to the Julian date untilJD (TDB), forward or backward. Another Run goes on from there.
//
// Whatever the error, the simulation stays at the last completed step and the report covers the way to it. Errors
// wrap ErrInput (untilJD or Every out of range), ctx's error, ErrDiverged, or what the Field or Sample returned.
func (s *Simulation) Run(ctx context.Context, untilJD float64, watch Watch) (Report, error) {
	from, before := s.phase.T, s.integ.Stats()
	err := s.run(ctx, untilJD, watch)
	return s.report(from, before), err
}

func (s *Simulation) run(ctx context.Context, untilJD float64, watch Watch) error {
	from, to := s.phase.T, untilJD-s.epoch
	count, err := watch.count(untilJD, to-from)
	if err != nil {
		return err
	}
	every := math.Copysign(watch.Every, to-from)
	if count > 0 {
		if err := s.sample(watch); err != nil {
			return err
		}
	}
	for k := 1.0; k < count; k++ {
		if err := s.advance(ctx, from+float64(k*every), watch); err != nil {
			return err
		}
		if err := s.sample(watch); err != nil {
			return err
		}
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
	// A last interval shorter than 1e-9 of Every is rounding, not a sample of its own.
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

// advance integrates to t days since the epoch and puts a body's name and the date into an error.
func (s *Simulation) advance(ctx context.Context, t float64, watch Watch) error {
	var progress func(float64)
	if watch.Progress != nil {
		progress = func(t float64) { watch.Progress(s.epoch + t) }
	}
	err := s.integ.Advance(ctx, &s.rhs, s.phase, t, progress)
	var broken *Divergence
	if errors.As(err, &broken) && broken.Body >= 0 && broken.Body < len(s.names) {
		return fmt.Errorf("%s at JD %s: %w", s.names[broken.Body], formatJD(s.JD()), err)
	}
	if err != nil {
		return fmt.Errorf("at JD %s: %w", formatJD(s.JD()), err)
	}
	return nil
}

func (s *Simulation) report(from float64, before Stats) Report {
	stats, now := s.integ.Stats(), s.Invariants()
	var drift, kick [3]float64
	for k := range 3 {
		drift[k] = now.Barycentre[k] - (s.start.Barycentre[k] + float64(s.phase.T*s.start.Velocity[k]))
		kick[k] = now.Velocity[k] - s.start.Velocity[k]
	}
	return Report{
		Integrator:           s.integ.Name(),
		FromJD:               s.epoch + from,
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

// ErrInput marks everything a caller or an input table got wrong.
var ErrInput = errors.New("invalid input")

// ErrDiverged marks an integration that cannot go on: a state stopped being finite, or the step fell below MinStep,
// as it does when point masses collide. The state remains that of the last completed step.
var ErrDiverged = errors.New("the integration diverged")

// Divergence says where an integration broke down. It wraps ErrDiverged.
type Divergence struct {
	Body   int     // index of the body, -1 when none stands out
	T      float64 // last completed time, days since the epoch
	Reason string
}

func (d *Divergence) Error() string {
	return fmt.Sprintf("%v: body %d at %.9g days: %s", ErrDiverged, d.Body, d.T, d.Reason)
}

// Unwrap makes errors.Is(err, ErrDiverged) hold.
func (d *Divergence) Unwrap() error { return ErrDiverged }

// evaluationsPerDay is how often radau15 asks for the accelerations of the solar
// system, whose fastest bodies are the Moon and Mercury.
const evaluationsPerDay = 12.3

// Evaluations predicts how often an integration over that many days calls its Field:
// from the step for integrators that have a fixed one; for radau15 a guess, which is
// right for the solar system. Options that New refuses, and days that are no number, give
// 0; the most are 2^31 − 1.
func Evaluations(o Options, days float64) int {
	n := math.Abs(days) * evaluationsPerDay
	integ, err := NewIntegrator("", o)
	if err != nil || math.IsNaN(days) {
		return 0
	}
	if c, ok := integ.(*composition); ok {
		n = math.Abs(days) / c.dt * float64(len(c.w))
	}
	return int(min(n+1, math.MaxInt32))
}
