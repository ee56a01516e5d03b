package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"offload/device/trace"
	"offload/internal/atomicfile"
	"offload/internal/timeline"
)

// traceFlags are the flags of trace.
type traceFlags struct {
	plot   string
	pause  time.Duration
	panels int
}

func newTrace() *cobra.Command {
	var f traceFlags
	cmd := &cobra.Command{
		Use:   "trace FILE",
		Short: "Sum up a timeline that --trace wrote, and draw it",
		Long: `Sum up a file that bench or sim wrote with --trace: for each queue and worker how
much happened and how long it was busy; and draw it. The file also opens in
https://ui.perfetto.dev and chrome://tracing.`,
		Example: `  offload bench --kernel=laplacian --trace=run.json
  offload trace run.json
  offload trace run.json --plot=run.svg`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("trace takes one file; see offload trace --help")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	fl := cmd.Flags()
	fl.StringVar(&f.plot, "plot", "", "draw the timeline in this file: .svg or .png")
	fl.DurationVar(&f.pause, "pause", 20*time.Millisecond, "begin a new panel where nothing happens for so long")
	intVar(cmd, &f.panels, "panels", 4, "panels to draw, from the first on")
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
		fmt.Fprintf(t, "%d events in the middle were left out\n", f.Dropped)
	}
	return t.Flush()
}
