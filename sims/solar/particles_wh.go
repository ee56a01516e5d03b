package solar

import (
	"fmt"

	"offload/device"
	"offload/internal/wh"
	"offload/kernels/gravity"
)

// whCourse is the course of particles that follow wh: the maps of package wh. Particles are relative to the star and, between
// steps without an encounter, half a step ahead of the simulation.
type whCourse struct {
	sim   *Simulation
	integ *wisdomHolman
	star  int
	count int       // of planets
	maps  []float64 // recorded and not yet launched
	other []float64 // of home and away
}

func newWHCourse(s *Simulation, w *wisdomHolman) (*whCourse, error) {
	sys, _, err := w.admit(&s.rhs, s.phase, false)
	if err != nil {
		return nil, err
	}
	if sys.star < 0 {
		return nil, fmt.Errorf("%w: no body has mass", ErrInput)
	}
	p := &whCourse{sim: s, integ: w, star: sys.star, count: sys.massive}
	return p, p.wake()
}

// follow has the integrator record the maps of particles in table; nil ends that.
func (w *wisdomHolman) follow(table *[]float64) {
	w.table = table
	if w.planets != nil {
		w.planets.Record(table)
	}
}

// wake makes the planets of a restored integrator, from which the particles' half step is computed.
func (p *whCourse) wake() error { return p.integ.wake(&p.sim.rhs, p.sim.phase) }

func (p *whCourse) size() int     { return wh.MapWidth * wh.MapRows(p.count) }
func (p *whCourse) capacity() int { return ParticleBatch * p.size() }
func (p *whCourse) due() bool     { return len(p.maps) >= p.capacity() }
func (p *whCourse) follow()       { p.collect() }

// collect hands the maps that the integrator has recorded to all of the simulation's particles.
func (p *whCourse) collect() {
	for _, other := range p.sim.particles {
		c := other.course.(*whCourse)
		c.maps = append(c.maps, *p.integ.table...)
	}
	*p.integ.table = (*p.integ.table)[:0]
}

func (p *whCourse) batch() []float64 {
	p.collect()
	return p.maps[:min(len(p.maps), p.capacity())]
}

func (p *whCourse) launched(rows int) { p.maps = p.maps[:copy(p.maps, p.maps[rows:])] }

func (p *whCourse) begin() {
	if p.integ.table == nil {
		p.integ.follow(new([]float64))
	}
	p.collect()
	p.maps = p.maps[:0]
}

// ahead reports whether the particles are half a step ahead.
func (p *whCourse) ahead() bool { return p.integ.led && p.integ.planets != nil }

func (p *whCourse) home() ([]float64, error) {
	p.other = p.other[:0]
	if err := p.wake(); err != nil || !p.ahead() {
		return nil, err
	}
	w := p.integ
	w.spare.Record(&p.other)
	w.synchronized()
	w.spare.Record(nil)
	return p.other, nil
}

func (p *whCourse) away() ([]float64, error) {
	p.other = p.other[:0]
	if err := p.wake(); err != nil || !p.ahead() {
		return nil, err
	}
	w := p.integ
	planets, h := w.synchronized(), w.span.step()
	planets.Record(&p.other)
	correct(planets, h, w.twist)
	planets.SetDrift(float64(0.5 * h))
	planets.Drift()
	planets.Record(nil)
	return p.other, nil
}

func (p *whCourse) enter(xv []float64) {
	x, v := p.starState()
	for row := xv; len(row) > 0; row = row[gravity.ParticleWidth:] {
		for k := range 3 {
			row[k], row[3+k] = (dd{hi: row[k]}).sub(x[k]).hi, (dd{hi: row[3+k]}).sub(v[k]).hi
		}
	}
}

func (p *whCourse) leave(xv []float64) {
	x, v := p.starState()
	for row := xv; len(row) > 0; row = row[gravity.ParticleWidth:] {
		for k := range 3 {
			row[k], row[3+k] = x[k].add(dd{hi: row[k]}).hi, v[k].add(dd{hi: row[3+k]}).hi
		}
	}
}

func (p *whCourse) starState() (x, v dd3) {
	state := p.sim.state()
	return ddRow(state.X, state.XLow, p.star), ddRow(state.V, state.VLow, p.star)
}

func (p *whCourse) launch(last *device.Launch, xv, table device.Arg) *device.Launch {
	if last != nil && last.Args[0] == xv && last.Args[1] == table {
		return last
	}
	return gravity.NewWisdomHolman(xv, table, p.count, p.sim.gm[p.star])
}
