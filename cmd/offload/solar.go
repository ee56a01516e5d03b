package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"offload/device"
	"offload/internal/atomicfile"
	"offload/internal/progress"
	"offload/sims/solar"
)

// solarFlags holds the flags of sim solar.
type solarFlags struct {
	input                         solarInput
	events                        solarEvents
	particles                     solarParticles
	integrator, device, out, plot string
	dt, tol, every                float64
	model                         string
	gr                            bool
	workers                       int
	archive                       archiving
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
calendar or Julian dates. A change of the energy by more than 0.1 % is noted.

wh is for planets over long spans, radau15 for everything. --archive keeps frames from
which --resume goes on with the same bits (docs/archive.md); --close, --on-collision
and --escape list events (docs/events.md).`,
		Example: `  offload sim solar --gr --until=2462502.5
  offload sim solar --integrator=yoshida8 --dt=1 --until=2451910
  offload sim solar --model=de --until=2030-01-01
  offload sim solar --until=+100y --elements
  offload sim solar --bodies=my.csv --until=2010-01-01 --out=end.csv --plot=orbits.png
  offload sim solar --bodies=comet.csv --close=3hill --on-collision=merge
  offload sim solar --integrator=wh --until=+100y --particles=asteroids.npy --particles-out=end.npy
  offload sim solar --until=+1e5y --every=3652500 --archive=run.archive
  offload sim solar --resume=run.archive --until=+2e5y`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.trace.around(cmd, f.run, append(f.archive.paths(), f.out, f.plot, f.particles.out)...)
		},
	}
	deviceFlag(cmd, &f.device)
	fl := cmd.Flags()
	f.input.flags(cmd)
	fl.StringVar(&f.integrator, "integrator", solar.DefaultIntegrator, "integrator: "+strings.Join(solar.Integrators(), ", "))
	fl.Float64Var(&f.dt, "dt", 0, "step in days, for integrators with a fixed step (default depends on the integrator)")
	fl.Float64Var(&f.tol, "tol", 0, fmt.Sprintf("tolerance of radau15 (default %g)", solar.DefaultTol))
	fl.BoolVar(&f.gr, "gr", false, "add the Sun's first post-Newtonian term")
	fl.StringVar(&f.model, "model", "", "forces: de has those of JPL's DE405 (relativity of all bodies, figures, tides, asteroids), from J2000 on, with radau15")
	fl.Float64Var(&f.every, "every", 0, "days between the states that are written and archived (default only the last state)")
	intVar(cmd, &f.workers, "workers", 0, "workers of the cpu device (default one per CPU)")
	fl.StringVar(&f.out, "out", "", "write states to this CSV `file`; - for stdout")
	fl.StringVar(&f.plot, "plot", "", "draw the orbits to this PNG `file`")
	f.events.flags(cmd)
	f.particles.flags(cmd)
	f.archive.flags(cmd, "date")
	f.reporting.flag(cmd)
	f.trace.flag(cmd)
	f.checked.flag(cmd)
	return cmd
}

func (f *solarFlags) run(cmd *cobra.Command) error {
	if err := f.check(cmd); err != nil {
		return err
	}
	if err := foldersExist(f.out, f.plot, f.particles.out); err != nil {
		return err
	}
	r, err := f.prepare(cmd)
	if err != nil {
		return err
	}
	if r.plan.Options.Integrator == "wh" && len(r.xv) == 0 && cmd.Flags().Changed("device") {
		fmt.Fprintln(cmd.ErrOrStderr(), "note: wh computes on the host; --device has no effect")
	}
	s, err := openSession(cmd, f.schedule, f.device, f.trace.options(device.Options{Workers: f.workers}))
	if err != nil {
		return err
	}
	defer s.Close()
	if err := r.open(cmd, f); err != nil {
		return err
	}
	defer r.close()
	r.bar = progress.New(terminal(), "integrating")
	defer r.bar.Clear()
	start := time.Now()
	end, err := perform(cmd.Context(), s, r.task())
	r.bar.Clear()
	if err == nil {
		err = end.err
	}
	if err != nil {
		if end.last.Bodies == nil { // the simulation did not start
			return err
		}
		return r.keep(end, err)
	}
	found := r.report(end)
	found.Seconds = time.Since(start).Seconds()
	if r.standard {
		if err := found.compare(end.last); err != nil {
			return err
		}
	}
	if f.input.elements {
		found.Elements = orbitsOf(end.last)
	}
	if found.Doubtful {
		fmt.Fprintf(cmd.ErrOrStderr(), "note: the energy has changed by %.2g of itself: the steps were too long, as when bodies meet; the states mean little\n", float64(found.EnergyError))
	}
	return errors.Join(f.reporting.print(cmd, f.out, found), r.out.commit(), r.frames.close(), f.draw(end.track), f.particles.write(end.swarm.now))
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
	if f.model != "" {
		if err := oneOf("model", f.model, []string{"de"}); err != nil {
			return err
		}
		if f.gr {
			return usagef("--gr is part of --model=de")
		}
	}
	if adaptive := f.integrator == solar.DefaultIntegrator; adaptive && cmd.Flags().Changed("dt") {
		return usagef("--dt=%g: %s chooses its steps by --tol; --dt requires an --integrator with a fixed step", f.dt, f.integrator)
	} else if !adaptive && cmd.Flags().Changed("tol") {
		return usagef("--tol=%g: %s has a fixed step, set by --dt; --tol requires %s", f.tol, f.integrator, solar.DefaultIntegrator)
	}
	held := append([]string{"bodies", "epoch", "units", "frame", "integrator", "dt", "tol", "gr", "model", "every", "particles"}, eventFlags...)
	return errors.Join(f.input.check(), f.events.check(cmd), f.particles.check(f), f.archive.check(cmd, held...), f.checked.check(cmd), f.reporting.check())
}

// draw draws the orbits, if requested.
func (f *solarFlags) draw(track *solar.Track) error {
	if track == nil {
		return nil
	}
	return atomicfile.Write(f.plot, func(w io.Writer) error { return solar.DrawOrbits(w, track) })
}
