// Command offload runs and measures kernels on the devices of this machine, and
// two simulations built on them.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"offload"
)

func main() {
	os.Exit(run(offload.Schedule, os.Args[1:], os.Stdout, os.Stderr))
}

// run executes a command line and returns the exit code. The first signal that asks the
// program to end cancels the work in good order; a second one kills.
func run(schedule schedule, args []string, stdout, stderr io.Writer) int {
	ctx, stop := cancelledBySignals(context.Background())
	defer stop()
	context.AfterFunc(ctx, stop)
	out := &output{Writer: stdout}
	cmd := newRoot(schedule)
	cmd.SetArgs(args)
	cmd.SetOut(out)
	cmd.SetErr(stderr)
	err := cmd.ExecuteContext(ctx)
	if err == nil {
		err = out.err
	}
	if err != nil {
		fmt.Fprintln(stderr, "offload:", message(ctx, err))
	}
	return exitCode(err)
}

// cancelledBySignals returns a context that ends with an interrupt, a request to end, or
// the terminal. A signal that the program was started to ignore, as nohup does, stays
// ignored.
func cancelledBySignals(ctx context.Context) (context.Context, context.CancelFunc) {
	signals := slices.DeleteFunc([]os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}, signal.Ignored)
	if len(signals) == 0 { // NotifyContext would take all of them
		return context.WithCancel(ctx)
	}
	return signal.NotifyContext(ctx, signals...)
}

// output keeps the first error of writing to stdout, so that no result is lost without
// an exit code.
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
