package plate

import (
	"context"
	"fmt"
	"math"

	"offload/device"
	"offload/sims/poisson"
)

// Scheme is a method of implicit time steps.
type Scheme int

// The schemes.
const (
	// CrankNicolson is of second order in the time step. Its first step is done as two
	// half-steps of BackwardEuler, which damp the ringing that a jump in the initial
	// temperatures would cause (Rannacher, Numerische Mathematik 43, 1984); that keeps the
	// order.
	CrankNicolson Scheme = iota
	BackwardEuler        // of first order; never overshoots
)

// ImplicitOptions configures Implicit.
type ImplicitOptions struct {
	// Problem has the edges, sources, conductivity and held points; its shape is that of the
	// field. Reaction must be nil.
	Problem poisson.Problem
	// Capacity is the heat capacity of a volume, ρ·c, in J/(m³·K). Capacities, if set, holds
	// that of every point instead.
	Capacity   float64
	Capacities []float64

	Time   float64 // time to simulate, in s
	Dt     float64 // largest time step, in s; 0 means a hundredth of Time
	Scheme Scheme
	Tol    float64 // tolerance of each step's solution, as in poisson.Options; 0 means 1e-12 in float64

	// Every, if positive, calls Frame at the start, after the first steps that reach a
	// multiple of so many seconds, and at the end; the field then holds the state that the
	// argument describes. Results are the same without. An error of Frame ends the run.
	Every float64
	Frame func(ImplicitResult) error
	// From, if set, continues the run of a frame, whose field f holds, with the same bits.
	// The options must be the same.
	From *ImplicitResult
	// Progress, if set, is called after each step in the caller's goroutine.
	Progress func(time float64)
}

// ImplicitResult describes the field after Implicit, and is all that a run carries from step
// to step beside it.
type ImplicitResult struct {
	Steps  int
	Dt     float64 // length of a step, in s
	Time   float64 // time reached, in s
	Cycles int     // of all solutions
	// Energy is what came in and what was stored since the start, in J for each metre of
	// thickness. They are equal except for rounding and the tolerance.
	Energy Energy
}

// Energy is a balance of heat, in J for each metre of thickness.
type Energy struct {
	Stored float64 // in the points that are not held
	// What came in: through edges, from points that are held, and from sources.
	Edges, Held, Sources float64
}

// In returns all that came in.
func (e Energy) In() float64 { return e.Edges + e.Held + e.Sources }

// Imbalance returns the difference of what came in and what was stored, relative to the
// largest of them; 0 if all are 0.
func (e Energy) Imbalance() float64 {
	largest := max(math.Abs(e.Stored), math.Abs(e.Edges), math.Abs(e.Held), math.Abs(e.Sources))
	if largest == 0 {
		return 0
	}
	return math.Abs(e.In()-e.Stored) / largest
}

// Implicit advances the temperatures of f by o.Time seconds with implicit steps of equal
// length, which are stable for any length. It solves C·∂u/∂t = ∇·(k∇u) + q for a heat
// capacity C with the edges of o.Problem.
//
// The error wraps device.ErrInvalid if f or o is invalid, poisson.ErrNotConverged, or an
// error of the device, of ctx or of Frame. The field then holds the state after the last
// complete step, which the result describes.
func Implicit[T device.Float](ctx context.Context, dev device.Device, f *Field[T], o ImplicitOptions) (ImplicitResult, error) {
	if err := f.checkStart(o.From != nil); err != nil {
		return ImplicitResult{}, err
	}
	steps, err := o.steps(f.Rows, f.Cols)
	if err != nil {
		return ImplicitResult{}, err
	}
	r := ImplicitResult{Dt: o.Time / float64(max(steps, 1))}
	if steps == 0 {
		return r, nil
	}
	if o.From != nil {
		if err := o.From.check(steps, r.Dt); err != nil {
			return ImplicitResult{}, err
		}
		r = *o.From
		r.Time = timeAfter(r.Steps, steps, r.Dt, o.Time)
	}
	s, err := newStepper(ctx, dev, f, o, r.Dt)
	if err != nil {
		return r, err
	}
	defer s.solver.Close()
	err = s.run(ctx, &r, steps)
	if err != nil && r.Steps > 0 {
		err = fmt.Errorf("after %d steps, kept in the field: %w", r.Steps, err)
	}
	return r, err
}

// steps checks o and returns the number of steps.
func (o *ImplicitOptions) steps(rows, cols int) (int, error) {
	p := &o.Problem
	switch {
	case p.Rows != rows || p.Cols != cols:
		return 0, device.Invalidf("a problem of %d × %d points for a field of %d × %d", p.Rows, p.Cols, rows, cols)
	case p.Reaction != nil:
		return 0, device.Invalidf("a reaction in time is not supported")
	case !(o.Every >= 0):
		return 0, device.Invalidf("frames after every %g s: must be positive, or 0 for none", o.Every)
	case o.Capacities != nil && len(o.Capacities) != rows*cols:
		return 0, device.Invalidf("%d heat capacities for a grid of %d × %d points", len(o.Capacities), rows, cols)
	case !(o.Time >= 0) || math.IsInf(o.Time, 0) || !(o.Dt >= 0):
		return 0, device.Invalidf("a time of %g s in steps of %g s: the time must be finite, and neither negative", o.Time, o.Dt)
	}
	for i := range max(len(o.Capacities), 1) {
		if c := o.capacity(i); !(c > 0) || math.IsInf(c, 0) {
			return 0, device.Invalidf("a heat capacity of %g J/(m³·K): it must be positive", c)
		}
	}
	dt := o.Dt
	if dt == 0 {
		dt = o.Time / 100
	}
	n := wholeSteps(o.Time, dt, math.Inf(1))
	if !(n <= maxSteps) {
		return 0, device.Invalidf("%g s would take %g steps of %g s", o.Time, n, dt)
	}
	return int(n), nil
}

// check refuses what is not a state of a run of so many steps.
func (r *ImplicitResult) check(steps int, dt float64) error {
	if r.Steps < 0 || r.Steps > steps || r.Dt != dt || r.Cycles < 0 || r.Energy.In()-r.Energy.In() != 0 || r.Energy.Stored-r.Energy.Stored != 0 {
		return device.Invalidf("%+v is not a state of a run of %d steps of %g s", *r, steps, dt)
	}
	return nil
}

func (o *ImplicitOptions) capacity(i int) float64 {
	if o.Capacities == nil {
		return o.Capacity
	}
	return o.Capacities[i]
}

// stepper does implicit steps. Both schemes solve
//
//	(A + C/δ)·v = b + C/δ·u
//
// for the temperatures v at a time δ later: BackwardEuler with δ = dt, CrankNicolson with δ =
// dt/2, after which the step ends at 2v − u. Its first half-steps have the same δ.
type stepper[T device.Float] struct {
	o       *ImplicitOptions
	field   *Field[T]
	problem poisson.Problem
	solver  *poisson.Solver[T]
	weight  []float64 // C/δ of every point, in W/(m³·K)
	delta   float64   // δ
	source  []T       // q + C/δ·u
	v       []T
}

func newStepper[T device.Float](ctx context.Context, dev device.Device, f *Field[T], o ImplicitOptions, dt float64) (*stepper[T], error) {
	s := &stepper[T]{
		o: &o, field: f, problem: o.Problem, delta: dt,
		weight: make([]float64, len(f.T)), source: make([]T, len(f.T)), v: make([]T, len(f.T)),
	}
	if o.Scheme == CrankNicolson {
		s.delta /= 2
	}
	for i := range s.weight {
		s.weight[i] = o.capacity(i) / s.delta
	}
	s.problem.Reaction = s.weight
	if o.Tol == 0 && device.TypeOf[T]() == device.Float64 {
		o.Tol = 1e-12
	}
	if o.From == nil { // the state of a run may have values that are smaller
		f.flush()
	}
	var err error
	s.solver, err = poisson.NewSolver[T](ctx, dev, &s.problem)
	return s, err
}

func (s *stepper[T]) run(ctx context.Context, r *ImplicitResult, steps int) error {
	frames := frameSteps{s.o.Every, r.Dt, steps}
	for due := s.o.From == nil; ; due = frames.at(r.Steps) {
		if due && s.o.Frame != nil && s.o.Every > 0 {
			if err := s.o.Frame(*r); err != nil {
				return err
			}
		}
		if r.Steps == steps {
			return nil
		}
		if err := s.step(ctx, r); err != nil {
			return err
		}
		r.Steps++
		r.Time = timeAfter(r.Steps, steps, r.Dt, s.o.Time)
		if s.o.Progress != nil {
			s.o.Progress(r.Time)
		}
	}
}

// step does one step; if it fails, the field is unchanged.
func (s *stepper[T]) step(ctx context.Context, r *ImplicitResult) error {
	energy := r.Energy
	end := s.v
	switch {
	case s.o.Scheme == BackwardEuler:
		copy(s.v, s.field.T)
		if err := s.solve(ctx, r, s.field.T, &energy, 1); err != nil {
			return err
		}
	case r.Steps == 0:
		start := append([]T(nil), s.field.T...)
		copy(s.v, start)
		for range 2 {
			if err := s.solve(ctx, r, start, &energy, 1); err != nil {
				return err
			}
			copy(start, s.v)
		}
	default:
		copy(s.v, s.field.T)
		if err := s.solve(ctx, r, s.field.T, &energy, 2); err != nil {
			return err
		}
		for i, u := range s.field.T {
			s.v[i] = T(2*s.v[i]) - u
		}
	}
	energy.Stored += s.stored(s.field.T, end)
	copy(s.field.T, end)
	r.Energy = energy
	return nil
}

// solve sets v, which is the first guess, to the temperatures at δ after u, and adds what
// comes in during times·δ at those temperatures.
func (s *stepper[T]) solve(ctx context.Context, r *ImplicitResult, u []T, e *Energy, times float64) error {
	for i := range s.source {
		q := float64(s.weight[i] * float64(u[i]))
		if s.problem.Source != nil {
			q += s.problem.Source[i]
		}
		s.source[i] = T(q)
	}
	result, err := s.solver.Solve(ctx, s.v, s.source, poisson.Options{Tol: s.o.Tol})
	r.Cycles += result.Cycles
	if err != nil {
		return err
	}
	flows := poisson.HeatFlows(&s.o.Problem, s.v)
	span := times * s.delta
	e.Edges += float64(span * flows.Edges())
	e.Held += float64(span * flows.Held)
	e.Sources += float64(span * flows.Sources)
	return nil
}

// stored returns the heat that the free points take up between u and v.
func (s *stepper[T]) stored(u, v []T) float64 {
	return s.problem.Integral(func(i int) float64 {
		return s.o.capacity(i) * (float64(v[i]) - float64(u[i]))
	})
}

// ImplicitWork returns the predicted work of Implicit. The error wraps device.ErrInvalid
// if o is invalid.
func ImplicitWork[T device.Float](o ImplicitOptions) (poisson.Work, error) {
	steps, err := o.steps(o.Problem.Rows, o.Problem.Cols)
	if err != nil {
		return poisson.Work{}, err
	}
	p := o.Problem
	p.Reaction = make([]float64, p.Rows*p.Cols)
	w, err := poisson.WorkOf[T](&p)
	if o.From != nil {
		steps -= o.From.Steps
	}
	w.Launches *= max(steps, 1)
	w.Host += int64(len(p.Reaction)) * int64(8+3*device.TypeOf[T]().Size()) // C/δ, the source, the state and its start
	return w, err
}
