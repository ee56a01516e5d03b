package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/spf13/cobra"

	"offload"
	"offload/archive"
	"offload/device"
	"offload/device/sched"
	"offload/internal/progress"
	"offload/internal/sysinfo"
	"offload/kernels/gravity"
	"offload/sims/solar"
)

// solarRun is an integration that is about to run, from its start or from a checkpoint.
type solarRun struct {
	plan     *solar.Plan
	bodies   *solar.System // of the plan, with those of its model
	standard bool          // the bodies are those that come with the program
	start    *solar.Checkpoint
	xv, kept []float64 // of the particles at the start; kept by a checkpoint, or nil
	inputs   []archive.Input
	source   *source

	archive archiving
	plot    bool
	wrap    func(device.Device) device.Device
	out     *statesOut
	frames  *frames
	bar     *progress.Bar
}

// prepare returns the run that the flags ask for.
func (f *solarFlags) prepare(cmd *cobra.Command) (*solarRun, error) {
	r := &solarRun{archive: f.archive, plot: f.plot != "", wrap: f.checked.wrap}
	err := r.read(cmd, f)
	if err == nil {
		r.bodies, err = r.plan.Bodies()
	}
	return r, err
}

// read reads what is to be integrated.
func (r *solarRun) read(cmd *cobra.Command, f *solarFlags) error {
	if f.archive.resume != "" {
		return r.resume(cmd, f)
	}
	sys, err := f.input.system(f.model)
	if err != nil {
		return err
	}
	until, err := f.input.end(sys.Epoch)
	if err != nil {
		return err
	}
	if r.standard = f.input.standard(); r.standard && f.integrator == "wh" {
		if sys, err = sys.Merge("Earth-Moon", "Earth", "Moon"); err != nil {
			return err
		}
		r.standard = false
		fmt.Fprintln(cmd.ErrOrStderr(), "note: wh follows Earth and Moon as one body, Earth-Moon")
	}
	r.plan = &solar.Plan{System: sys, Until: until, Every: f.every, Options: solar.Options{
		Integrator: f.integrator, Dt: f.dt, Tol: f.tol, Relativity: f.gr, Model: f.model,
	}}
	if r.xv, err = f.particles.read(&f.input, sys.Epoch); err != nil {
		return err
	}
	if r.plan.Options.Events, err = f.events.options(sys, f.integrator); err != nil {
		return err
	}
	for _, name := range append(f.input.files[:len(f.input.files):len(f.input.files)], f.particles.file) {
		if name == "" {
			continue
		}
		input, err := inputOf(name)
		if err != nil {
			return err
		}
		r.inputs = append(r.inputs, input)
	}
	return nil
}

// inputOf returns the digest of a file.
func inputOf(name string) (archive.Input, error) {
	file, err := os.Open(name)
	if err != nil {
		return archive.Input{}, err
	}
	defer file.Close()
	h := sha256.New()
	_, err = io.Copy(h, file)
	return archive.Input{Name: name, SHA256: fmt.Sprintf("%x", h.Sum(nil))}, err
}

// resume reads the run of --resume.
func (r *solarRun) resume(cmd *cobra.Command, f *solarFlags) error {
	var plan *solar.Plan
	from, err := f.archive.open(cmd.Context(), func(text string) (float64, error) {
		d, err := solar.ParseDate(text)
		return d.JD, err
	})
	if err != nil {
		return err
	}
	if plan, err = solar.ReadPlan(from.run); err == nil {
		r.start, err = solar.ReadFrame(from.frame)
	}
	if err != nil {
		return &inputError{fmt.Errorf("%s: %w", f.archive.resume, err)}
	}
	r.plan, r.source, r.inputs = plan, from, from.run.Inputs
	r.xv, r.kept = particlesOf(from.frame)
	r.standard = len(r.inputs) == 0
	if cmd.Flags().Changed("until") {
		plan.Until, err = f.input.end(plan.System.Epoch)
	}
	return err
}

// open opens the files that the run writes.
func (r *solarRun) open(cmd *cobra.Command, f *solarFlags) error {
	described, err := r.plan.Archive(offload.Version, r.inputs)
	if err != nil {
		return err
	}
	if r.out, err = openStates(cmd, f.out); err != nil {
		return err
	}
	if r.frames, err = r.archive.start(cmd.Context(), described, r.source); err != nil {
		r.out.close()
	}
	return err
}

// close closes the files, of which incomplete ones are removed.
func (r *solarRun) close() {
	r.out.close()
	r.frames.close()
}

// solarEnd is the outcome of an integration: the last state, and the track to draw, or nil.
type solarEnd struct {
	last   solar.Snapshot
	track  *solar.Track
	events *eventsReport // nil if none are looked for
	swarm  *swarm
	report solar.Report
	info   device.Info // of the device
	err    error       // of the simulation, not of the device
}

// evaluationsPerStep is roughly the least number of force evaluations of a step.
const evaluationsPerStep = 17

// task returns the task of the integration.
func (r *solarRun) task() sched.Task[solarEnd] {
	n := len(r.bodies.Bodies)
	bodies := device.Arg{Len: n * gravity.BodyWidth, Width: gravity.BodyWidth}
	acc := device.Arg{Len: n * gravity.AccelWidth, Width: gravity.AccelWidth}
	launch := gravity.NewForce(bodies, bodies, acc, 0.0, 0)
	times := solar.Evaluations(r.plan.Options, math.Min(math.Abs(r.plan.Until-r.plan.System.Epoch), solar.MaxJD))
	size := int64(8 * n)
	kernels, work, memory := []*device.Kernel{launch.Kernel}, []sched.Work{sched.WorkOf(launch, times)}, size*(gravity.BodyWidth+gravity.AccelWidth)
	if len(r.xv) > 0 {
		kernel, more := particleWork(r.plan.Options.Integrator, len(r.xv)/gravity.ParticleWidth, n, times)
		kernels, work, memory = append(kernels, kernel), append(work, more), memory+2*int64(8*len(r.xv)) // wh reads a copy
	}
	return sched.Task[solarEnd]{
		Name:  "the integration",
		Needs: sched.Needs{Kernels: kernels, Memory: memory, Exact: true},
		Work:  work,
		Up:    sched.Transfer{Count: times, Bytes: totalBytes(times, size*gravity.BodyWidth)},
		Down:  sched.Transfer{Count: times, Bytes: totalBytes(times, size*gravity.AccelWidth)},
		Steps: max(1, times/evaluationsPerStep),
		Run: func(ctx context.Context, d device.Device) (solarEnd, error) {
			end, err := r.integrate(ctx, d)
			if err == nil || sched.IsFault(err) || impossible(err) && d.Info().Class != device.CPU {
				return end, err
			}
			end.err = err
			return end, nil
		},
	}
}

// integrate runs the integration on d.
func (r *solarRun) integrate(ctx context.Context, d device.Device) (end solarEnd, err error) {
	end.info = d.Info()
	if err := errors.Join(r.out.restart(), r.frames.restart(ctx)); err != nil {
		return end, err
	}
	plan := r.plan
	field, err := solar.NewDeviceField(r.wrap(d), r.bodies.GMs())
	if err != nil {
		return end, err
	}
	defer field.Close()
	var sim *solar.Simulation
	if r.start == nil {
		sim, err = solar.New(plan.System, field, plan.Options)
	} else {
		sim, err = solar.Restore(plan.System, field, plan.Options, r.start)
	}
	if err != nil {
		return end, err
	}
	if end.swarm, err = newSwarm(ctx, r.wrap(d), sim, plan.Options.Integrator, r.xv, r.kept); err != nil {
		return end, err
	}
	defer end.swarm.close()
	if plan.Options.Events.Any() {
		end.events = &eventsReport{Events: []eventReport{}}
	}
	if r.plot {
		end.track = solar.NewTrack(sim)
	}
	end.report, err = r.follow(ctx, sim, &end)
	if lost := end.swarm.read(ctx); lost != nil && err == nil {
		err = lost
	}
	end.last = sim.Snapshot()
	return end, err
}

// marks is the number of frames of an archive where there is no interval between samples, and wideMarks where a frame has
// more than manyParticles.
const (
	marks         = 100
	wideMarks     = 10
	manyParticles = 10_000
)

// follow runs the simulation and writes what comes on the way.
func (r *solarRun) follow(ctx context.Context, sim *solar.Simulation, end *solarEnd) (solar.Report, error) {
	plan := r.plan
	done := func(jd float64) float64 { return (jd - plan.System.Epoch) / (plan.Until - plan.System.Epoch) }
	marks := float64(marks)
	if len(r.xv) > manyParticles*gravity.ParticleWidth {
		marks = wideMarks
	}
	mark := math.Floor(done(sim.JD())*marks) + 1
	frame := func() error {
		if !r.frames.wanted() {
			return nil
		}
		f, err := sim.Checkpoint().Frame(plan.System.Epoch)
		if err == nil {
			err = end.swarm.add(ctx, f)
		}
		return r.frames.append(ctx, f, err)
	}
	watch := solar.Watch{
		Every: plan.Every,
		Progress: func(jd float64) error {
			sched.Alive(ctx)
			r.bar.Set(done(jd))
			if end.track != nil {
				end.track.Add(sim)
			}
			now := done(jd)
			if plan.Every != 0 || now*marks < mark || now >= 1 {
				return nil
			}
			mark = math.Floor(now*marks) + 1
			return frame()
		},
		Event:  func(e solar.Event) error { return end.events.add(e) },
		Sample: func(s solar.Snapshot) error { return errors.Join(r.out.write(s), frame()) },
	}
	var report solar.Report
	var err error
	if r.start == nil {
		if plan.Every == 0 {
			if err := frame(); err != nil {
				return report, err
			}
		}
		report, err = sim.Run(ctx, plan.Until, watch)
	} else {
		report, err = sim.Resume(ctx, plan.Until, watch)
	}
	if errors.Is(err, context.Canceled) || collided(err) {
		err = errors.Join(err, frame())
	}
	return report, err
}

// keep completes what was written until the run was interrupted or diverged. It returns cause
// with what was kept.
func (r *solarRun) keep(end solarEnd, cause error) error {
	err := fmt.Errorf("%w; reached JD %.4f", cause, end.report.ToJD)
	kept := false
	worth := errors.Is(cause, context.Canceled) || errors.Is(cause, solar.ErrDiverged) || collided(cause)
	if r.out.csv != nil && worth && end.report.Steps > 0 {
		if lost := errors.Join(r.out.write(end.last), r.out.commit()); lost != nil {
			return errors.Join(cause, lost)
		}
		err, kept = fmt.Errorf("%w; kept the state at JD %.4f in %s", cause, end.report.ToJD, r.out.path), true
	}
	if r.frames.wanted() && r.frames.to.Frames() > 0 {
		err, kept = fmt.Errorf("%w; %s", err, r.frames.kept()), true
	}
	if !kept {
		err = fmt.Errorf("%w, nothing was written", err)
	}
	return err
}

// report returns the report of a run that has come to its end.
func (r *solarRun) report(end solarEnd) *solarReport {
	from, where := end.report, placeOf(end.info, device.Float64)
	if from.Integrator == "wh" && len(r.xv) == 0 { // it does not use the device
		where.Device, where.DeviceName = "host", sysinfo.CPUName()
	}
	return &solarReport{
		place: where, Integrator: from.Integrator, Relativity: r.plan.Options.Relativity, Model: r.plan.Options.Model,
		FromJD: from.FromJD, ToJD: from.ToJD, Steps: from.Steps, Evaluations: from.Evaluations,
		EnergyError: real(from.EnergyError), AngularMomentumError: real(from.AngularMomentumError), BarycentreDrift: real(from.BarycentreDrift),
		Doubtful: from.EnergyError > doubtful, Archive: r.frames.report(), eventsReport: end.events, particlesReport: end.swarm.report(),
	}
}
