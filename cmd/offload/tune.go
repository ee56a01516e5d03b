package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"offload"
	"offload/device"
	"offload/device/sched"
	"offload/internal/bench"
	"offload/internal/progress"
)

// tuneFlags holds the flags of tune.
type tuneFlags struct {
	device   string
	force    bool
	workers  int
	schedule schedule
}

func newTune(schedule schedule) *cobra.Command {
	f := tuneFlags{schedule: schedule}
	cmd := &cobra.Command{
		Use:   "tune",
		Short: "Measure the costs of kernels for --device=auto",
		Long: `Measure the start-up time and the rate of every kernel, and of transfers, on the CPU
and on each device that auto may choose, or on that of --device. The costs are saved in
the user's cache folder, for the device, its driver and this version. Kernels with
saved costs are measured again only with --force.

The last column is the size from which the device is faster than the CPU, transfers
included: the number of bodies, or of points along a side of the plate, with 16 sweeps.`,
		Example: `  offload tune
  offload tune --device=gpu:1 --force`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	deviceFlag(cmd, &f.device)
	fl := cmd.Flags()
	fl.BoolVar(&f.force, "force", false, "discard the saved costs and measure again")
	intVar(cmd, &f.workers, "workers", 0, "workers of the cpu device (default one per CPU)")
	return cmd
}

func (f *tuneFlags) run(cmd *cobra.Command) (err error) {
	o := offload.ScheduleOptions{Device: device.Options{Workers: f.workers}}
	switch f.device {
	case offload.Auto:
	case "cpu":
		o.Names = []string{}
	default:
		if err := offload.CheckName(f.device); err != nil {
			return usagef("--device=%s: %w", f.device, err)
		}
		o.Names = []string{f.device}
	}
	s, err := f.schedule(cmd.Context(), o)
	if err != nil {
		return err
	}
	defer func() {
		if e := s.Close(); err == nil {
			err = e
		}
	}()
	states, err := f.usable(cmd, s)
	if err != nil {
		return err
	}
	if err := f.measure(cmd, s, states); err != nil {
		return err
	}
	return printCosts(cmd.OutOrStdout(), s, states)
}

// usable returns the available candidates. It fails if the device of --device is
// unavailable.
func (f *tuneFlags) usable(cmd *cobra.Command, s *sched.Scheduler) (here []sched.State, err error) {
	for _, state := range s.States() {
		switch {
		case state.Usable:
			here = append(here, state)
		case f.device != offload.Auto:
			return nil, state.Err // names the device
		default:
			fmt.Fprintln(cmd.ErrOrStderr(), "note:", missing(cmd, state.Name, state.Err))
		}
	}
	return here, nil
}

func (f *tuneFlags) measure(cmd *cobra.Command, s *sched.Scheduler, states []sched.State) error {
	if f.force {
		if err := s.Forget(); err != nil {
			return err
		}
	}
	bar := progress.New(terminal(), "tune")
	defer bar.Clear()
	cases := tuneCases()
	for i, state := range states {
		for j, c := range cases {
			launch, _, _ := c.Shape()
			bar.Set(float64(i*len(cases)+j) / float64(len(states)*len(cases)))
			if s.Measured(state.Name, launch.Kernel) || !slices.Contains(state.Info.Precisions, c.Precision) {
				continue
			}
			if err := s.Calibrate(cmd.Context(), state.Name, []*device.Kernel{launch.Kernel}); err != nil {
				return err
			}
		}
	}
	return nil
}

// tuneCases returns a case for every kernel and precision.
func tuneCases() (cases []bench.Case) {
	for _, k := range bench.Kernels() {
		for _, p := range []device.Type{device.Float32, device.Float64} {
			cases = append(cases, bench.Case{Kernel: k, Precision: p, N: 1024, Sweeps: tuneSweeps})
		}
	}
	return cases
}

// tuneSweeps is the number of sweeps of the launches compared; the others limit their
// sizes.
const (
	tuneSweeps  = 16
	mostBodies  = 1 << 20
	mostPoints  = 1 << 14
	fewestItems = 2
)

// printCosts prints the fitted costs, and from which size devices are faster than the
// last one, which is the CPU.
func printCosts(w io.Writer, s *sched.Scheduler, states []sched.State) error {
	host := states[len(states)-1].Name
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "kernel\tprecision\tdevice\tstart-up\trate\tfaster than %s\n", host)
	for _, c := range tuneCases() {
		launch, _, _ := c.Shape()
		for i := len(states) - 1; i >= 0; i-- {
			name := states[i].Name
			start, ops, ok := s.Costs(name, launch.Kernel)
			if !ok {
				fmt.Fprintf(t, "%s\t%v\t%s\t–\tnot measured\t–\n", c.Kernel, c.Precision, name)
				continue
			}
			cost := device.CostOf(launch)
			where := "–"
			if name != host {
				where = crossover(s, name, host, c)
			}
			fmt.Fprintf(t, "%s\t%v\t%s\t%v\t%s\t%s\n", c.Kernel, c.Precision, name, start.Round(time.Microsecond/10),
				bench.FormatRate(ops*cost.Items/cost.Ops, launch.Kernel.Unit+"/s"), where)
		}
	}
	return t.Flush()
}

// crossover describes from which size a device is faster than the host.
func crossover(s *sched.Scheduler, name, host string, c bench.Case) string {
	most := mostPoints
	if c.Kernel == "force" {
		most = mostBodies
	}
	n, ok := sched.Crossover(s, name, host, fewestItems, most, func(n int) sched.Task[bench.Result] {
		c := c
		c.N = n
		return caseTask(c, 0, device.Exact, func() {})
	})
	switch {
	case !ok:
		return fmt.Sprintf("not up to n = %d", most)
	case n == fewestItems:
		return "always"
	}
	return fmt.Sprintf("from n = %d", n)
}

// measured calibrates kernels without costs on the host, so that there is a prediction
// even if the host is the only device.
func measured(ctx context.Context, s *sched.Scheduler, kernels []*device.Kernel) error {
	states := s.States()
	host := states[len(states)-1].Name
	for _, k := range kernels {
		if s.Measured(host, k) {
			continue
		}
		if err := s.Calibrate(ctx, host, []*device.Kernel{k}); err != nil {
			return err
		}
	}
	return s.Ready(ctx, kernels...)
}
