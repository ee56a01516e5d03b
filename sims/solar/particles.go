package solar

import (
	"context"
	"fmt"

	"offload/device"
	"offload/kernels/gravity"
)

// Particles are bodies without mass that follow a Simulation on a device: they feel its bodies that have mass, and change
// no bit of them. Each step of the simulation is one of the particles. They are computed some steps at a time, which their
// bits do not depend on. It is not safe for concurrent use, nor while the simulation runs except by functions of its
// Watch.
//
// With leapfrog, the steps are those of a body without mass in the simulation, without its compensated sums: after a year
// in steps of half a day, an asteroid is within 1e-13 au of that. With wh they have the same bits as such a body. They keep
// to those steps where they pass a planet or the star closely, which is then not followed well.
type Particles struct {
	sim    *Simulation
	dev    device.Device
	course course
	xv     device.Buffer // rows of the particles, as the course has them
	copied device.Buffer // a copy of them, or nil
	table  device.Buffer
	lost   error // since which steps are missing

	launch *device.Launch // the last one
}

// course is the steps of an integrator's particles: rows of a table, in batches for the launches of a kernel.
type course interface {
	capacity() int            // elements of the largest batch
	due() bool                // reports whether there has to be a launch before another step
	follow()                  // records the step that the simulation has just done
	batch() []float64         // the next rows, or none
	launched(rows int)        // records that a batch of that many elements was launched
	begin()                   // forgets all, for particles at the current state of the simulation
	home() ([]float64, error) // the rows that take particles to the current state
	away() ([]float64, error) // and those that take them back
	enter(xv []float64)       // replaces states of the simulation by rows of particles
	leave(xv []float64)       // the inverse
	launch(last *device.Launch, xv, table device.Arg) *device.Launch
}

// ParticleBatch is the number of steps for which Particles launch at a time.
const ParticleBatch = 64

// NewParticles returns particles at the current state of s, which they follow until Close. xv has x, y, z (au), vx, vy and
// vz (au/day) of one after the other. The error wraps ErrInput if xv is not such or not finite, or for a simulation with
// another integrator than leapfrog and wh, with relativity by leapfrog, with events that change the run, or without a body
// that has mass. Otherwise it is one of the device.
func NewParticles(ctx context.Context, dev device.Device, s *Simulation, xv []float64) (*Particles, error) {
	return startParticles(ctx, dev, s, xv, (*Particles).Write)
}

// RestoreParticles returns particles that go on from xv, a Checkpoint of particles that followed a simulation to the state
// of s. Those that met a body need not be finite. The error is as for NewParticles.
func RestoreParticles(ctx context.Context, dev device.Device, s *Simulation, xv []float64) (*Particles, error) {
	return startParticles(ctx, dev, s, xv, (*Particles).set)
}

// startParticles returns particles that set has set to xv.
func startParticles(
	ctx context.Context, dev device.Device, s *Simulation, xv []float64, set func(*Particles, context.Context, []float64) error,
) (*Particles, error) {
	if dev == nil {
		return nil, device.Invalidf("no device")
	}
	if s.opts.Events.alters() {
		return nil, fmt.Errorf("%w: particles do not follow bodies that merge or stop at a collision", ErrInput)
	}
	if len(xv)%gravity.ParticleWidth != 0 {
		return nil, fmt.Errorf("%w: %d numbers are not positions and velocities", ErrInput, len(xv))
	}
	p := &Particles{sim: s, dev: dev}
	var err error
	switch integ := s.integ.(type) {
	case *wisdomHolman:
		p.course, err = newWHCourse(s, integ)
	default:
		p.course, err = newLeapfrogCourse(s)
	}
	if err != nil {
		return nil, err
	}
	if p.table, err = dev.Alloc(device.Float64, p.course.capacity()); err != nil {
		return nil, err
	}
	if p.xv, err = dev.Alloc(device.Float64, len(xv)); err != nil {
		p.table.Free()
		return nil, err
	}
	s.particles = append(s.particles, p)
	if err := set(p, ctx, xv); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
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

// Read copies the particles to dst, in the order of NewParticles, and changes nothing. The error wraps ErrInput for
// another length, and ErrDiverged if a particle is no longer finite, because it met a body; then dst is complete, and the
// others are right.
func (p *Particles) Read(ctx context.Context, dst []float64) error {
	if err := p.Checkpoint(ctx, dst); err != nil {
		return err
	}
	maps, err := p.course.home()
	if err == nil && len(maps) > 0 {
		err = p.moved(ctx, dst, maps)
	}
	if err != nil {
		return err
	}
	p.course.leave(dst)
	if i := nonFiniteParticle(dst); i >= 0 {
		return fmt.Errorf("%w: particle %d of %d is no longer finite", ErrDiverged, i, p.Len())
	}
	return nil
}

// moved replaces rows of particles by those after some rows of a table.
func (p *Particles) moved(ctx context.Context, xv, table []float64) (err error) {
	if p.copied == nil {
		if p.copied, err = p.dev.Alloc(device.Float64, p.xv.Len()); err != nil {
			return err
		}
	}
	if err := p.copied.Write(ctx, 0, device.Of(xv)); err != nil {
		return err
	}
	if err := p.move(ctx, p.copied, table); err != nil {
		return err
	}
	return p.copied.Read(ctx, 0, device.Of(xv))
}

// Write replaces the particles by xv, as many as there are, at the current state of the simulation. The error wraps
// ErrInput if xv is not such or not finite.
func (p *Particles) Write(ctx context.Context, xv []float64) error {
	if len(xv) != p.xv.Len() {
		return fmt.Errorf("%w: %d numbers for %d particles", ErrInput, len(xv), p.Len())
	}
	if i := nonFiniteParticle(xv); i >= 0 {
		return fmt.Errorf("%w: particle %d is not finite", ErrInput, i)
	}
	maps, err := p.course.away()
	if err != nil {
		return err
	}
	rows := append([]float64(nil), xv...)
	p.course.enter(rows)
	if len(maps) > 0 {
		if err := p.moved(ctx, rows, maps); err != nil {
			return err
		}
	}
	return p.set(ctx, rows)
}

// Checkpoint copies the particles to dst as their integrator has them. With the Checkpoint of the simulation, that is what
// a continuation with the same bits needs. With leapfrog those are the states of Read; with wh, states relative to the
// star, half a step ahead. The error wraps ErrInput for another length.
func (p *Particles) Checkpoint(ctx context.Context, dst []float64) error {
	if len(dst) != p.xv.Len() {
		return fmt.Errorf("%w: %d numbers for %d particles", ErrInput, len(dst), p.Len())
	}
	if err := p.flush(ctx); err != nil {
		return err
	}
	return p.xv.Read(ctx, 0, device.Of(dst))
}

// set sets the rows of the particles, and forgets earlier steps.
func (p *Particles) set(ctx context.Context, rows []float64) error {
	if err := p.xv.Write(ctx, 0, device.Of(rows)); err != nil {
		return err
	}
	p.lost = nil
	p.course.begin()
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
	if w, ok := p.sim.integ.(*wisdomHolman); ok && len(p.sim.particles) == 0 {
		w.follow(nil)
	}
	p.table.Free()
	if p.copied != nil {
		p.copied.Free()
	}
	return p.xv.Free()
}

// follow adds the step that the simulation has just done. It has to, whether or not ctx has ended meanwhile.
func (p *Particles) follow(ctx context.Context) error {
	if p.course.due() {
		if err := p.flush(context.WithoutCancel(ctx)); err != nil {
			p.lost = err
			return err
		}
	}
	p.course.follow()
	return nil
}

// flush queues the recorded steps. After an error they are still recorded.
func (p *Particles) flush(ctx context.Context) error {
	for p.lost == nil {
		table := p.course.batch()
		if len(table) == 0 {
			break
		}
		if err := p.queue(ctx, p.xv, table); err != nil {
			return err
		}
		p.course.launched(len(table))
	}
	return p.lost
}

// move queues the steps of a table, batch by batch.
func (p *Particles) move(ctx context.Context, xv device.Buffer, table []float64) error {
	for part := p.course.capacity(); len(table) > 0; table = table[min(part, len(table)):] {
		if err := p.queue(ctx, xv, table[:min(part, len(table))]); err != nil {
			return err
		}
	}
	return nil
}

// queue queues the steps of a table that is no larger than a batch.
func (p *Particles) queue(ctx context.Context, xv device.Buffer, table []float64) error {
	if err := p.table.Write(ctx, 0, device.Of(table)); err != nil {
		return fmt.Errorf("upload of the bodies that pull particles: %w", err)
	}
	rows := device.Mat(p.table, gravity.BodyWidth).Rows(0, len(table)/gravity.BodyWidth)
	l := p.course.launch(p.launch, device.Mat(xv, gravity.ParticleWidth), rows)
	p.launch = l
	// A launch that is dropped when ctx ends would spoil the particles.
	return p.dev.Launch(context.WithoutCancel(ctx), l)
}
