package solar

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"offload/cpu"
	"offload/device"
	"offload/device/reference"
)

// belt returns n particles on orbits between Mars and Jupiter.
func belt(sys *System, n int) (xv []float64) {
	sun := sys.Bodies[0]
	for i := range n {
		a, phase := 2+1.4*float64(i%89)/89, float64(i)
		v := math.Sqrt(sun.GM/a) * (1 - 0.1*float64(i%7)/7)
		x := [3]float64{a * math.Cos(phase), a * math.Sin(phase), 0.1 * math.Sin(3*phase)}
		w := [3]float64{-v * math.Sin(phase), v * math.Cos(phase), 0.01 * v}
		for k := range 3 {
			x[k], w[k] = x[k]+sun.X[k], w[k]+sun.V[k]
		}
		xv = append(append(xv, x[:]...), w[:]...)
	}
	return xv
}

// particleRun is a simulation with particles.
type particleRun struct {
	sim *Simulation
	*Particles
}

func newParticleRun(t testing.TB, open func(context.Context, device.Options) (device.Device, error), sys *System, xv []float64) particleRun {
	t.Helper()
	dev := must(open(context.Background(), device.Options{}))(t)
	sim := must(New(sys, nil, Options{Integrator: "leapfrog", Dt: 0.5}))(t)
	p := must(NewParticles(context.Background(), dev, sim, xv))(t)
	t.Cleanup(func() {
		if err := errors.Join(p.Close(), dev.Close()); err != nil {
			t.Error(err)
		}
	})
	return particleRun{sim, p}
}

// until runs to a date and returns the particles there.
func (r particleRun) until(t testing.TB, jd float64) []float64 {
	t.Helper()
	must(r.sim.Run(context.Background(), jd, Watch{}))(t)
	return r.state(t)
}

func (r particleRun) state(t testing.TB) []float64 {
	t.Helper()
	xv := make([]float64, 6*r.Len())
	if err := r.Read(context.Background(), xv); err != nil {
		t.Fatal(err)
	}
	return xv
}

// Particles change no bit of the bodies, and each has the bits that it has alone, on every device.
func TestParticlesFollow(t *testing.T) {
	sys := planets(t)
	until := sys.Epoch + 365.25
	alone, _ := runTo(t, sys, Options{Integrator: "leapfrog", Dt: 0.5}, until)
	const n = 137
	start := belt(sys, n)
	many := newParticleRun(t, cpu.Open, sys, start)
	got := many.until(t, until)
	for i, b := range many.sim.Snapshot().Bodies {
		if b != alone.Snapshot().Bodies[i] {
			t.Errorf("%s has other bits than without particles", b.Name)
		}
	}
	for _, i := range []int{0, 1, 15, 16, 64, n - 1} {
		one := newParticleRun(t, reference.Open, sys, start[6*i:6*i+6])
		if !slices.Equal(one.until(t, until), got[6*i:6*i+6]) {
			t.Errorf("particle %d has other bits than alone", i)
		}
	}
}

// A particle is where a body without mass is, to rounding.
func TestParticlesAreBodiesWithoutMass(t *testing.T) {
	sys := planets(t)
	until := sys.Epoch + 365.25
	const n = 20
	start := belt(sys, n)
	got := newParticleRun(t, cpu.Open, sys, start).until(t, until)
	for i := range n {
		sys.Bodies = append(sys.Bodies, Body{Name: fmt.Sprint("asteroid ", i), X: [3]float64(start[6*i:]), V: [3]float64(start[6*i+3:])})
	}
	bodies, _ := runTo(t, sys, Options{Integrator: "leapfrog", Dt: 0.5}, until)
	worst := 0.0
	for i, b := range bodies.Snapshot().Bodies[9:] {
		worst = max(worst, distance(b.X, [3]float64(got[6*i:])))
	}
	if worst > 1e-13 {
		t.Errorf("%g au away", worst)
	}
	t.Logf("within %.2g au after a year", worst)
}

// Bits do not depend on when particles are read, nor on an interruption.
func TestParticlesGoOn(t *testing.T) {
	sys := planets(t)
	until := sys.Epoch + 100
	start := belt(sys, 21)
	want := newParticleRun(t, cpu.Open, sys, start).until(t, until)

	read := newParticleRun(t, cpu.Open, sys, start)
	steps := 0
	must(read.sim.Run(context.Background(), until, Watch{Progress: func(float64) error {
		if steps++; steps%7 == 0 {
			read.state(t)
		}
		return nil
	}}))(t)
	if !slices.Equal(read.state(t), want) {
		t.Error("other bits if particles are read in between")
	}

	for _, after := range []int{1, 63, 64, 65, 150} { // steps
		stopped := newParticleRun(t, cpu.Open, sys, start)
		ctx, cancel := context.WithCancel(context.Background())
		steps := 0
		_, err := stopped.sim.Run(ctx, until, Watch{Progress: func(float64) error {
			if steps++; steps == after {
				cancel()
			}
			return nil
		}})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("cancelled: %v", err)
		}
		if err := stopped.Read(ctx, make([]float64, 6*21)); !errors.Is(err, context.Canceled) {
			t.Errorf("a read with a context that has ended: %v", err)
		}
		xv := stopped.state(t)
		sim := must(Restore(sys, nil, Options{Integrator: "leapfrog", Dt: 0.5}, stopped.sim.Checkpoint()))(t)
		again := particleRun{sim, must(NewParticles(context.Background(), stopped.dev, sim, xv))(t)}
		for _, r := range []particleRun{stopped, again} {
			must(r.sim.Resume(context.Background(), until, Watch{}))(t)
			if !slices.Equal(r.state(t), want) {
				t.Errorf("other bits after an interruption after %d steps", after)
			}
		}
		if err := again.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Written particles go on from the current state; those that were closed do not follow.
func TestParticlesAreWritten(t *testing.T) {
	sys := planets(t)
	start := belt(sys, 3)
	want := newParticleRun(t, cpu.Open, sys, start)
	want.until(t, sys.Epoch+10)
	middle := want.state(t)
	end := want.until(t, sys.Epoch+20)
	r := newParticleRun(t, cpu.Open, sys, make([]float64, 18))
	must(r.sim.Run(context.Background(), sys.Epoch+10, Watch{}))(t)
	if err := r.Write(context.Background(), middle); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(r.until(t, sys.Epoch+20), end) {
		t.Error("written particles have other bits")
	}
}

// A particle that meets a body is named, and the others are right.
func TestParticleMeetsABody(t *testing.T) {
	sys := planets(t)
	start := belt(sys, 5)
	copy(start[12:15], sys.Bodies[0].X[:])
	r := newParticleRun(t, cpu.Open, sys, start)
	must(r.sim.Run(context.Background(), sys.Epoch+10, Watch{}))(t)
	xv := make([]float64, 30)
	err := r.Read(context.Background(), xv)
	if !errors.Is(err, ErrDiverged) || !strings.Contains(err.Error(), "particle 2 ") {
		t.Errorf("%v, want ErrDiverged for particle 2", err)
	}
	if !finite(xv[:12]) || !finite(xv[18:]) {
		t.Error("other particles are not finite")
	}
}

func TestNoParticles(t *testing.T) {
	sys := planets(t)
	if xv := newParticleRun(t, cpu.Open, sys, nil).until(t, sys.Epoch+1); len(xv) != 0 {
		t.Error(xv)
	}
}

func TestParticlesRefuse(t *testing.T) {
	ctx, sys := context.Background(), planets(t)
	dev := must(cpu.Open(ctx, device.Options{}))(t)
	defer dev.Close()
	light := planets(t)
	for i := range light.Bodies {
		light.Bodies[i].GM = 0
	}
	leapfrog := Options{Integrator: "leapfrog"}
	for _, c := range []struct {
		name string
		sys  *System
		o    Options
		xv   []float64
	}{
		{"radau15", sys, Options{}, make([]float64, 6)},
		{"yoshida4", sys, Options{Integrator: "yoshida4"}, make([]float64, 6)},
		{"relativity", sys, Options{Integrator: "leapfrog", Relativity: true}, make([]float64, 6)},
		{"mergers", sys, Options{Integrator: "leapfrog", Events: EventOptions{OnCollision: MergeCollisions}}, make([]float64, 6)},
		{"no mass", light, leapfrog, make([]float64, 6)},
		{"half a particle", sys, leapfrog, make([]float64, 9)},
		{"NaN", sys, leapfrog, []float64{0, 0, 0, math.NaN(), 0, 0}},
		{"infinity", sys, leapfrog, []float64{0, math.Inf(-1), 0, 0, 0, 0}},
		{"wh: mergers", sys, Options{Integrator: "wh", Events: EventOptions{OnCollision: MergeCollisions}}, make([]float64, 6)},
		{"wh: ends at collisions", sys, Options{Integrator: "wh", Events: EventOptions{OnCollision: StopAtCollision}}, make([]float64, 6)},
		{"wh: no mass", light, Options{Integrator: "wh"}, make([]float64, 6)},
		{"wh: half a particle", sys, Options{Integrator: "wh"}, make([]float64, 9)},
		{"wh: NaN", sys, Options{Integrator: "wh"}, []float64{0, 0, 0, math.NaN(), 0, 0}},
	} {
		sim := must(New(c.sys, nil, c.o))(t)
		if _, err := NewParticles(ctx, dev, sim, c.xv); !errors.Is(err, ErrInput) {
			t.Errorf("%s: %v, want ErrInput", c.name, err)
		}
		if w, ok := sim.integ.(*wisdomHolman); ok && w.table != nil {
			t.Errorf("%s: the simulation records maps for no particles", c.name)
		}
	}
	sim := must(New(sys, nil, leapfrog))(t)
	if _, err := NewParticles(ctx, nil, sim, nil); !errors.Is(err, device.ErrInvalid) {
		t.Errorf("no device: %v, want ErrInvalid", err)
	}
	p := must(NewParticles(ctx, dev, sim, make([]float64, 6)))(t)
	for name, err := range map[string]error{
		"a short read":    p.Read(ctx, make([]float64, 5)),
		"a long write":    p.Write(ctx, make([]float64, 12)),
		"a write of NaNs": p.Write(ctx, []float64{math.NaN(), 0, 0, 0, 0, 0}),
	} {
		if !errors.Is(err, ErrInput) {
			t.Errorf("%s: %v, want ErrInput", name, err)
		}
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}
