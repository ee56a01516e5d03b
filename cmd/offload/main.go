// Command offload runs, measures and verifies kernels on the devices of this machine,
// and runs two simulations built on them.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"offload"
	"offload/device"
	"offload/internal/sysinfo"
	"offload/sims/poisson"
	"offload/sims/solar"
)

func main() {
	collectInTime(sysinfo.FreeMemory().Free)
	os.Exit(run(offload.Schedule, os.Args[1:], os.Stdout, os.Stderr))
}

// collectInTime makes the garbage collector keep the process within the free memory, where
// what is in use fits. Linux would kill the process for what waits to be collected.
func collectInTime(free int64) {
	if limit := free / 16 * 15; limit > 0 && limit < debug.SetMemoryLimit(-1) { // of GOMEMLIMIT, if set
		debug.SetMemoryLimit(limit)
	}
}

// run executes a command line and returns the exit code. The first interrupt, SIGTERM or
// SIGHUP cancels the command; a second one kills the process.
func run(schedule schedule, args []string, stdout, stderr io.Writer) int {
	ctx, stop := cancelledBySignals(context.Background())
	defer stop()
	context.AfterFunc(ctx, stop)
	ranks := &job{}
	ctx = context.WithValue(ctx, jobKey{}, ranks)
	out := &output{Writer: stdout}
	cmd := newRoot(schedule)
	cmd.SetArgs(args)
	cmd.SetOut(out)
	cmd.SetErr(stderr)
	err := cmd.ExecuteContext(ctx)
	if err == nil {
		err = out.err
	}
	if err = ranks.end(ctx, err); err != nil {
		fmt.Fprintln(stderr, "offload:", message(ctx, err))
	}
	return exitCode(err)
}

// cancelledBySignals returns a context that is cancelled by an interrupt, SIGTERM or
// SIGHUP. Signals that were ignored at the start, as under nohup, stay ignored.
func cancelledBySignals(ctx context.Context) (context.Context, context.CancelFunc) {
	signals := slices.DeleteFunc([]os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}, signal.Ignored)
	if len(signals) == 0 { // NotifyContext without signals would catch all
		return context.WithCancel(ctx)
	}
	return signal.NotifyContext(ctx, signals...)
}

// output keeps the first error of writing to stdout, so that lost output leads to a
// nonzero exit code.
type output struct {
	io.Writer
	err error
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.Writer.Write(p)
	if err != nil && o.err == nil {
		o.err = err
	}
	return n, err
}

func newRoot(schedule schedule) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "offload",
		Short: "Numerical kernels on the GPU or the CPU, with the same bits",
		Long: `offload runs numerical kernels on a GPU or on a pool of CPU workers. The results
are the same on every device, bit for bit.

Exit codes: 0 success, 1 failure, 2 usage error, 3 device unavailable.`,
		Example: `  offload devices
  offload bench --device=cpu
  offload verify
  offload tune
  offload vet ./...
  offload sim solar --gr --until=2462502.5
  offload sim plate --n=257 --top=100 --plot=plate.png`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noArgs,
		RunE:          needSubcommand,

		PersistentPreRunE: joinRanks,
	}
	cmd.SetFlagErrorFunc(flagError)
	cmd.Version = version()
	cmd.SetVersionTemplate("{{.Version}}\n")
	cmd.PersistentFlags().BoolP("verbose", "v", false, "explain on stderr which devices are chosen and why")
	cmd.CompletionOptions.HiddenDefaultCmd = true
	cmd.AddCommand(newDevices(), newBench(schedule), newSim(schedule), newVerify(), newTune(schedule), newTrace(), newArchive(), newVet(), newVersion())
	return cmd
}

// needSubcommand prints the help of a command that only groups others, and returns a
// usage error.
func needSubcommand(cmd *cobra.Command, _ []string) error {
	if err := cmd.Help(); err != nil {
		return err
	}
	return usagef("%s needs a command", cmd.CommandPath())
}

// noArgs returns a usage error if there are arguments other than flags.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("unknown argument %q for %s%s; see %s --help", args[0], cmd.CommandPath(), suggestion("", similar(cmd, args[0])), cmd.CommandPath())
	}
	return nil
}

// oneFile returns a usage error unless there is one argument, the name of a file.
func oneFile(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usagef("%s takes one file; see %s --help", cmd.Name(), cmd.CommandPath())
	}
	return nil
}

// flagError returns a usage error that suggests flags similar to an unknown one.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) && len(unknown.GetSpecifiedName()) > 1 {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		err = fmt.Errorf("%w%s", err, suggestion("--", similarOf(names, unknown.GetSpecifiedName())))
	}
	return &usageError{err}
}

// similar returns the names of subcommands of cmd that are close to name.
func similar(cmd *cobra.Command, name string) []string {
	cmd.SuggestionsMinimumDistance = 2
	return cmd.SuggestionsFor(name)
}

// similarOf returns those of names that are close to name.
func similarOf(names []string, name string) []string {
	commands := &cobra.Command{} // cobra compares only names of commands
	for _, n := range names {
		commands.AddCommand(&cobra.Command{Use: n, Run: func(*cobra.Command, []string) {}})
	}
	return similar(commands, name)
}

func suggestion(prefix string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "; did you mean " + prefix + strings.Join(names, " or "+prefix) + "?"
}

// verbose reports whether the flag --verbose is set.
func verbose(cmd *cobra.Command) bool {
	v, _ := cmd.Flags().GetBool("verbose")
	return v
}

func newSim(schedule schedule) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sim",
		Short: "Run a simulation: solar or plate",
		Example: `  offload sim solar --gr --until=2462502.5
  offload sim plate --n=257 --top=100 --tol=1e-10`,
		Args: noArgs,
		RunE: needSubcommand,
	}
	cmd.AddCommand(newSolar(schedule), newPlate(schedule))
	return cmd
}

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version and the build settings",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), version())
			return err
		},
	}
}

func version() string {
	return fmt.Sprintf("offload %s %s %s/%s%s", offload.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH, buildSettings())
}

// buildSettings returns the build settings that affect the program.
func buildSettings() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	text := ""
	for _, s := range info.Settings {
		switch s.Key {
		case "GOAMD64", "GOARM64", "CGO_ENABLED", "-tags", "vcs.revision", "vcs.modified":
			text += " " + s.Key + "=" + s.Value
		}
	}
	return text
}

// The exit codes.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitUnavailable = 3
)

// usageError is an error in the command line.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// inputError is an error in the content of an input file.
type inputError struct{ err error }

func (e *inputError) Error() string { return e.err.Error() }
func (e *inputError) Unwrap() error { return e.err }

// exitCode returns the exit code for the error of a command.
func exitCode(err error) int {
	var usage *usageError
	var input *inputError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &input):
		return exitFailed
	case errors.Is(err, device.ErrUnavailable):
		return exitUnavailable
	case errors.Is(err, device.ErrInvalid), errors.Is(err, solar.ErrInput):
		return exitUsage
	}
	return exitFailed
}

// message is an error on one line, with a hint where there is one.
func message(ctx context.Context, err error) string {
	text := strings.Join(strings.Fields(strings.ReplaceAll(err.Error(), "\n", "; ")), " ")
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return "interrupted: " + text
	}
	for _, h := range []struct {
		err  error
		hint string
	}{
		{device.ErrUnavailable, "'offload devices' lists what is here"},
		{device.ErrOutOfMemory, "take a smaller problem"},
		{device.ErrUnsupported, "take another device or precision"},
		{solar.ErrDates, "--epoch=DATE, first or last"},
		{solar.ErrUnits, "--units=au-d, km-s or si"},
		{poisson.ErrIncompatible, "hold a temperature somewhere, or take steps in --time"},
	} {
		if errors.Is(err, h.err) {
			return text + " (" + h.hint + ")"
		}
	}
	return text
}
