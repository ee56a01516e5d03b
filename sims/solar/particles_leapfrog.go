package solar

import (
	"fmt"

	"offload/device"
	"offload/kernels/gravity"
)

// leapfrogCourse is the course of particles that follow leapfrog: places of the bodies, in rows (x, y, z, gm).
type leapfrogCourse struct {
	sim     *Simulation
	steps   *composition
	massive []int     // indices of the bodies
	table   []float64 // at the state of the particles, and after each later step
	times   int       // that the table has
	h       float64   // its steps
}

func newLeapfrogCourse(s *Simulation) (*leapfrogCourse, error) {
	steps, ok := s.integ.(*composition)
	switch {
	case !ok || steps.Name() != "leapfrog":
		return nil, fmt.Errorf("%w: particles follow leapfrog or wh, not %s", ErrInput, s.integ.Name())
	case s.rhs.Correction != nil:
		return nil, fmt.Errorf("%w: particles have no relativity with leapfrog", ErrInput)
	}
	p := &leapfrogCourse{sim: s, steps: steps}
	for i, gm := range s.gm {
		if gm > 0 {
			p.massive = append(p.massive, i)
		}
	}
	if len(p.massive) == 0 {
		return nil, fmt.Errorf("%w: no body has mass", ErrInput)
	}
	p.table = make([]float64, p.capacity())
	p.begin()
	return p, nil
}

func (p *leapfrogCourse) capacity() int { return (ParticleBatch + 1) * p.size() }

// size returns the elements of the bodies at one time.
func (p *leapfrogCourse) size() int { return len(p.massive) * gravity.BodyWidth }

func (p *leapfrogCourse) begin() {
	p.times = 0
	p.record()
}

// record adds the current state of the simulation to the table.
func (p *leapfrogCourse) record() {
	row := p.table[p.times*p.size():]
	for _, i := range p.massive {
		copy(row[:3], p.sim.phase.X[3*i:])
		row[3] = p.sim.gm[i]
		row = row[gravity.BodyWidth:]
	}
	p.times++
}

func (p *leapfrogCourse) due() bool {
	return p.times > ParticleBatch || p.times > 1 && p.h != p.steps.span.step()
}

func (p *leapfrogCourse) follow() {
	p.h = p.steps.span.step()
	p.record()
}

func (p *leapfrogCourse) batch() []float64 {
	if p.times < 2 {
		return nil
	}
	return p.table[:p.times*p.size()]
}

func (p *leapfrogCourse) launched(rows int) {
	copy(p.table, p.table[rows-p.size():rows])
	p.times = 1
}

func (p *leapfrogCourse) home() ([]float64, error) { return nil, nil }
func (p *leapfrogCourse) away() ([]float64, error) { return nil, nil }
func (p *leapfrogCourse) enter([]float64)          {}
func (p *leapfrogCourse) leave([]float64)          {}

func (p *leapfrogCourse) launch(last *device.Launch, xv, table device.Arg) *device.Launch {
	if last != nil && last.Args[0] == xv && last.Args[1] == table && last.Args[3] == device.Val(p.h) {
		return last
	}
	return gravity.NewLeapfrog(xv, table, len(p.massive), p.h)
}
