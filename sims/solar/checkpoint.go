package solar

import (
	"fmt"
	"math"
	"slices"
)

// Checkpoint is the complete state of a Simulation between two steps. A Simulation that Restore makes of it goes on with
// the same bits as the one that it was taken of. Its numbers are finite, so that it can be encoded as JSON.
type Checkpoint struct {
	Phase
	Steps int // of the current Run
	// Integrator is the state of the integrator; see Integrator.Checkpoint.
	Integrator []float64 `json:",omitempty"`
	// Origin and OriginLow are the time, in days since the epoch, at which the current Run began, and Counts what the
	// integrator had done by then.
	Origin, OriginLow float64
	Counts            Stats
	// Start holds the invariants that reports compare with.
	Start []float64 `json:",omitempty"`
	// Left are the bodies that mergers have left, and Lost is what they took out of energy and angular momentum; both
	// are nil if there was none.
	Left []Remnant `json:",omitempty"`
	Lost []float64 `json:",omitempty"`
	// Escaped are the bodies that have escaped, and Touching the pairs in a contact that was reported.
	Escaped  []string    `json:",omitempty"`
	Touching [][2]string `json:",omitempty"`
}

// Remnant is a body after mergers: its GM (au³/day²), radius and Hill radius (au).
type Remnant struct {
	Name             string
	GM, Radius, Hill float64
}

// Checkpoint returns a copy of the current state. Watch's functions may call it.
func (s *Simulation) Checkpoint() *Checkpoint {
	p := s.state()
	c := &Checkpoint{
		Phase:      Phase{T: p.T, TLow: p.TLow},
		Steps:      s.integ.Stats().Steps - s.began.counts.Steps,
		Integrator: s.integ.Checkpoint(),
		Origin:     s.began.t, OriginLow: s.began.low, Counts: s.began.counts,
		Start: s.start.values(),
	}
	for _, v := range []struct{ to, from *[]float64 }{
		{&c.X, &p.X}, {&c.XLow, &p.XLow}, {&c.V, &p.V}, {&c.VLow, &p.VLow},
	} {
		*v.to = append([]float64(nil), *v.from...)
	}
	if s.search != nil {
		s.search.save(c, s.names)
		if len(c.Left) > 0 {
			c.Lost = s.lost.values()
		}
	}
	return c
}

// save adds what the search knows to a checkpoint.
func (w *search) save(c *Checkpoint, names []string) {
	for i, name := range names {
		if len(names) < w.bodies {
			c.Left = append(c.Left, Remnant{name, w.gm[i], w.radii[i], w.hill[i]})
		}
		if w.escaped[i] {
			c.Escaped = append(c.Escaped, name)
		}
	}
	for _, pair := range w.touching {
		c.Touching = append(c.Touching, [2]string{names[pair[0]], names[pair[1]]})
	}
}

// recall sets what save saved. It reports false if that is of other bodies.
func (s *Simulation) recall(c *Checkpoint) bool {
	w := s.search
	if w == nil {
		return len(c.Left)+len(c.Escaped)+len(c.Touching) == 0
	}
	for i := 0; len(c.Left) > 0 && i < len(s.names); {
		if i == len(c.Left) || s.names[i] != c.Left[i].Name {
			if len(s.names) == 1 {
				return false
			}
			s.remove(i)
			continue
		}
		b := &c.Left[i]
		if !(b.GM >= 0 && b.Radius >= 0 && b.Hill >= 0) || !finite([]float64{b.GM, b.Radius, b.Hill}) {
			return false
		}
		s.gm[i], s.radii[i], w.hill[i] = b.GM, b.Radius, b.Hill
		i++
	}
	if len(c.Left) > 0 {
		if len(c.Left) != len(s.names) || len(c.Lost) != lossesLen {
			return false
		}
		s.lost = lossesOf(c.Lost)
	}
	for _, name := range c.Escaped {
		i := slices.Index(s.names, name)
		if i < 0 {
			return false
		}
		w.escaped[i] = true
	}
	w.touching = nil
	for _, pair := range c.Touching {
		i, j := slices.Index(s.names, pair[0]), slices.Index(s.names, pair[1])
		if i < 0 || j <= i {
			return false
		}
		w.touching = append(w.touching, [2]int{i, j})
	}
	return true
}

// Restore returns a Simulation that goes on from c, which is a checkpoint of a Simulation of sys with the same options.
// Resume goes on with the Run in which c was taken. The field may be another one that returns the same bits. The error
// wraps ErrInput if c does not fit sys and the options, and is otherwise as for New.
func Restore(sys *System, field Field, opts Options, c *Checkpoint) (*Simulation, error) {
	s, err := New(sys, field, opts)
	if err != nil {
		return nil, err
	}
	if c == nil || !s.recall(c) || !c.Phase.whole() || len(c.X) != len(s.phase.X) {
		return nil, fmt.Errorf("%w: the checkpoint is not of these %d bodies", ErrInput, len(sys.Bodies))
	}
	for _, v := range [][]float64{{c.T, c.TLow, c.Origin, c.OriginLow}, c.X, c.XLow, c.V, c.VLow, c.Start, c.Lost} {
		if !finite(v) {
			return nil, fmt.Errorf("%w: the checkpoint has numbers that are not finite", ErrInput)
		}
	}
	var ok bool
	if s.start, ok = invariantsOf(c.Start); !ok {
		return nil, fmt.Errorf("%w: the checkpoint has no invariants", ErrInput)
	}
	if len(c.Left) > 0 {
		if err := s.reweigh(); err != nil {
			return nil, err
		}
	}
	s.phase.copyFrom(&c.Phase)
	s.began = beginning{c.Origin, c.OriginLow, c.Counts}
	return s, s.integ.Restore(c.Integrator, s.phase)
}

// beginning is the start of a run.
type beginning struct {
	t, low float64 // days since the epoch
	counts Stats   // of the integrator
}

// values returns the invariants as numbers for a checkpoint.
func (v *Invariants) values() []float64 {
	out := []float64{v.Mass, v.energy.hi, v.energy.lo}
	for _, s := range v.spin {
		out = append(out, s.hi, s.lo)
	}
	for _, a := range [][3]float64{v.Momentum, v.Barycentre, v.Velocity} {
		out = append(out, a[:]...)
	}
	return out
}

// invariantsOf is the inverse of values. It reports false for another number of values.
func invariantsOf(v []float64) (Invariants, bool) {
	if len(v) != 18 {
		return Invariants{}, false
	}
	out := Invariants{Mass: v[0], energy: dd{v[1], v[2]}}
	for k := range out.spin {
		out.spin[k] = dd{v[3+2*k], v[4+2*k]}
	}
	for k, a := range []*[3]float64{&out.Momentum, &out.Barycentre, &out.Velocity} {
		copy(a[:], v[9+3*k:])
	}
	out.Energy, out.AngularMomentum = out.energy.hi, out.spin.round()
	return out, true
}

// after returns the number of the first of the dates origin + k·every that the state at t, of which low is the lower
// part, has not reached, for k ≥ 1.
func (b *beginning) after(t, low, every float64) float64 {
	elapsed := (t - b.t) + (low - b.low)
	k := max(1, math.Floor(elapsed/every)-1)
	for ahead := math.Copysign(1, every); ; k++ {
		date := b.date(k, every)
		if left := (date - t) - low; float64(left*ahead) > 0 {
			return k
		}
	}
}

// date returns the date k intervals after the beginning, in days since the epoch.
func (b *beginning) date(k, every float64) float64 { return b.t + float64(k*every) }

// Snapshot returns the state of sys at the checkpoint, of the bodies that mergers have left. The error wraps ErrInput if c
// is of other bodies.
func (c *Checkpoint) Snapshot(sys *System) (Snapshot, error) {
	out := sys.Snapshot()
	date := c.date(sys.Epoch)
	out.JD, out.JDLow = date.JD, date.Low
	if len(c.Left) > 0 {
		out.Bodies = out.Bodies[:0]
		for _, b := range c.Left {
			out.Bodies = append(out.Bodies, State{Name: b.Name, GM: b.GM, Radius: b.Radius})
		}
	}
	if !c.Phase.whole() || len(c.X) != 3*len(out.Bodies) {
		return Snapshot{}, fmt.Errorf("%w: the checkpoint is not of these %d bodies", ErrInput, len(out.Bodies))
	}
	for i := range out.Bodies {
		out.Bodies[i].X, out.Bodies[i].V = [3]float64(c.X[3*i:]), [3]float64(c.V[3*i:])
	}
	return out, nil
}
