package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"offload/device"
	"offload/internal/progress"
	"offload/sims/plate"
)

// plateFlags holds the flags of sim plate.
type plateFlags struct {
	device, precision, init, out, plot string
	n                                  shape
	edges                              plate.Edges
	tol, time, dt, diffusivity, dx, dy float64
	maxSweeps, workers                 int
	trace                              tracing
	schedule                           schedule
	checked                            checking
	reporting                          reporting
}

// aluminium is the thermal diffusivity of pure aluminium at room temperature in
// m²/s (CRC Handbook of Chemistry and Physics).
const aluminium = 9.7e-5

func newPlate(schedule schedule) *cobra.Command {
	f := plateFlags{n: shape{257, 257}, schedule: schedule}
	cmd := &cobra.Command{
		Use:   "plate",
		Short: "Compute the temperature of a heated plate",
		Long: `Compute the temperature of a flat plate whose edges are held at given
temperatures. Without --time, compute the steady state with Jacobi sweeps until no
point changes by more than the tolerance. With --time, solve the heat equation with
explicit time steps. The interior starts at 0; with --init, the whole field is read
from a NumPy file: a matrix of numbers of any type, one row of points after the other
from the top, in .npy or .npz; --init=FILE.npz:NAME chooses one of several arrays.

--out writes the field for NumPy (.npy, .npz) or ParaView (.vti).

--n includes the edges: --n=257 has 255 × 255 interior points.`,
		Example: `  offload sim plate --n=257 --top=100 --tol=1e-10
  offload sim plate --n=129x257 --top=100 --left=50 --out=plate.npy --plot=plate.png
  offload sim plate --n=257 --top=100 --time=2.5 --dx=1e-3 --dy=1e-3 --out=plate.vti
  offload sim plate --init=plate.npy --tol=1e-10`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.trace.around(cmd, f.run, f.out, f.plot) },
	}
	deviceFlag(cmd, &f.device)
	fl := cmd.Flags()
	fl.Var(&f.n, "n", "grid points, rows by columns")
	fl.Float64Var(&f.edges.Top, "top", 0, "temperature of the top edge")
	fl.Float64Var(&f.edges.Bottom, "bottom", 0, "temperature of the bottom edge")
	fl.Float64Var(&f.edges.Left, "left", 0, "temperature of the left edge")
	fl.Float64Var(&f.edges.Right, "right", 0, "temperature of the right edge")
	fl.StringVar(&f.init, "init", "", "start from the field in this NumPy `file`: .npy, .npz or .npz:NAME")
	fl.Float64Var(&f.tol, "tol", 0, "stop when no point changes by more in a sweep (default 1e-8 in f64, 1e-4 in f32)")
	intVar(cmd, &f.maxSweeps, "max-sweeps", 0, "maximum number of sweeps; without --tol, the exact number")
	fl.Float64Var(&f.time, "time", 0, "simulate this many seconds instead of the steady state")
	fl.Float64Var(&f.dt, "dt", 0, "time step in seconds (default 0.9 of the largest stable one)")
	fl.Float64Var(&f.diffusivity, "diffusivity", aluminium, "thermal diffusivity in m²/s; the default is aluminium")
	fl.Float64Var(&f.dx, "dx", 1e-3, "distance between columns in m")
	fl.Float64Var(&f.dy, "dy", 1e-3, "distance between rows in m")
	fl.StringVar(&f.precision, "precision", "f64", "precision: f32, f64")
	intVar(cmd, &f.workers, "workers", 0, "workers of the cpu device (default one per CPU)")
	fl.StringVar(&f.out, "out", "", "write the field to this `file`: .npy, .npz or .vti; - for stdout, as .npy")
	fl.StringVar(&f.plot, "plot", "", "draw the field to this PNG `file`")
	f.reporting.flag(cmd)
	f.trace.flag(cmd)
	f.checked.flag(cmd)
	return cmd
}

func (f *plateFlags) run(cmd *cobra.Command) error {
	precision, err := precisionOf(f.precision)
	if err != nil {
		return err
	}
	if err := f.check(cmd); err != nil {
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

// check returns a usage error for flags that are invalid or contradict each other.
func (f *plateFlags) check(cmd *cobra.Command) error {
	set := cmd.Flags().Changed
	switch {
	case f.plot != "" && !strings.HasSuffix(f.plot, ".png"):
		return usagef("--plot=%s: the name must end in .png", f.plot)
	case f.out != "" && f.out != toStdout && plate.CheckName(f.out) != nil:
		return usagef("--out: %w", plate.CheckName(f.out))
	case set("init") && set("n"):
		return usagef("--n cannot be used with --init, whose file gives the shape")
	case set("time") && (set("tol") || set("max-sweeps")):
		return usagef("--tol and --max-sweeps cannot be used with --time")
	case !set("time") && (set("dt") || set("diffusivity")):
		return usagef("--dt and --diffusivity require --time")
	case set("time") && !(f.time > 0), set("dt") && !(f.dt > 0), set("tol") && !(f.tol > 0):
		return usagef("--time, --dt and --tol must be positive")
	case set("max-sweeps") && f.maxSweeps < 1:
		return usagef("--max-sweeps=%d must be at least 1", f.maxSweeps)
	}
	return errors.Join(f.checked.check(cmd), f.reporting.check(), refuseTerminal(cmd, f.out))
}

func runPlate[T device.Float](cmd *cobra.Command, f *plateFlags, s *session) error {
	if f.time == 0 && f.tol == 0 && f.maxSweeps == 0 {
		f.tol = map[device.Type]float64{device.Float32: 1e-4, device.Float64: 1e-8}[device.TypeOf[T]()]
	}
	field, err := startOf[T](cmd, f, s.info())
	if err != nil {
		return err
	}
	bar := progress.New(terminal(), "plate")
	defer bar.Clear()
	task, err := plateTask(f, field, bar)
	if err != nil {
		return err
	}
	start := time.Now()
	end, err := perform(cmd.Context(), s, task)
	bar.Clear()
	if err == nil {
		err = end.err
	}
	var printed error
	if found := end.report; found != nil {
		found.place, found.Seconds = placeOf(end.info, device.TypeOf[T]()), time.Since(start).Seconds()
		measure(found, end.field)
		printed = f.reporting.print(cmd, f.out, found)
	}
	if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, plate.ErrNotConverged) {
		return errors.Join(err, printed)
	}
	if end.field == nil { // the task did not start
		end.field = field
	}
	return errors.Join(err, printed, writePlate(cmd, f, end.field, err))
}

// startOf returns the initial field.
func startOf[T device.Float](cmd *cobra.Command, f *plateFlags, info device.Info) (*plate.Field[T], error) {
	if f.init == "" {
		if err := fits[T](f.n, info); err != nil {
			return nil, err
		}
		return plate.NewField[T](f.n.rows, f.n.cols, f.edges)
	}
	field, err := plate.Read[T](f.init) // its errors name the file
	if err != nil {
		return nil, &inputError{err}
	}
	f.setEdges(cmd, func(row, col int, t float64) { field.T[row*field.Cols+col] = T(t) }, field.Rows, field.Cols)
	if err := field.Check(); err != nil {
		return nil, &inputError{fmt.Errorf("%s: %w", f.init, err)}
	}
	return field, nil
}

// fits returns an error if the fields and scratch of a grid exceed the device's memory.
func fits[T device.Float](n shape, info device.Info) error {
	const fields = 6 // the host's, two on the device, scratch, and room for a picture
	need := fields * float64(n.rows) * float64(n.cols) * float64(device.TypeOf[T]().Size())
	if info.Memory > 0 && need > float64(info.Memory) {
		return info.OutOfMemory(n.String()+" points", need)
	}
	return nil
}

// setEdges overwrites the edges whose flags are set, in a field from a file.
func (f *plateFlags) setEdges(cmd *cobra.Command, set func(row, col int, t float64), rows, cols int) {
	changed := cmd.Flags().Changed
	for row := range rows {
		if changed("left") {
			set(row, 0, f.edges.Left)
		}
		if changed("right") {
			set(row, cols-1, f.edges.Right)
		}
	}
	for col := range cols {
		if changed("bottom") {
			set(rows-1, col, f.edges.Bottom)
		}
		if changed("top") {
			set(0, col, f.edges.Top)
		}
	}
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
