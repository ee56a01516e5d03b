package solar

import (
	"context"
	"fmt"

	"offload/device"
	"offload/kernels/gravity"
)

// Particles are bodies without mass that follow a Simulation on a device: they feel its bodies that have mass, and change
// no bit of them. Each step of the simulation is a leapfrog of the particles. They are computed some steps at a time,
// which their bits do not depend on. It is not safe for concurrent use, nor while the simulation runs except by functions
// of its Watch.
//
// The steps are those of a body without mass in the simulation, without its compensated sums: after a year in steps of
// half a day, an asteroid is within 1e-13 au of that.
type Particles struct {
	sim     *Simulation
	dev     device.Device
	xv      device.Buffer // rows of the particles
	bodies  device.Buffer // table, on the device
	massive []int         // indices of the bodies
	table   []float64     // rows (x, y, z, gm) of the bodies: at the state of the particles, and after each later step
	times   int           // that the table has
	h       float64       // the steps of the table
	launch  *device.Launch
	inTable int   // times of launch
	lost    error // since which steps are missing
}

// ParticleBatch is the number of steps for which Particles launch at a time.
const ParticleBatch = 64

// NewParticles returns particles at the current state of s, which they follow until Close. xv has x, y, z (au), vx, vy and
// vz (au/day) of one after the other. The error wraps ErrInput if xv is not such or not finite, or for a simulation with
// another integrator than leapfrog, with relativity, with events that change the run, or without a body that has mass.
// Otherwise it is one of the device.
func NewParticles(ctx context.Context, dev device.Device, s *Simulation, xv []float64) (*Particles, error) {
	if dev == nil {
		return nil, device.Invalidf("no device")
	}
	switch {
	case s.integ.Name() != "leapfrog":
		return nil, fmt.Errorf("%w: particles follow leapfrog, not %s", ErrInput, s.integ.Name())
	case s.rhs.Correction != nil:
		return nil, fmt.Errorf("%w: particles have no relativity", ErrInput)
	case s.opts.Events.alters():
		return nil, fmt.Errorf("%w: particles do not follow bodies that merge or stop at a collision", ErrInput)
	}
	p := &Particles{sim: s, dev: dev}
	for i, gm := range s.gm {
		if gm > 0 {
			p.massive = append(p.massive, i)
		}
	}
	if len(p.massive) == 0 {
		return nil, fmt.Errorf("%w: no body has mass", ErrInput)
	}
	if err := checkParticles(xv); err != nil {
		return nil, err
	}
	p.table = make([]float64, (ParticleBatch+1)*len(p.massive)*gravity.BodyWidth)
	p.begin()
	var err error
	if p.bodies, err = dev.Alloc(device.Float64, len(p.table)); err != nil {
		return nil, err
	}
	if p.xv, err = device.Upload(ctx, dev, xv); err != nil {
		p.bodies.Free()
		return nil, err
	}
	s.particles = append(s.particles, p)
	return p, nil
}

func checkParticles(xv []float64) error {
	if len(xv)%gravity.ParticleWidth != 0 {
		return fmt.Errorf("%w: %d numbers are not positions and velocities", ErrInput, len(xv))
	}
	if i := nonFiniteParticle(xv); i >= 0 {
		return fmt.Errorf("%w: particle %d is not finite", ErrInput, i)
	}
	return nil
}

// nonFiniteParticle returns the first particle of which a number is not finite, or -1.
func nonFiniteParticle(xv []float64) int {
	for i, v := range xv {
		if v-v != 0 {
			return i / gravity.ParticleWidth
		}
	}
	return -1
}

// Len returns the number of particles.
func (p *Particles) Len() int { return p.xv.Len() / gravity.ParticleWidth }

// Read copies the particles to dst, in the order of NewParticles: all that a continuation with the same bits needs beside
// the Checkpoint of the simulation. The error wraps ErrInput for another length, and ErrDiverged if a particle is no
// longer finite, because it met a body; then dst is complete, and the others are right.
func (p *Particles) Read(ctx context.Context, dst []float64) error {
	if len(dst) != p.xv.Len() {
		return fmt.Errorf("%w: %d numbers for %d particles", ErrInput, len(dst), p.Len())
	}
	if err := p.flush(ctx); err != nil {
		return err
	}
	if err := p.xv.Read(ctx, 0, device.Of(dst)); err != nil {
		return err
	}
	if i := nonFiniteParticle(dst); i >= 0 {
		return fmt.Errorf("%w: particle %d of %d is no longer finite", ErrDiverged, i, p.Len())
	}
	return nil
}

// Write replaces the particles by xv, as many as there are, at the current state of the simulation. The error wraps
// ErrInput if xv is not such or not finite.
func (p *Particles) Write(ctx context.Context, xv []float64) error {
	if len(xv) != p.xv.Len() {
		return fmt.Errorf("%w: %d numbers for %d particles", ErrInput, len(xv), p.Len())
	}
	if err := checkParticles(xv); err != nil {
		return err
	}
	if err := p.xv.Write(ctx, 0, device.Of(xv)); err != nil {
		return err
	}
	p.lost = nil
	p.begin()
	return nil
}

// Close frees the buffers and lets the simulation go on alone. The device stays open.
func (p *Particles) Close() error {
	for i, other := range p.sim.particles {
		if other == p {
			p.sim.particles = append(p.sim.particles[:i:i], p.sim.particles[i+1:]...)
			break
		}
	}
	p.bodies.Free()
	return p.xv.Free()
}

// begin starts the table with the current state of the simulation.
func (p *Particles) begin() {
	p.times = 0
	p.record()
}

// record adds the current state of the simulation to the table.
func (p *Particles) record() {
	row := p.table[p.times*len(p.massive)*gravity.BodyWidth:]
	for _, i := range p.massive {
		copy(row[:3], p.sim.phase.X[3*i:])
		row[3] = p.sim.gm[i]
		row = row[gravity.BodyWidth:]
	}
	p.times++
}

// follow adds a step of h, which the simulation has just done. It has to, whether or not ctx has ended meanwhile.
func (p *Particles) follow(ctx context.Context, h float64) error {
	if p.times > ParticleBatch || p.times > 1 && p.h != h {
		if err := p.flush(context.WithoutCancel(ctx)); err != nil {
			p.lost = err
			return err
		}
	}
	p.h = h
	p.record()
	return nil
}

// flush queues the steps of the table. After an error they are still in it.
func (p *Particles) flush(ctx context.Context) error {
	if p.lost != nil || p.times < 2 {
		return p.lost
	}
	n := p.times * len(p.massive) * gravity.BodyWidth
	if err := p.bodies.Write(ctx, 0, device.Of(p.table[:n])); err != nil {
		return fmt.Errorf("upload of the bodies that pull particles: %w", err)
	}
	if p.launch == nil || p.inTable != p.times || p.launch.Args[3] != device.Val(p.h) {
		bodies := device.Mat(p.bodies, gravity.BodyWidth).Rows(0, p.times*len(p.massive))
		p.launch = gravity.NewLeapfrog(device.Mat(p.xv, gravity.ParticleWidth), bodies, len(p.massive), p.h)
		p.inTable = p.times
	}
	// A launch that is dropped when ctx ends would spoil the particles.
	if err := p.dev.Launch(context.WithoutCancel(ctx), p.launch); err != nil {
		return err
	}
	copy(p.table, p.table[n-len(p.massive)*gravity.BodyWidth:n])
	p.times = 1
	return nil
}
