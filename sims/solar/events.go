package solar

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"offload/internal/ieee"
)

// EventKind is the kind of an Event.
type EventKind string

const (
	// Approach is a minimum of the distance of two bodies.
	Approach EventKind = "approach"
	// Collision is the first contact of two bodies, which go on as if they did not touch, or end the run.
	Collision EventKind = "collision"
	// Merger is the first contact of two bodies that become one.
	Merger EventKind = "merger"
	// Escape is when a body on an unbound orbit has gone too far.
	Escape EventKind = "escape"
)

// Event is something that happened to one or two bodies.
type Event struct {
	Kind EventKind
	// JD + JDLow is the Julian date (TDB).
	JD, JDLow float64
	// Bodies are the names, that of the body with more mass first. It is the one that is left after a merger. The
	// second is "" for an escape.
	Bodies [2]string
	// Distance is that of the centres, in au, and Speed the relative speed, in au/day. For an escape they are relative
	// to the barycentre of the other bodies.
	Distance, Speed float64
	// Energy is what a merger takes out of the mechanical energy, with a factor of G as in Invariants, in au⁵/day⁴. It
	// is negative if the bodies were bound to each other so firmly that their potential energy was more than their
	// motion.
	Energy float64
}

// CollisionAction is what happens at a contact of two bodies.
type CollisionAction string

const (
	// IgnoreCollisions reports a contact once, and goes on as with points.
	IgnoreCollisions CollisionAction = "ignore"
	// StopAtCollision ends the run at the contact with an error that wraps ErrCollision.
	StopAtCollision CollisionAction = "stop"
	// MergeCollisions goes on with one body of the same mass, momentum, centre of mass and volume as the two. It has the
	// name of the one with more mass, and its place among the bodies.
	MergeCollisions CollisionAction = "merge"
)

// CollisionActions returns the actions by name.
func CollisionActions() []CollisionAction {
	return []CollisionAction{IgnoreCollisions, StopAtCollision, MergeCollisions}
}

// ErrCollision is wrapped by the error of a run that StopAtCollision ended. The state is that at the contact. Another
// run goes on from there until the next contact of another pair, or of this one after it has parted.
var ErrCollision = errors.New("collision")

// EventOptions selects the events to look for. The zero value selects none, and costs nothing.
//
// Events are found between steps. After each step, cubic paths through both ends of the step select the pairs that may
// have met. From the start of the step, those are followed by a fresh radau15 with short steps of its own, and the date is
// refined with more of them. So an event is as accurate as the state at the start of its step. Events change no bit of a
// run, except that StopAtCollision and MergeCollisions end a step at the contact, after which the integrator starts
// afresh. Report does not count the evaluations of the Field that events take.
type EventOptions struct {
	// Close is the largest distance of approaches, in au. 0 selects none.
	Close float64
	// CloseHill is the largest distance of approaches in units of the larger one of the bodies' Hill radii, a·∛(gm/3GM),
	// where GM is that of the body with most mass, and a the semi-major axis around it at the epoch, or the distance for
	// an unbound orbit. 0 selects none.
	CloseHill float64
	// Bound also selects approaches of pairs that are bound to each other at the epoch: with negative energy in the
	// pair's centre of mass, such as a planet and its star or its moon. Each orbit has one.
	Bound bool
	// Pairs limits approaches to these pairs, also bound ones. "" stands for every other body.
	Pairs [][2]string
	// OnCollision is what happens when the distance of two bodies falls to the sum of their radii. "" looks for no
	// collisions. Otherwise, unless it is IgnoreCollisions, bodies may not overlap at the epoch.
	OnCollision CollisionAction
	// Escape is the distance, in au, from the barycentre of the other bodies at which a body that is not bound to them
	// has escaped, unless it has more mass than they. Each body is reported once. The date is interpolated within the step. 0 selects none.
	Escape float64
}

// Any reports whether an event is selected.
func (o *EventOptions) Any() bool {
	return o.Close > 0 || o.CloseHill > 0 || o.OnCollision != "" || o.Escape > 0
}

// alters reports whether events can change the run.
func (o *EventOptions) alters() bool {
	return o.OnCollision == StopAtCollision || o.OnCollision == MergeCollisions
}

func (o *EventOptions) validate() error {
	for _, v := range []struct {
		name  string
		value float64
	}{{"distance of approaches", o.Close}, {"distance of approaches in Hill radii", o.CloseHill}, {"distance of escapes", o.Escape}} {
		if !(v.value >= 0) || !finite([]float64{v.value}) {
			return fmt.Errorf("%w: %s %v is not a finite number of at least 0", ErrInput, v.name, v.value)
		}
	}
	if o.OnCollision != "" && !slices.Contains(CollisionActions(), o.OnCollision) {
		return fmt.Errorf("%w: no action %.40q at a collision; choose from %v", ErrInput, o.OnCollision, CollisionActions())
	}
	return nil
}

// newSearch returns the search of events for the bodies of sys in s, or nil if none are selected.
func (s *Simulation) newSearch(sys *System, o EventOptions) (*search, error) {
	if err := o.validate(); err != nil || !o.Any() {
		return nil, err
	}
	if _, ok := s.rhs.Field.(Reweighable); !ok && o.OnCollision == MergeCollisions {
		return nil, fmt.Errorf("%w: bodies cannot merge in a field with masses that are fixed", ErrInput)
	}
	w := &search{EventOptions: o, gm: s.gm, radii: s.radii, epoch: s.phase}
	if err := w.prepare(sys); err != nil {
		return nil, err
	}
	for i := range sys.Bodies {
		for j := range i {
			a, b := &sys.Bodies[j], &sys.Bodies[i]
			if o.OnCollision == "" || !overlap(s.phase, s.radii, j, i) {
				continue
			}
			if o.alters() {
				return nil, fmt.Errorf("%w: bodies %q and %q overlap at JD %s", ErrInput, a.Name, b.Name, formatJD(sys.Epoch))
			}
			w.touching = append(w.touching, [2]int{j, i})
		}
	}
	return w, nil
}

// looking reports whether a run with watch has to look for events.
func (s *Simulation) looking(watch *Watch) bool {
	return s.search != nil && (watch.Event != nil || s.search.alters())
}

// errContact ends a step of the integrator early.
var errContact = errors.New("contact")

// look finds the events of the last step, and reports them. It returns errContact if there was a contact that changes the
// run; the events until then are reported.
func (s *Simulation) look(ctx context.Context, watch *Watch) error {
	s.integ.Synchronize(s.phase)
	w := s.search
	if err := w.step(ctx, &s.rhs, s.phase); err != nil {
		return err
	}
	for i := range w.found {
		if err := watch.event(s.event(&w.found[i])); err != nil {
			return err
		}
	}
	if w.contact.met {
		return errContact
	}
	return nil
}

// event returns what was found with dates and names.
func (s *Simulation) event(f *found) Event {
	hi, low := ieee.TwoSum(s.epoch, f.t)
	e := Event{Kind: f.kind, Distance: f.distance, Speed: f.speed, Energy: f.energy}
	e.JD, e.JDLow = ieee.TwoSum(hi, low+f.low)
	e.Bodies[0] = s.names[f.i]
	if f.j >= 0 {
		e.Bodies[1] = s.names[f.j]
		if s.gm[f.j] > s.gm[f.i] {
			e.Bodies[0], e.Bodies[1] = e.Bodies[1], e.Bodies[0]
		}
	}
	return e
}

// event reports e.
func (w *Watch) event(e Event) error {
	if w.Event == nil {
		return nil
	}
	if err := w.Event(e); err != nil {
		return fmt.Errorf("%s: %w", &e, err)
	}
	return nil
}

// String names the kind and the bodies.
func (e *Event) String() string {
	if e.Bodies[1] == "" {
		return fmt.Sprintf("%s of %s", e.Kind, e.Bodies[0])
	}
	return fmt.Sprintf("%s of %s and %s", e.Kind, e.Bodies[0], e.Bodies[1])
}

// meet takes the state to the contact that ended a step, and stops or merges the bodies.
func (s *Simulation) meet(watch *Watch) error {
	w := s.search
	s.phase.copyFrom(&w.contact.state)
	if err := s.restart(); err != nil {
		return err
	}
	f := w.contact.found
	if w.OnCollision == StopAtCollision {
		w.touching = append(w.touching, [2]int{f.i, f.j})
		e := s.event(&f)
		if err := watch.event(e); err != nil {
			return err
		}
		return fmt.Errorf("%w of %s and %s", ErrCollision, e.Bodies[0], e.Bodies[1])
	}
	for ok := true; ok; f, ok = w.overlapping(s.phase, f) {
		if err := s.merge(watch, f); err != nil {
			return err
		}
	}
	if watch.Progress != nil {
		return watch.Progress(s.JD())
	}
	return nil
}

// restart replaces the integrator by a new one, and lets its counts go on.
func (s *Simulation) restart() error {
	integ, err := NewIntegrator("", s.opts)
	if err != nil {
		return err
	}
	done, counts := s.integ.Stats(), &s.began.counts
	counts.Steps -= done.Steps
	counts.Rejected -= done.Rejected
	counts.Evaluations -= done.Evaluations
	s.integ = integ
	return nil
}
