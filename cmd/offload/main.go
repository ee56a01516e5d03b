// Command offload runs and measures kernels on the devices of this machine, and
// two simulations built on them.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"offload"
)

func main() {
	os.Exit(run(offload.Schedule, os.Args[1:], os.Stdout, os.Stderr))
}

// run executes a command line and returns the exit code. The first interrupt
// cancels the work in good order; a second one kills.
func run(schedule schedule, args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	cmd := newRoot(schedule)
	cmd.SetArgs(args)
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	err := cmd.ExecuteContext(ctx)
	if err != nil {
		fmt.Fprintln(stderr, "offload:", message(ctx, err))
	}
	return exitCode(err)
}
