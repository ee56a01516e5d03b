package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"offload"
	"offload/device"
	"offload/device/sched"
	"offload/internal/atomicfile"
	"offload/internal/bench"
	"offload/internal/progress"
)

// benchFlags holds the flags of bench.
type benchFlags struct {
	device, kernel, precision, math, format string
	plot                                    string
	n, workers                              intList
	sweeps, count                           int
	seed                                    uint64
	trace                                   tracing
	schedule                                schedule
}

// maxCount bounds the launches of a case, because all their times are kept.
const maxCount = 100_000_000

// Default sizes: a launch takes a few tenths of a second in plain Go on one core.
const (
	defaultBodies = 4096
	defaultPoints = 1024
)

func newBench(schedule schedule) *cobra.Command {
	f := benchFlags{schedule: schedule}
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure the kernels on a device",
		Long: `Measure kernels on a device:

  force      gravity among the n bodies of a Plummer sphere
  laplacian  Jacobi sweeps over a plate of n × n points
  heat       time steps of a plate of n × n points

Upload, launches and download are timed separately, and so is the first, cold launch.
The digest is the SHA-256 of the result's bytes: results with equal digests are equal
bit for bit.

On the host, each result is compared with a ceiling, measured in the same run with the
same number of workers:

  pairs  a loop with the arithmetic of force and no memory access
  sweep  a sweep of laplacian over a small block in the first-level cache
  copy   a copy of the grid, once for all sweeps of a launch

pairs is the ceiling of force. The lower of sweep and copy is the ceiling of laplacian,
and of heat, which has twice the operations. The word after it names the instruction
set of the loop.

With --device=auto, each case runs on the device that is predicted to finish first.
Kernels without measured costs are measured before, and a column shows the predicted
time of a launch beside the measured median.

--plot draws the rate over n, the speed-up over workers and the roofline, as far as the
results allow.`,
		Example: `  offload bench --device=cpu
  offload bench --kernel=force --n=1024,4096,16384 --precision=f64
  offload bench --workers=1,2 --format=json
  offload bench --n=256,512,1024,2048 --workers=1,2 --plot=bench.svg
  offload bench --count=10 --format=go > new.txt && benchstat old.txt new.txt`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.trace.around(cmd, f.run, f.plot) },
	}
	deviceFlag(cmd, &f.device)
	fl := cmd.Flags()
	fl.StringVar(&f.kernel, "kernel", "all", "kernel: force, laplacian, heat, all")
	fl.Var(&f.n, "n", fmt.Sprintf("bodies, or points along a side of the plate (default %d and %d)", defaultBodies, defaultPoints))
	intVar(cmd, &f.sweeps, "sweeps", 16, "sweeps or time steps of a launch of laplacian or heat")
	fl.StringVar(&f.precision, "precision", "", "precision: f32, f64 (default both)")
	fl.StringVar(&f.math, "math", string(device.Exact), "arithmetic: exact, fast")
	fl.Var(&f.workers, "workers", "workers of the cpu device (default one per CPU)")
	intVar(cmd, &f.count, "count", 5, "launches to measure after the cold one")
	fl.Uint64Var(&f.seed, "seed", 1, "seed of the input")
	fl.StringVar(&f.format, "format", "table", "output: table, json (one object per line), go (for benchstat)")
	fl.StringVar(&f.plot, "plot", "", "draw the results to this .svg or .png `file`")
	f.trace.flag(cmd)
	return cmd
}

func (f *benchFlags) run(cmd *cobra.Command) (err error) {
	cases, err := f.cases()
	if err != nil {
		return err
	}
	workers := []int(f.workers)
	if len(workers) == 0 {
		workers = []int{0}
	}
	out := bench.NewWriter(f.format, cmd.OutOrStdout(), f.device == offload.Auto)
	defer func() { // print complete results after an interrupt, too
		if e := out.Close(); err == nil {
			err = e
		}
	}()
	bar := progress.New(terminal(), "bench")
	defer bar.Clear()
	done, total := 0, len(workers)*len(cases)*(f.count+2)
	rec := &recorder{out: out, step: func() {
		done++
		bar.Set(float64(done) / float64(total))
	}}
	for _, w := range workers {
		if err := f.runOn(cmd, w, cases, rec); err != nil {
			return err
		}
	}
	return f.draw(cmd.Context(), rec)
}

// recorder compares results with their ceilings, prints them and keeps them.
type recorder struct {
	out      bench.Writer
	step     func() // called for each launch and each comparison
	ceilings bench.Ceilings
	results  []bench.Result
}

// add adds and prints a result. It prints it after an interrupt, too.
func (r *recorder) add(ctx context.Context, result bench.Result) error {
	err := r.ceilings.Compare(ctx, &result)
	r.step()
	r.results = append(r.results, result)
	return errors.Join(err, r.out.Write(result))
}

// runOn measures the cases on one device.
func (f *benchFlags) runOn(cmd *cobra.Command, workers int, cases []bench.Case, rec *recorder) error {
	s, err := openSession(cmd, f.schedule, f.device, f.trace.options(device.Options{Workers: workers, Math: device.Math(f.math)}))
	if err != nil {
		return err
	}
	defer s.Close()
	for _, c := range cases {
		r, err := f.measure(cmd, s, c, rec.step)
		if err == nil {
			err = rec.add(cmd.Context(), r)
		}
		if err != nil {
			return fmt.Errorf("%s, n = %d: %w", c.Kernel, c.N, err)
		}
	}
	return nil
}

// cases checks the flags and returns the cases to measure.
func (f *benchFlags) cases() ([]bench.Case, error) {
	kernels := bench.Kernels()
	if f.kernel != "all" {
		if err := oneOf("kernel", f.kernel, append(kernels, "all")); err != nil {
			return nil, err
		}
		kernels = []string{f.kernel}
	}
	precisions := []device.Type{device.Float32, device.Float64}
	if f.precision != "" {
		t, err := precisionOf(f.precision)
		if err != nil {
			return nil, err
		}
		precisions = []device.Type{t}
	}
	if err := oneOf("math", f.math, []string{string(device.Exact), string(device.Fast)}); err != nil {
		return nil, err
	}
	if err := oneOf("format", f.format, bench.Formats()); err != nil {
		return nil, err
	}
	if err := errors.Join(checkPlot(f.plot), foldersExist(f.plot)); err != nil {
		return nil, err
	}
	if f.sweeps < 1 || f.count < 1 || f.count > maxCount {
		return nil, usagef("--sweeps=%d and --count=%d must be at least 1, and the count at most %d", f.sweeps, f.count, maxCount)
	}
	return f.product(kernels, precisions), nil
}

// product returns a case for every kernel, precision and size.
func (f *benchFlags) product(kernels []string, precisions []device.Type) []bench.Case {
	var cases []bench.Case
	for _, k := range kernels {
		sizes := []int(f.n)
		if len(sizes) == 0 {
			sizes = []int{map[string]int{"force": defaultBodies, "laplacian": defaultPoints, "heat": defaultPoints}[k]}
		}
		for _, p := range precisions {
			for _, n := range sizes {
				cases = append(cases, bench.Case{Kernel: k, Precision: p, N: n, Sweeps: f.sweeps, Seed: f.seed})
			}
		}
	}
	return cases
}

// measure runs one case. With auto it runs where the scheduler places it, and the result
// includes the predicted time of a launch.
func (f *benchFlags) measure(cmd *cobra.Command, s *session, c bench.Case, step func()) (bench.Result, error) {
	t := caseTask(c, f.count, device.Math(f.math), step)
	if s.sched == nil {
		return t.Run(cmd.Context(), s.device)
	}
	if err := measured(cmd.Context(), s.sched, t.Needs.Kernels); err != nil {
		return bench.Result{}, err
	}
	launch, _, _ := c.Shape()
	alone := sched.Task[struct{}]{Name: t.Name, Needs: t.Needs, Work: []sched.Work{sched.WorkOf(launch, 1)}}
	before := sched.Predict(s.sched, alone)
	done, err := sched.Do(cmd.Context(), s.sched, t)
	r := done.Value
	if err != nil {
		return r, err
	}
	for _, e := range before.Estimates {
		if e.Device == done.Report.Device() && e.Known {
			r.SecondsPredicted = e.Run.Seconds()
		}
	}
	return r, nil
}

// caseTask returns the task of a case: its upload, a cold launch, count more, and its
// download. Later predictions use its measurements.
func caseTask(c bench.Case, count int, math device.Math, step func()) sched.Task[bench.Result] {
	launch, up, down := c.Shape()
	return sched.Task[bench.Result]{
		Name:  fmt.Sprintf("%s, n = %d", launch.Kernel.Name, c.N),
		Needs: sched.Needs{Kernels: []*device.Kernel{launch.Kernel}, Memory: c.Memory(), Exact: math != device.Fast},
		Work:  []sched.Work{sched.WorkOf(launch, count+1)},
		Up:    sched.Transfer{Count: 1, Bytes: up},
		Down:  sched.Transfer{Count: 1, Bytes: down},
		Steps: count + 1,
		Run: func(ctx context.Context, d device.Device) (bench.Result, error) {
			r, err := bench.Run(ctx, d, c, count, func() { sched.Alive(ctx); step() })
			for _, s := range r.Samples {
				sched.Observe(ctx, launch, time.Duration(s*1e9))
			}
			return r, err
		},
	}
}

// checkPlot returns a usage error if a picture cannot be drawn to path; "" is none.
func checkPlot(path string) error {
	if path != "" && !slices.Contains(bench.Pictures(), pictureOf(path)) {
		return usagef("--plot=%s: the name must end in .%s", path, strings.Join(bench.Pictures(), " or ."))
	}
	return nil
}

// pictureOf returns the kind of a picture, from its file name.
func pictureOf(path string) string {
	return strings.ToLower(strings.TrimPrefix(filepath.Ext(path), "."))
}

// draw writes the picture, if requested.
func (f *benchFlags) draw(ctx context.Context, rec *recorder) error {
	if f.plot == "" {
		return nil
	}
	memory, err := rec.memory(ctx)
	if err != nil {
		return err
	}
	var picture bytes.Buffer
	if err := bench.Draw(&picture, pictureOf(f.plot), rec.results, memory); err != nil {
		return err
	}
	return atomicfile.Write(f.plot, func(w io.Writer) error {
		_, err := picture.WriteTo(w)
		return err
	})
}

// memory returns the bandwidth for the roofline, for the largest number of workers of
// a result with a ceiling, or 0 if there is none.
func (r *recorder) memory(ctx context.Context) (float64, error) {
	workers := 0
	for _, result := range r.results {
		if result.CeilingRate > 0 {
			workers = max(workers, result.Workers)
		}
	}
	if workers == 0 {
		return 0, nil
	}
	return r.ceilings.Memory(ctx, workers)
}
