package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"offload/device"
	"offload/device/trace"
	"offload/internal/atomicfile"
)

// tracing is the flag --trace: where a timeline of the devices is written.
type tracing struct {
	path     string
	recorder *trace.Recorder // nil: none
}

func (t *tracing) flag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&t.path, "trace", "", "write a timeline of queues and workers to this file, for ui.perfetto.dev and 'offload trace'")
}

// options are o with the recorder.
func (t *tracing) options(o device.Options) device.Options {
	if t.recorder != nil {
		o.Recorder = t.recorder
	}
	return o
}

// around runs a command, and then writes the trace if one was asked for, also
// when the command failed or was interrupted. The others are its output files.
func (t *tracing) around(cmd *cobra.Command, run func(*cobra.Command) error, others ...string) error {
	if !cmd.Flags().Changed("trace") {
		return run(cmd)
	}
	if err := t.check(others); err != nil {
		return err
	}
	t.recorder = trace.New(0)
	err := run(cmd)
	kept, dropped := t.recorder.Counts()
	if err != nil && kept == 0 {
		return err
	}
	if e := t.write(); e != nil {
		return errors.Join(err, fmt.Errorf("--trace: %w", e))
	}
	if dropped > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "note: --trace: %d events in the middle were left out, the first and the last %d kept\n", dropped, kept/2)
	}
	if err != nil {
		return fmt.Errorf("%w; the trace up to there is in %s", err, t.path)
	}
	return nil
}

// check finds out before the work whether the file will have a place.
func (t *tracing) check(others []string) error {
	if t.path == "" || t.path == toStdout {
		return usagef("--trace needs the name of a file")
	}
	for _, other := range others {
		if other == t.path {
			return usagef("--trace=%s is the name of another output, too", t.path)
		}
	}
	if info, err := os.Stat(t.path); err == nil && info.IsDir() {
		return usagef("--trace=%s is a folder", t.path)
	}
	return foldersExist(t.path)
}

func (t *tracing) write() error {
	return atomicfile.Write(t.path, func(w io.Writer) error {
		_, err := t.recorder.WriteTo(w)
		return err
	})
}
