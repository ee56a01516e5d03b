package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"offload"
	"offload/archive"
	"offload/device"
	"offload/device/sched"
	"offload/sims/plate"
	"offload/sims/poisson"
)

// plateJob is a plate that is to be computed, from its start or from a frame of an archive.
type plateJob[T device.Float] struct {
	plan   *plate.Plan
	field  *plate.Field[T] // at the start
	state  any             // of the frame, a pointer; nil at the beginning of the plan
	source *source
	inputs []archive.Input
	frames *frames
	file   func(field *plate.Field[T], n int) error // writes frame n to a file of its own; may be nil
}

// jobOf returns the job that the flags ask for.
func jobOf[T device.Float](cmd *cobra.Command, f *plateFlags, info device.Info) (*plateJob[T], error) {
	j := &plateJob[T]{}
	if f.archive.resume != "" {
		return j, j.resume(cmd.Context(), f)
	}
	var err error
	if j.field, err = startOf[T](cmd, f, info); err != nil {
		return nil, err
	}
	if j.plan, err = planOf(f, j.field); err != nil {
		return nil, err
	}
	if f.timing.every > 0 && f.timing.time > 0 && f.out != "" && f.out != toStdout {
		j.file = func(field *plate.Field[T], n int) error {
			return plate.Write(frameName(f.out, n), field, plate.WriteOptions{Dx: f.dx, Dy: f.dy})
		}
	}
	if f.archive.path == "" {
		return j, nil
	}
	for _, name := range f.files() {
		input, err := inputOf(name)
		if err != nil {
			return nil, err
		}
		j.inputs = append(j.inputs, input)
	}
	return j, nil
}

// files returns the input files of the flags.
func (f *plateFlags) files() []string {
	var names []string
	for _, name := range []string{f.init, f.edges.top.profile, f.edges.bottom.profile, f.edges.left.profile, f.edges.right.profile,
		f.materials.source, f.materials.conductivity, f.materials.fixed, f.timing.capacity} {
		if _, number := numberOf(name); name == "" || number {
			continue
		}
		if i := strings.LastIndex(name, ".npz:"); i >= 0 { // FILE.npz:NAME
			if _, err := os.Stat(name); err != nil {
				name = name[:i+len(".npz")]
			}
		}
		names = append(names, name)
	}
	return names
}

// resume reads the job from the archive of --resume.
func (j *plateJob[T]) resume(ctx context.Context, f *plateFlags) error {
	from, err := f.archive.open(ctx, func(text string) (float64, error) { return strconv.ParseFloat(text, 64) })
	if err != nil {
		return err
	}
	if j.plan, err = plate.ReadPlan(from.run); err == nil && j.plan.Precision != device.TypeOf[T]().String() {
		err = device.Invalidf("the archive has the precision %s", j.plan.Precision)
	}
	if err == nil {
		j.state = map[string]any{
			plate.MethodMultigrid: &poisson.State{}, plate.MethodJacobi: &plate.SteadyState{}, plate.MethodExplicit: &plate.TransientResult{},
			plate.MethodCrankNicolson: &plate.ImplicitResult{}, plate.MethodEuler: &plate.ImplicitResult{},
		}[j.plan.Method]
		j.field, err = plate.ReadFrame[T](from.frame, j.state)
	}
	if err != nil {
		return &inputError{fmt.Errorf("%s: %w", f.archive.resume, err)}
	}
	j.source, j.inputs = from, from.run.Inputs
	f.dx, f.dy = j.plan.Problem.Dx, j.plan.Problem.Dy
	return nil
}

// open opens the archive that the job writes.
func (j *plateJob[T]) open(ctx context.Context, a *archiving) error {
	described, err := j.plan.Archive(offload.Version, j.inputs)
	if err == nil {
		j.frames, err = a.start(ctx, described, j.source)
	}
	return err
}

// every returns the interval between frames, 0 for none.
func (j *plateJob[T]) every() float64 {
	if j.frames.wanted() || j.file != nil {
		return j.plan.Every
	}
	return 0
}

// emitter returns a function that writes the frames of a run of field.
func (j *plateJob[T]) emitter(ctx context.Context, field *plate.Field[T]) func(time float64, step int, state any) error {
	n := 0
	return func(time float64, step int, state any) error {
		sched.Alive(ctx)
		if j.file != nil {
			if err := j.file(field, n); err != nil {
				return err
			}
			n++
		}
		if !j.frames.wanted() {
			return nil
		}
		f, err := plate.Frame(field, time, step, state)
		return j.frames.append(ctx, f, err)
	}
}

// planOf returns the plan of the flags for field, in which it sets the points that are held. Plates without inner points
// have nothing to solve, which is Jacobi's easiest case.
func planOf[T device.Float](f *plateFlags, field *plate.Field[T]) (*plate.Plan, error) {
	problem, err := problemOf(f, field)
	if err != nil {
		return nil, err
	}
	t := &f.timing
	p := &plate.Plan{Precision: device.TypeOf[T]().String(), Method: plate.MethodMultigrid, Problem: *problem, Every: t.every}
	switch {
	case t.time > 0:
		p.Method, p.Time, p.Dt, p.Diffusivity = t.scheme, t.time, t.dt, t.diffusivity
		if p.Every == 0 {
			p.Every = t.time / marks
		}
	case f.solver == jacobi, !f.general() && min(field.Rows, field.Cols) < 3:
		p.Method, p.Tol, p.MaxSweeps = plate.MethodJacobi, f.tol, f.maxSweeps
		if p.Tol == 0 && p.MaxSweeps == 0 {
			p.Tol = map[string]float64{"f32": 1e-4, "f64": 1e-8}[p.Precision]
		}
		if p.Every == 0 {
			p.Every = sweepsPerFrame
		}
	default:
		p.Tol, p.MaxCycles = f.tol, f.maxCycles
		if p.Every == 0 {
			p.Every = 1
		}
	}
	if p.Method != plate.MethodCrankNicolson && p.Method != plate.MethodEuler {
		return p, nil
	}
	switch c, number := numberOf(t.capacity); {
	case number:
		p.Capacity = c
	case t.capacity != "":
		p.Capacities, err = mapOf(t.capacity, field.Rows, field.Cols)
	case problem.Conductivity != nil:
		p.Capacity = aluminiumK / t.diffusivity
	default:
		p.Capacity = problem.K / t.diffusivity
	}
	return p, err
}

// sweepsPerFrame is the number of sweeps of Jacobi's method between frames of an archive.
const sweepsPerFrame = 10000

// kept adds to the error of a run that ended early what its archive holds.
func (j *plateJob[T]) kept(err error) error {
	if err == nil || !j.frames.wanted() || j.frames.to.Frames() == 0 {
		return err
	}
	return errors.Join(err, errors.New(j.frames.kept()))
}
