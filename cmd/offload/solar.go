package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"offload/device"
	"offload/device/sched"
	"offload/internal/atomicfile"
	"offload/internal/progress"
	"offload/kernels/gravity"
	"offload/sims/solar"
)

// solarFlags holds the flags of sim solar.
type solarFlags struct {
	input                         solarInput
	integrator, device, out, plot string
	until, dt, tol, every         float64
	gr                            bool
	workers                       int
	trace                         tracing
	schedule                      schedule
	checked                       checking
	reporting                     reporting
}

func newSolar(schedule schedule) *cobra.Command {
	f := solarFlags{schedule: schedule}
	cmd := &cobra.Command{
		Use:   "solar",
		Short: "Integrate the solar system, or other bodies under gravity",
		Long: `Integrate the Sun, the planets, the Moon and Pluto from the epoch J2000, or bodies
from a file, and report the change of conserved quantities. For dates with included
data of JPL's ephemeris DE405, print the distance of each body from it.

A file of bodies has the columns jd_tdb, body, gm_au3_d2, x_au, y_au, z_au, vx_au_d,
vy_au_d and vz_au_d, separated by commas, semicolons or tabs; or it is what JPL
Horizons answers. docs/solar.md has all formats. Dates are of TDB, in the Gregorian
calendar or Julian dates. A change of the energy by more than 0.1 % is noted.`,
		Example: `  offload sim solar --gr --until=2462502.5
  offload sim solar --integrator=yoshida8 --dt=1 --until=2451910
  offload sim solar --until=+100y --elements
  offload sim solar --bodies=my.csv --until=2010-01-01 --out=end.csv --plot=orbits.png`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.trace.around(cmd, f.run, f.out, f.plot) },
	}
	deviceFlag(cmd, &f.device)
	fl := cmd.Flags()
	f.input.flags(cmd)
	fl.StringVar(&f.integrator, "integrator", solar.DefaultIntegrator, "integrator: "+strings.Join(solar.Integrators(), ", "))
	fl.Float64Var(&f.dt, "dt", 0, "step in days, for integrators with a fixed step (default depends on the integrator)")
	fl.Float64Var(&f.tol, "tol", 0, fmt.Sprintf("tolerance of radau15 (default %g)", solar.DefaultTol))
	fl.BoolVar(&f.gr, "gr", false, "add the Sun's first post-Newtonian term")
	fl.Float64Var(&f.every, "every", 0, "days between the states written (default only the last state)")
	intVar(cmd, &f.workers, "workers", 0, "workers of the cpu device (default one per CPU)")
	fl.StringVar(&f.out, "out", "", "write states to this CSV `file`; - for stdout")
	fl.StringVar(&f.plot, "plot", "", "draw the orbits to this PNG `file`")
	f.reporting.flag(cmd)
	f.trace.flag(cmd)
	f.checked.flag(cmd)
	return cmd
}

func (f *solarFlags) run(cmd *cobra.Command) error {
	if err := f.check(cmd); err != nil {
		return err
	}
	if err := foldersExist(f.out, f.plot); err != nil {
		return err
	}
	sys, err := f.input.system()
	if err != nil {
		return err
	}
	if f.until, err = f.input.end(sys.Epoch); err != nil {
		return err
	}
	s, err := openSession(cmd, f.schedule, f.device, f.trace.options(device.Options{Workers: f.workers}))
	if err != nil {
		return err
	}
	defer s.Close()
	out, err := openStates(cmd, f.out)
	if err != nil {
		return err
	}
	defer out.close()
	bar := progress.New(terminal(), "integrating")
	defer bar.Clear()
	start := time.Now()
	end, err := perform(cmd.Context(), s, solarTask(f, sys, out, bar))
	bar.Clear()
	if err == nil {
		err = end.err
	}
	if err != nil {
		if end.last.Bodies == nil { // the simulation did not start
			return err
		}
		return f.keep(out, end, err)
	}
	r := end.report
	found := &solarReport{
		place: placeOf(end.info, device.Float64), Integrator: r.Integrator, Relativity: f.gr,
		FromJD: r.FromJD, ToJD: r.ToJD, Steps: r.Steps, Evaluations: r.Evaluations, Seconds: time.Since(start).Seconds(),
		EnergyError: real(r.EnergyError), AngularMomentumError: real(r.AngularMomentumError), BarycentreDrift: real(r.BarycentreDrift),
	}
	if f.input.standard() {
		if err := found.compare(end.last); err != nil {
			return err
		}
	}
	if f.input.elements {
		found.Elements = orbitsOf(end.last)
	}
	if found.Doubtful = r.EnergyError > doubtful; found.Doubtful {
		fmt.Fprintf(cmd.ErrOrStderr(), "note: the energy has changed by %.2g of itself: the steps were too long, as when bodies meet; the states mean little\n", r.EnergyError)
	}
	return errors.Join(f.reporting.print(cmd, f.out, found), out.commit(), f.draw(end.track))
}

// doubtful is the relative change of the energy from which on a run is called doubtful. Runs
// whose steps suit their bodies stay orders of magnitude below it, with relativity too.
const doubtful = 1e-3

// check returns a usage error for flags that are invalid or contradict each other.
func (f *solarFlags) check(cmd *cobra.Command) error {
	if f.plot != "" && !strings.HasSuffix(f.plot, ".png") {
		return usagef("--plot=%s: the name must end in .png", f.plot)
	}
	if f.every < 0 {
		return usagef("--every=%g is negative", f.every)
	}
	if fl := cmd.Flags(); (fl.Changed("tol") && !(f.tol > 0)) || (fl.Changed("dt") && !(f.dt > 0)) {
		return usagef("--tol and --dt must be positive; the direction follows from --until")
	}
	if err := oneOf("integrator", f.integrator, solar.Integrators()); err != nil {
		return err
	}
	if adaptive := f.integrator == solar.DefaultIntegrator; adaptive && cmd.Flags().Changed("dt") {
		return usagef("--dt=%g: %s chooses its steps by --tol; --dt requires an --integrator with a fixed step", f.dt, f.integrator)
	} else if !adaptive && cmd.Flags().Changed("tol") {
		return usagef("--tol=%g: %s has a fixed step, set by --dt; --tol requires %s", f.tol, f.integrator, solar.DefaultIntegrator)
	}
	return errors.Join(f.input.check(), f.checked.check(cmd), f.reporting.check())
}

// keep completes the file with the state reached, if the run was interrupted or diverged. It
// returns cause with what was kept.
func (f *solarFlags) keep(out *statesOut, end solarEnd, cause error) error {
	worth := errors.Is(cause, context.Canceled) || errors.Is(cause, solar.ErrDiverged)
	if f.out == "" || !worth || end.report.Steps == 0 {
		return fmt.Errorf("%w; reached JD %.4f, nothing was written", cause, end.report.ToJD)
	}
	if err := errors.Join(out.write(end.last), out.commit()); err != nil {
		return errors.Join(cause, err)
	}
	return fmt.Errorf("%w; kept the state at JD %.4f in %s", cause, end.report.ToJD, f.out)
}

// draw draws the orbits, if requested.
func (f *solarFlags) draw(track *solar.Track) error {
	if track == nil {
		return nil
	}
	return atomicfile.Write(f.plot, func(w io.Writer) error { return solar.DrawOrbits(w, track) })
}

// solarEnd is the outcome of an integration: the last state, and the track to draw, or nil.
type solarEnd struct {
	last   solar.Snapshot
	track  *solar.Track
	report solar.Report
	info   device.Info // of the device
	err    error       // of the simulation, not of the device
}

// evaluationsPerStep is roughly the least number of force evaluations of a step.
const evaluationsPerStep = 17

// solarTask returns the task of the integration.
func solarTask(f *solarFlags, sys *solar.System, out *statesOut, bar *progress.Bar) sched.Task[solarEnd] {
	n := len(sys.Bodies)
	bodies := device.Arg{Len: n * gravity.BodyWidth, Width: gravity.BodyWidth}
	acc := device.Arg{Len: n * gravity.AccelWidth, Width: gravity.AccelWidth}
	launch := gravity.NewForce(bodies, bodies, acc, 0.0, 0)
	times := solar.Evaluations(f.options(), math.Min(math.Abs(f.until-sys.Epoch), solar.MaxJD))
	size := int64(8 * n)
	return sched.Task[solarEnd]{
		Name:  "the integration",
		Needs: sched.Needs{Kernels: []*device.Kernel{launch.Kernel}, Memory: size * (gravity.BodyWidth + gravity.AccelWidth), Exact: true},
		Work:  []sched.Work{sched.WorkOf(launch, times)},
		Up:    sched.Transfer{Count: times, Bytes: totalBytes(times, size*gravity.BodyWidth)},
		Down:  sched.Transfer{Count: times, Bytes: totalBytes(times, size*gravity.AccelWidth)},
		Steps: max(1, times/evaluationsPerStep),
		Run: func(ctx context.Context, d device.Device) (solarEnd, error) {
			end, err := f.integrate(ctx, sys, d, out, bar)
			if err == nil || sched.IsFault(err) || impossible(err) && d.Info().Class != device.CPU {
				return end, err
			}
			end.err = err
			return end, nil
		},
	}
}

func (f *solarFlags) options() solar.Options {
	return solar.Options{Integrator: f.integrator, Dt: f.dt, Tol: f.tol, Relativity: f.gr}
}

// integrate runs the integration on d.
func (f *solarFlags) integrate(ctx context.Context, sys *solar.System, d device.Device, out *statesOut, bar *progress.Bar) (end solarEnd, err error) {
	end.info = d.Info()
	field, err := solar.NewDeviceField(f.checked.wrap(d), sys.GMs())
	if err != nil {
		return end, err
	}
	defer field.Close()
	sim, err := solar.New(sys, field, f.options())
	if err != nil {
		return end, err
	}
	if err := out.restart(); err != nil {
		return end, err
	}
	if f.plot != "" {
		end.track = solar.NewTrack(sim)
	}
	end.report, err = sim.Run(ctx, f.until, solar.Watch{
		Every: f.every,
		Progress: func(jd float64) {
			sched.Alive(ctx)
			bar.Set((jd - sys.Epoch) / (f.until - sys.Epoch))
			if end.track != nil {
				end.track.Add(sim)
			}
		},
		Sample: out.write,
	})
	end.last = sim.Snapshot()
	return end, err
}
