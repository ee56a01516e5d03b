package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"offload/archive"
	"offload/device"
	"offload/device/sched"
	"offload/internal/atomicfile"
	"offload/kernels/gravity"
	"offload/sims/plate"
	"offload/sims/solar"
)

// solarParticles holds the flags of sim solar for test particles.
type solarParticles struct{ file, out string }

func (p *solarParticles) flags(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&p.file, "particles", "", "test particles in this `file`, a table or NumPy array of x, y, z, vx, vy, vz; requires --integrator=leapfrog or wh")
	fl.StringVar(&p.out, "particles-out", "", "write the particles at the end to this `file`: .npy or .csv")
}

// check returns a usage error for flags that are invalid or contradict each other.
func (p *solarParticles) check(f *solarFlags) error {
	ext := filepath.Ext(p.out)
	switch {
	case p.out != "" && ext != ".npy" && ext != ".csv":
		return usagef("--particles-out=%s: the name must end in .npy or .csv", p.out)
	case f.archive.resume != "":
		return nil
	case p.file == "" && p.out != "":
		return usagef("--particles-out requires --particles")
	case p.file != "" && f.integrator != "leapfrog" && f.integrator != "wh":
		return usagef("--particles requires --integrator=leapfrog or wh, whose steps the particles follow")
	}
	return nil
}

// read reads the particles for bodies of that epoch.
func (p *solarParticles) read(in *solarInput, epoch float64) ([]float64, error) {
	if p.file == "" {
		return nil, nil
	}
	o, err := in.options()
	if err != nil {
		return nil, err
	}
	file, err := os.Open(p.file)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	t, err := solar.ReadParticles(file, o)
	if err == nil && t.Dated && t.JD != epoch {
		err = fmt.Errorf("the particles are at JD %v, the bodies at JD %v", t.JD, epoch)
	}
	if err != nil {
		return nil, &inputError{fmt.Errorf("%s: %w", p.file, err)}
	}
	return t.XV, nil
}

// write writes the particles of the end, if asked for.
func (p *solarParticles) write(xv []float64) error {
	if p.out == "" {
		return nil
	}
	return atomicfile.Write(p.out, func(w io.Writer) error {
		f := &plate.Field[float64]{Rows: len(xv) / gravity.ParticleWidth, Cols: gravity.ParticleWidth, T: xv}
		if filepath.Ext(p.out) == ".npy" {
			return plate.EncodeNPY(w, f)
		}
		b := bufio.NewWriter(w)
		fmt.Fprintln(b, "x_au,y_au,z_au,vx_au_d,vy_au_d,vz_au_d")
		var line []byte
		for i, x := range xv {
			line = strconv.AppendFloat(line[:0], x, 'e', 16, 64)
			end := byte(',')
			if (i+1)%gravity.ParticleWidth == 0 {
				end = '\n'
			}
			b.Write(append(line, end))
		}
		return b.Flush()
	})
}

// Names of fields of frames: the states of the particles, and with wh what it goes on from.
const (
	particlesField = "particles"
	aheadField     = "particles_wh"
)

// particlesOf returns the states of the particles of a frame, and what their integrator goes on from; both are nil if it
// has none.
func particlesOf(f *archive.Frame) (xv, kept []float64) {
	field := func(name string) []float64 {
		data, err := f.Field(name, device.Float64)
		if err != nil {
			return nil
		}
		return device.As[float64](data)
	}
	if xv, kept = field(particlesField), field(aheadField); kept == nil {
		kept = xv
	}
	return xv, kept
}

// swarm is the particles of a run on its device. The zero value has none.
type swarm struct {
	*solar.Particles
	now   []float64
	ahead bool      // they follow wh
	kept  []float64 // of the last frame of wh
}

// newSwarm returns the particles xv that follow sim, or go on from what a frame kept.
func newSwarm(ctx context.Context, d device.Device, sim *solar.Simulation, integrator string, xv, kept []float64) (*swarm, error) {
	if len(xv) == 0 {
		return &swarm{}, nil
	}
	start, rows := solar.NewParticles, xv
	if kept != nil {
		start, rows = solar.RestoreParticles, kept
	}
	p, err := start(ctx, d, sim, rows)
	return &swarm{Particles: p, now: make([]float64, len(rows)), ahead: integrator == "wh"}, err
}

// read brings now up to date. Particles that met a body are not finite, which is no reason to end the run.
func (s *swarm) read(ctx context.Context) error {
	if s.Particles == nil {
		return nil
	}
	err := s.Particles.Read(context.WithoutCancel(ctx), s.now)
	if errors.Is(err, solar.ErrDiverged) {
		return nil
	}
	return err
}

// add adds the particles to a frame.
func (s *swarm) add(ctx context.Context, f *archive.Frame) error {
	if s.Particles == nil {
		return nil
	}
	if err := s.read(ctx); err != nil {
		return err
	}
	shape := []int{s.Len(), gravity.ParticleWidth}
	f.Fields = append(f.Fields, archive.Field{Name: particlesField, Shape: shape, Data: device.Of(s.now)})
	if !s.ahead {
		return nil
	}
	if s.kept == nil {
		s.kept = make([]float64, len(s.now))
	}
	f.Fields = append(f.Fields, archive.Field{Name: aheadField, Shape: shape, Data: device.Of(s.kept)})
	return s.Checkpoint(context.WithoutCancel(ctx), s.kept)
}

func (s *swarm) close() {
	if s.Particles != nil {
		s.Particles.Close()
	}
}

// particlesReport is the part of a report about particles.
type particlesReport struct {
	Particles int `json:"particles"`
	Lost      int `json:"particles_lost"` // that met a body and are not finite
}

func (s *swarm) report() *particlesReport {
	if s == nil || s.Particles == nil {
		return nil
	}
	r := &particlesReport{Particles: s.Len()}
	for i := range r.Particles {
		for _, v := range s.now[i*gravity.ParticleWidth:][:gravity.ParticleWidth] {
			if v-v != 0 {
				r.Lost++
				break
			}
		}
	}
	return r
}

func (r *particlesReport) text(w io.Writer) {
	if r == nil {
		return
	}
	fmt.Fprintf(w, "%d particles", r.Particles)
	if r.Lost > 0 {
		fmt.Fprintf(w, ", of which %d met a body and are lost", r.Lost)
	}
	fmt.Fprintln(w)
}

// particleWork returns the kernel of an integrator's particles, and the work of n of them with that many bodies over a
// number of steps.
func particleWork(integrator string, n, bodies, steps int) (*device.Kernel, sched.Work) {
	particles := device.Arg{Len: n * gravity.ParticleWidth, Width: gravity.ParticleWidth}
	table := device.Arg{Len: (solar.ParticleBatch + 1) * bodies * gravity.BodyWidth, Width: gravity.BodyWidth}
	launch := gravity.NewLeapfrog(particles, table, bodies, 1)
	if integrator == "wh" {
		table.Len = solar.ParticleBatch * gravity.MapRows(bodies-1) * gravity.MapWidth
		launch = gravity.NewWisdomHolman(particles, table, bodies-1, 1)
	}
	return launch.Kernel, sched.WorkOf(launch, max(1, steps/solar.ParticleBatch))
}
