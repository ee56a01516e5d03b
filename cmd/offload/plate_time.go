package main

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"offload/device"
	"offload/device/sched"
	"offload/internal/progress"
	"offload/sims/plate"
)

// The schemes of time steps.
const (
	explicit      = plate.MethodExplicit
	crankNicolson = plate.MethodCrankNicolson
	euler         = plate.MethodEuler
)

// timing is the flags of runs in time.
type timing struct {
	time, dt, diffusivity, every float64
	scheme, capacity             string
}

// aluminium is the thermal diffusivity of pure aluminium at room temperature in m²/s (CRC
// Handbook of Chemistry and Physics).
const aluminium = 9.7e-5

func (t *timing) flags(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.Float64Var(&t.time, "time", 0, "simulate this many seconds instead of the steady state")
	fl.Float64Var(&t.dt, "dt", 0, "time step in seconds (default: explicit 0.9 of the largest stable one, else time/100)")
	fl.StringVar(&t.scheme, "scheme", "", "time steps: explicit, crank-nicolson, euler (default explicit for plain plates with fixed edges, without --every, else crank-nicolson)")
	fl.Float64Var(&t.diffusivity, "diffusivity", aluminium, "thermal diffusivity in m²/s; the default is aluminium")
	fl.StringVar(&t.capacity, "capacity", "", "heat capacity in J/(m³·K) of implicit steps: a number or a NumPy `file` (default conductivity/diffusivity of aluminium)")
	fl.Float64Var(&t.every, "every", 0, "a frame after about so many seconds: FILE-0000.npy, FILE-0001.npy, … for --out=FILE.npy, and in --archive; cycles or sweeps of a steady state")
}

// check returns a usage error for flags that contradict each other. general reports
// whether the plate needs implicit steps.
func (t *timing) check(set func(flag string) bool, general bool, out string) error {
	switch {
	case set("every") && !(t.every > 0):
		return usagef("--every must be positive")
	case set("every") && (out == "" || out == toStdout) && !set("archive"):
		return usagef("--every requires --out=FILE or --archive=FILE")
	case set("every") && !set("time") && !set("archive"):
		return usagef("--every requires --time or --archive=FILE")
	case set("every") && !set("time") && !(t.every < 1<<31 && t.every == math.Trunc(t.every)):
		return usagef("--every=%g: the steady state has frames after whole numbers of cycles or sweeps", t.every)
	}
	if !set("time") {
		for _, name := range []string{"dt", "diffusivity", "scheme", "capacity"} {
			if set(name) {
				return usagef("--%s requires --time", name)
			}
		}
		return nil
	}
	if t.scheme == "" {
		if t.scheme = explicit; general || t.capacity != "" || t.every > 0 {
			t.scheme = crankNicolson
		}
	}
	switch {
	case t.scheme == explicit && (general || t.capacity != ""):
		return usagef("--scheme=explicit is for fixed edges, without --source, --conductivity, --fixed and --capacity")
	case !(t.time > 0), set("dt") && !(t.dt > 0):
		return usagef("--time and --dt must be positive")
	case set("diffusivity") && set("capacity"):
		return usagef("--diffusivity and --capacity say the same: give one")
	}
	return oneOf("scheme", t.scheme, []string{explicit, crankNicolson, euler})
}

// implicitRun returns the run with implicit steps.
func implicitRun[T device.Float](job *plateJob[T]) (plateRun[T], error) {
	p := job.plan
	o := plate.ImplicitOptions{Problem: p.Problem, Time: p.Time, Dt: p.Dt, Capacity: p.Capacity, Capacities: p.Capacities, Every: job.every()}
	if p.Method == plate.MethodEuler {
		o.Scheme = plate.BackwardEuler
	}
	o.From, _ = job.state.(*plate.ImplicitResult)
	work, err := plate.ImplicitWork[T](o)
	if err != nil {
		return plateRun[T]{}, err
	}
	run := solverRun[T](work, &p.Problem)
	run.solve = func(ctx context.Context, dev device.Device, field *plate.Field[T], bar *progress.Bar, watch *stopwatch) (*plateReport, error) {
		o, emit := o, job.emitter(ctx, field)
		o.Frame = func(r plate.ImplicitResult) error { return emit(r.Time, r.Steps, r) }
		o.Progress = func(t float64) {
			bar.Set(t / o.Time)
			sched.Alive(watch.ctx)
		}
		r, err := plate.Implicit(ctx, dev, field, o)
		if r.Steps == 0 {
			return nil, err
		}
		e := r.Energy
		return &plateReport{
			timeReport:     &timeReport{p.Method, r.Steps, r.Dt, r.Time},
			cyclesReport:   &cyclesReport{r.Cycles},
			implicitReport: &implicitReport{real(e.Stored), real(e.Edges), real(e.Held), real(e.Sources), real(e.Imbalance())},
		}, err
	}
	return run, nil
}

// frameName returns the name of a frame: FILE-0007.npy for the frame 7 of FILE.npy.
func frameName(out string, frame int) string {
	ext := filepath.Ext(out)
	return fmt.Sprintf("%s-%04d%s", strings.TrimSuffix(out, ext), frame, ext)
}
