package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"offload/device"
	"offload/device/trace"
	"offload/internal/atomicfile"
	"offload/internal/timeline"
)

// traceFlags holds the flags of trace.
type traceFlags struct {
	plot   string
	pause  time.Duration
	panels int
}

func newTrace() *cobra.Command {
	var f traceFlags
	cmd := &cobra.Command{
		Use:   "trace FILE",
		Short: "Summarize or draw a timeline written by --trace",
		Long: `Summarize a timeline that bench or sim has written with --trace: for each queue and
worker the number of events and the time it was busy. With --plot, draw the timeline.
https://ui.perfetto.dev and chrome://tracing open the file, too.`,
		Example: `  offload bench --kernel=laplacian --trace=run.json
  offload trace run.json
  offload trace run.json --plot=run.svg`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	fl := cmd.Flags()
	fl.StringVar(&f.plot, "plot", "", "draw the timeline to this .svg or .png `file`")
	fl.DurationVar(&f.pause, "pause", 20*time.Millisecond, "start a new panel after a pause of this length")
	intVar(cmd, &f.panels, "panels", 4, "maximum number of panels")
	return cmd
}

func (f *traceFlags) run(cmd *cobra.Command, path string) error {
	kind := strings.ToLower(strings.TrimPrefix(filepath.Ext(f.plot), "."))
	switch {
	case f.plot != "" && !slices.Contains(timeline.Kinds(), kind):
		return usagef("--plot=%s: the name must end in .%s", f.plot, strings.Join(timeline.Kinds(), " or ."))
	case f.pause <= 0 || f.panels < 1:
		return usagef("--pause=%v and --panels=%d must be positive", f.pause, f.panels)
	}
	if err := foldersExist(f.plot); err != nil {
		return err
	}
	file, err := readTrace(path)
	if err != nil {
		return err
	}
	if err := printTracks(cmd.OutOrStdout(), file); err != nil || f.plot == "" {
		return err
	}
	var picture bytes.Buffer
	if err := timeline.Draw(&picture, kind, file, timeline.Options{Pause: f.pause, Panels: f.panels}); err != nil {
		return err
	}
	return atomicfile.Write(f.plot, func(w io.Writer) error {
		_, err := picture.WriteTo(w)
		return err
	})
}

func readTrace(path string) (*trace.File, error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	file, err := trace.Read(in)
	if err == nil {
		err = file.Check()
	}
	if err != nil {
		return nil, &inputError{fmt.Errorf("%s: %w", path, err)}
	}
	return file, nil
}

// printTracks prints a line for each track.
func printTracks(w io.Writer, f *trace.File) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "device\ttrack\tevents\tbusy\tfrom\tto")
	for _, track := range f.Tracks {
		if len(track.Spans) == 0 {
			fmt.Fprintf(t, "%s\t%s\t0\t–\t–\t–\n", track.Device, track.Name)
			continue
		}
		var busy time.Duration
		for _, s := range track.Spans {
			busy += s.Length
		}
		last := track.Spans[len(track.Spans)-1]
		fmt.Fprintf(t, "%s\t%s\t%d\t%v\t%v\t%v\n", track.Device, track.Name, len(track.Spans), busy, track.Spans[0].Start, last.End())
	}
	if f.Dropped > 0 {
		fmt.Fprintf(t, "%d events in the middle were dropped\n", f.Dropped)
	}
	return t.Flush()
}

// tracing is the flag --trace: the file for a timeline of the devices.
type tracing struct {
	path     string
	recorder *trace.Recorder // nil: none
}

func (t *tracing) flag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&t.path, "trace", "", "write a timeline of queues and workers to this `file`, for ui.perfetto.dev and 'offload trace'")
}

// options returns o with the recorder.
func (t *tracing) options(o device.Options) device.Options {
	if t.recorder != nil {
		o.Recorder = t.recorder
	}
	return o
}

// around runs a command and then writes the trace, if requested, even if the command
// failed or was interrupted. Others are the command's output files.
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
		fmt.Fprintf(cmd.ErrOrStderr(), "note: --trace: %d events in the middle were dropped; the first and last %d are kept\n", dropped, kept/2)
	}
	if err != nil {
		return fmt.Errorf("%w; the trace so far is in %s", err, t.path)
	}
	return nil
}

// check returns an error if the file cannot be written or is also another output.
func (t *tracing) check(others []string) error {
	if t.path == "" || t.path == toStdout {
		return usagef("--trace requires the name of a file")
	}
	for _, other := range others {
		if other == t.path {
			return usagef("--trace=%s is also the name of another output", t.path)
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
