package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"offload/archive"
	"offload/device"
	"offload/internal/progress"
	"offload/sims/plate"
	"offload/sims/poisson"
)

// plateFlags holds the flags of sim plate.
type plateFlags struct {
	device, precision, init, out, plot string
	solver                             string
	n                                  shape
	edges                              plateEdges
	materials                          materials
	timing                             timing
	archive                            archiving
	tol, dx, dy                        float64
	maxSweeps, maxCycles, workers      int
	trace                              tracing
	schedule                           schedule
	checked                            checking
	reporting                          reporting
}

func newPlate(schedule schedule) *cobra.Command {
	f := plateFlags{n: shape{257, 257}, schedule: schedule}
	cmd := &cobra.Command{
		Use:   "plate",
		Short: "Compute the temperature of a heated plate",
		Long: `Compute the temperature of a flat plate: its steady state, or with --time its
change in time from the field of --init, or from 0 inside.

An edge is a temperature, a NumPy file with one for each of its points, or
  insulated         no heat passes
  flux:5000         5000 W/m² enter
  convection:25,20  25 W/(m²·K) times the difference to 20° outside enter
  periodic          the opposite edge, which must be periodic, too, comes next
--source is the heat that is generated, --conductivity the material, and --fixed holds
points inside. Maps are NumPy files with one number for each point, row by row from
the top: .npy, or .npz, of which --init=FILE.npz:NAME chooses one array.

The steady state is solved by multigrid, until the largest residual is at most --tol
times the largest temperature given. The residual of a point is how far it is from
the balance of its heat flows. --solver=jacobi sweeps until no point changes by more
than --tol.

With --time, explicit steps solve the heat equation for fixed edges; --scheme has two
implicit ones, for all plates and steps of any length: crank-nicolson is of second
order in the step, euler never overshoots. --every writes frames on the way.

--out writes the field for NumPy (.npy, .npz) or ParaView (.vti).

--n includes the edges: --n=257 has 255 × 255 interior points.`,
		Example: `  offload sim plate --n=257 --top=100
  offload sim plate --n=129x257 --top=100 --left=50 --out=plate.npy --plot=plate.png
  offload sim plate --n=513 --top=100 --left=insulated --right=convection:25,20
  offload sim plate --n=257 --top=100 --time=2.5 --dx=1e-3 --dy=1e-3 --out=plate.vti
  offload sim plate --n=129 --left=flux:5000 --right=20 --time=60 --dt=0.5 --every=10 --out=plate.npy
  offload sim plate --n=129 --top=100 --solver=jacobi --tol=1e-10
  offload sim plate --n=1025 --left=flux:5000 --time=3600 --every=60 --archive=run.archive
  offload sim plate --resume=run.archive --out=end.npy`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.trace.around(cmd, f.run, append(f.archive.paths(), f.out, f.plot)...)
		},
	}
	deviceFlag(cmd, &f.device)
	fl := cmd.Flags()
	fl.Var(&f.n, "n", "grid points, rows by columns")
	f.edges.flags(cmd)
	f.materials.flags(cmd)
	fl.StringVar(&f.init, "init", "", "start from the field in this NumPy `file`: .npy, .npz or .npz:NAME")
	fl.StringVar(&f.solver, "solver", "multigrid", "method for the steady state: multigrid, jacobi")
	fl.Float64Var(&f.tol, "tol", 0, "tolerance (multigrid: 1e-10 in f64, 4.8e-7 in f32; jacobi: 1e-8, 1e-4)")
	intVar(cmd, &f.maxCycles, "max-cycles", 100, "maximum number of cycles of multigrid")
	intVar(cmd, &f.maxSweeps, "max-sweeps", 0, "maximum number of sweeps of jacobi, which it implies; without --tol, the exact number")
	f.timing.flags(cmd)
	fl.Float64Var(&f.dx, "dx", 1e-3, "distance between columns in m")
	fl.Float64Var(&f.dy, "dy", 1e-3, "distance between rows in m")
	fl.StringVar(&f.precision, "precision", "f64", "precision: f32, f64")
	intVar(cmd, &f.workers, "workers", 0, "workers of the cpu device (default one per CPU)")
	fl.StringVar(&f.out, "out", "", "write the field to this `file`: .npy, .npz or .vti; - for stdout, as .npy")
	fl.StringVar(&f.plot, "plot", "", "draw the field to this PNG `file`")
	f.archive.flags(cmd, "time")
	f.reporting.flag(cmd)
	f.trace.flag(cmd)
	f.checked.flag(cmd)
	return cmd
}

func (f *plateFlags) run(cmd *cobra.Command) error {
	if err := f.check(cmd); err != nil {
		return err
	}
	if f.archive.resume != "" {
		if err := f.precisionOfArchive(cmd.Context()); err != nil {
			return err
		}
	}
	precision, err := precisionOf(f.precision)
	if err != nil {
		return err
	}
	if err := foldersExist(f.out, f.plot); err != nil {
		return err
	}
	s, err := openSession(cmd, f.schedule, f.device, f.trace.options(device.Options{Workers: f.workers}))
	if err != nil {
		return err
	}
	defer s.Close()
	if precision == device.Float32 {
		return runPlate[float32](cmd, f, s)
	}
	return runPlate[float64](cmd, f, s)
}

// precisionOfArchive sets the precision to that of the archive of --resume.
func (f *plateFlags) precisionOfArchive(ctx context.Context) error {
	a, err := archive.Open(ctx, f.archive.resume)
	if err != nil {
		return archiveError(err)
	}
	defer a.Close()
	plan, err := plate.ReadPlan(a.Run())
	if err != nil {
		return &inputError{fmt.Errorf("%s: %w", f.archive.resume, err)}
	}
	f.precision = plan.Precision
	return nil
}

// check returns a usage error for flags that are invalid or contradict each other.
func (f *plateFlags) check(cmd *cobra.Command) error {
	set := cmd.Flags().Changed
	if set("max-sweeps") && !set("solver") {
		f.solver = jacobi
	}
	switch {
	case f.plot != "" && !strings.HasSuffix(f.plot, ".png"):
		return usagef("--plot=%s: the name must end in .png", f.plot)
	case f.out != "" && f.out != toStdout && plate.CheckName(f.out) != nil:
		return usagef("--out: %w", plate.CheckName(f.out))
	case set("init") && set("n"):
		return usagef("--n cannot be used with --init, whose file gives the shape")
	case set("time") && (set("tol") || set("max-sweeps") || set("max-cycles") || set("solver")):
		return usagef("--solver, --tol, --max-sweeps and --max-cycles cannot be used with --time")
	case set("max-sweeps") && f.solver != jacobi, set("max-cycles") && f.solver == jacobi:
		return usagef("--max-sweeps is for --solver=jacobi, --max-cycles for multigrid")
	case f.general() && f.solver == jacobi:
		return usagef("--solver=jacobi is for fixed edges, without --source, --conductivity and --fixed")
	case set("tol") && !(f.tol > 0):
		return usagef("--tol must be positive")
	case set("max-sweeps") && f.maxSweeps < 1, f.maxCycles < 1:
		return usagef("--max-sweeps and --max-cycles must be at least 1")
	}
	if err := f.timing.check(set, f.general(), f.out); err != nil {
		return err
	}
	held := []string{"n", "top", "bottom", "left", "right", "source", "conductivity", "fixed", "init", "solver", "tol", "max-cycles", "max-sweeps",
		"time", "dt", "scheme", "diffusivity", "capacity", "every", "dx", "dy", "precision"}
	if err := f.archive.check(cmd, held...); err != nil {
		return err
	}
	return errors.Join(oneOf("solver", f.solver, []string{"multigrid", jacobi}), f.checked.check(cmd), f.reporting.check(), refuseTerminal(cmd, f.out))
}

// jacobi is the solver by Jacobi's method.
const jacobi = plate.MethodJacobi

// general reports whether the plate is beyond Jacobi's method and explicit steps.
func (f *plateFlags) general() bool { return !f.edges.held() || f.materials.some() }

func runPlate[T device.Float](cmd *cobra.Command, f *plateFlags, s *session) error {
	job, err := jobOf[T](cmd, f, s.info())
	if err != nil {
		return err
	}
	field := job.field
	if err := job.open(cmd.Context(), &f.archive); err != nil {
		return err
	}
	defer job.frames.close()
	bar := progress.New(terminal(), "plate")
	defer bar.Clear()
	run, err := plateRunOf(job)
	if err != nil {
		return err
	}
	if err := run.fits(field, s.info()); err != nil {
		return err
	}
	task := plateTask(f, run, job, bar)
	start := time.Now()
	end, err := perform(cmd.Context(), s, task)
	bar.Clear()
	if err == nil {
		err = end.err
	}
	var printed error
	if found := end.report; found != nil {
		found.place, found.Seconds = placeOf(end.info, device.TypeOf[T]()), time.Since(start).Seconds()
		found.Archive = job.frames.report()
		measure(found, end.field)
		printed = f.reporting.print(cmd, f.out, found)
		if m := found.multigridReport; m != nil && m.Outside > 0 && device.TypeOf[T]() == device.Float32 {
			fmt.Fprintf(cmd.ErrOrStderr(), "note: points are up to %.2g beyond the temperatures given, by rounding\n", float64(m.Outside))
		}
	}
	if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, plate.ErrNotConverged) && !errors.Is(err, poisson.ErrNotConverged) {
		return errors.Join(job.kept(err), printed)
	}
	if errors.Is(err, context.Canceled) {
		err = &interruption{end.report, err}
	}
	if end.field == nil { // the task did not start
		end.field = field
	}
	written := writePlate(cmd, f, end.field, err)
	if err != nil && f.out == "" && job.frames.wanted() { // the archive has what was kept
		written = nil
	}
	return errors.Join(job.kept(err), printed, written, job.frames.close())
}

// interruption is the error of a simulation that was interrupted, in words about its report
// instead of the memory of a solver.
type interruption struct {
	report *plateReport // nil if nothing was done
	err    error
}

func (i *interruption) Unwrap() error { return i.err }

func (i *interruption) Error() string {
	switch r := i.report; {
	case r == nil:
		return "at the start"
	case r.timeReport != nil:
		return fmt.Sprintf("after %d steps, at %.3g s", r.Steps, r.Time)
	case r.cyclesReport != nil:
		return fmt.Sprintf("after %d cycles", r.Cycles)
	default:
		return fmt.Sprintf("after %d sweeps", r.Sweeps)
	}
}

// startOf returns the initial field.
func startOf[T device.Float](cmd *cobra.Command, f *plateFlags, info device.Info) (*plate.Field[T], error) {
	if f.init == "" {
		if err := fits[T](f.n, info); err != nil {
			return nil, err
		}
		field, err := plate.NewField[T](f.n.rows, f.n.cols, f.edges.temperatures())
		if err != nil {
			return nil, err
		}
		if err := setEdges(&f.edges, field, func(string) bool { return true }); err != nil {
			return nil, err
		}
		return field, field.Check()
	}
	field, err := plate.Read[T](f.init) // its errors name the file
	if err != nil {
		return nil, &inputError{err}
	}
	if err := setEdges(&f.edges, field, cmd.Flags().Changed); err != nil {
		return nil, err
	}
	if err := field.Check(); err != nil {
		return nil, &inputError{fmt.Errorf("%s: %w", f.init, err)}
	}
	return field, nil
}

// fits returns an error if the fields and scratch of a grid exceed the device's memory.
func fits[T device.Float](n shape, info device.Info) error {
	const fields = 6 // of the host, on the device, scratch, and room for a picture
	need := fields * float64(n.rows) * float64(n.cols) * float64(device.TypeOf[T]().Size())
	if info.Memory > 0 && need > float64(info.Memory) {
		return info.OutOfMemory(fmt.Sprintf("%d × %d points", n.rows, n.cols), need)
	}
	return nil
}

// writePlate writes the requested files. After an interrupt or a missed tolerance
// (cause) it writes only the field, and returns an error that says what was kept.
func writePlate[T device.Float](cmd *cobra.Command, f *plateFlags, field *plate.Field[T], cause error) error {
	if f.out != "" {
		if err := writeField(cmd, f, field); err != nil {
			return err
		}
		switch {
		case cause == nil:
		case f.out == toStdout:
			return errors.New("kept the field so far")
		case strings.HasSuffix(f.out, ".vti"):
			return fmt.Errorf("kept the field so far in %s", f.out)
		default:
			return fmt.Errorf("kept the field so far in %s; continue with --init=%s", f.out, f.out)
		}
	}
	if f.plot != "" && cause == nil {
		return plate.WritePNG(f.plot, field, plate.PictureOptions{Unit: "°", Dx: f.dx, Dy: f.dy})
	}
	if cause != nil {
		return errors.New("nothing was written")
	}
	return nil
}

// writeField writes the field to the file of --out, or to stdout.
func writeField[T device.Float](cmd *cobra.Command, f *plateFlags, field *plate.Field[T]) error {
	if f.out == toStdout {
		return plate.EncodeNPY(cmd.OutOrStdout(), field)
	}
	return plate.Write(f.out, field, plate.WriteOptions{Dx: f.dx, Dy: f.dy})
}
