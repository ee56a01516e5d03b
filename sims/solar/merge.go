package solar

import (
	"fmt"
	"slices"
)

// overlapping returns the first pair of bodies that overlap, as a merger at the date of f.
func (w *search) overlapping(p *Phase, f found) (found, bool) {
	for i := range w.gm {
		for j := i + 1; j < len(w.gm); j++ {
			if overlap(p, w.radii, i, j) {
				d, u := p.relative(i, j)
				f.i, f.j, f.distance, f.speed = i, j, norm(d[:]), norm(u[:])
				return f, true
			}
		}
	}
	return f, false
}

// merge replaces the two bodies of a contact by one, and reports it.
func (s *Simulation) merge(watch *Watch, f found) error {
	keep, gone := f.i, f.j
	if s.gm[gone] > s.gm[keep] {
		keep, gone = gone, keep
	}
	if s.opts.Relativity && s.names[gone] == SunName {
		return fmt.Errorf("%w of %s and %s, which has more mass: relativity is about the former", ErrCollision, SunName, s.names[keep])
	}
	if s.opts.Model != "" {
		return fmt.Errorf("%w of %s and %s: the model %s is about bodies that do not merge", ErrCollision, s.names[keep], s.names[gone], s.opts.Model)
	}
	f.kind = Merger
	e := s.event(&f)
	energy, spin := s.content(f.i, f.j)
	s.phase.join(keep, gone, s.gm[keep], s.gm[gone])
	s.gm[keep] += s.gm[gone]
	s.radii[keep] = joinCubes(s.radii[keep], s.radii[gone])
	s.search.hill[keep] = joinCubes(s.search.hill[keep], s.search.hill[gone])
	s.remove(gone)
	if keep > gone {
		keep--
	}
	energyNow, spinNow := s.content(keep, -1)
	lost := energy.sub(energyNow)
	s.lost.energy, s.lost.spin = s.lost.energy.add(lost), s.lost.spin.add(spin.sub(spinNow))
	if err := s.reweigh(); err != nil {
		return err
	}
	e.Energy = lost.hi
	return watch.event(e)
}

// reweigh sets the masses of the field and of the correction.
func (s *Simulation) reweigh() error {
	field, ok := s.rhs.Field.(Reweighable)
	if !ok {
		return fmt.Errorf("%w: bodies have merged, and the field has masses that are fixed", ErrInput)
	}
	if err := field.SetGMs(s.gm); err != nil {
		return err
	}
	if !s.opts.Relativity {
		return nil
	}
	var err error
	s.rhs.Correction, err = newSchwarzschild(slices.Index(s.names, SunName), slices.Clone(s.gm))
	return err
}

// join replaces body i by the barycentre of i and j with masses a and b, or by the middle if both have none.
func (p *Phase) join(i, j int, a, b float64) {
	if a+b == 0 {
		a, b = 1, 1
	}
	for _, v := range []struct{ hi, low []float64 }{{p.X, p.XLow}, {p.V, p.VLow}} {
		c := ddRow(v.hi, v.low, i).scale(a).add(ddRow(v.hi, v.low, j).scale(b)).div(dd{hi: a + b})
		for k := range c {
			v.hi[3*i+k], v.low[3*i+k] = c[k].hi, c[k].lo
		}
	}
}

// losses is what mergers took out of the energy and the angular momentum of the bodies' motion.
type losses struct {
	energy dd
	spin   dd3
}

// with returns the invariants without the losses.
func (l *losses) with(v Invariants) Invariants {
	v.energy, v.spin = v.energy.add(l.energy), v.spin.add(l.spin)
	v.Energy, v.AngularMomentum = v.energy.hi, v.spin.round()
	return v
}

// lossesLen is the length of values.
const lossesLen = 8

// values returns the losses as numbers for a checkpoint.
func (l *losses) values() []float64 {
	out := []float64{l.energy.hi, l.energy.lo}
	for _, s := range l.spin {
		out = append(out, s.hi, s.lo)
	}
	return out
}

// lossesOf is the inverse of values, which are lossesLen.
func lossesOf(v []float64) (l losses) {
	l.energy = dd{v[0], v[1]}
	for k := range l.spin {
		l.spin[k] = dd{v[2+2*k], v[3+2*k]}
	}
	return l
}

// joinCubes returns ∛(a³ + b³).
func joinCubes(a, b float64) float64 {
	large, small := max(a, b), min(a, b)
	if small == 0 {
		return large
	}
	q := small / large
	return float64(large * cubeRoot(1+float64(float64(q*q)*q)))
}

// content returns the energy and angular momentum of which body i is a part, and body j unless it is negative.
func (s *Simulation) content(i, j int) (dd, dd3) {
	energy, spin := s.share(i, -1)
	if j >= 0 {
		e, l := s.share(j, i)
		energy, spin = energy.add(e), spin.add(l)
	}
	return energy, spin
}

// share returns the kinetic energy of body i, its potential energy with each body but i and but, and its angular momentum.
func (s *Simulation) share(i, but int) (dd, dd3) {
	g, p := s.gm[i], s.phase
	x, v := ddRow(p.X, p.XLow, i), ddRow(p.V, p.VLow, i)
	energy := v.dot(v).scale(g).scale(0.5)
	for j, m := range s.gm {
		if both := (dd{hi: g}).scale(m); j != i && j != but && both.hi != 0 {
			d := x.sub(ddRow(p.X, p.XLow, j))
			energy = energy.sub(both.div(d.dot(d).sqrt()))
		}
	}
	return energy, x.cross(v).scale(g)
}

// remove takes body i out.
func (s *Simulation) remove(i int) {
	w := s.search
	s.names, s.gm, s.radii = without(s.names, i), without(s.gm, i), without(s.radii, i)
	w.gm, w.radii = s.gm, s.radii
	w.hill, w.ids, w.escaped = without(w.hill, i), without(w.ids, i), without(w.escaped, i)
	for _, v := range []*[]float64{&s.phase.X, &s.phase.XLow, &s.phase.V, &s.phase.VLow} {
		*v = slices.Delete(*v, 3*i, 3*i+3)
	}
	w.resize(len(s.gm))
}

// without returns a copy without element i.
func without[T any](s []T, i int) []T { return slices.Delete(slices.Clone(s), i, i+1) }
