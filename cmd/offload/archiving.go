package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"offload/archive"
)

// archiving is the flags --archive, --resume and --at of simulations.
type archiving struct{ path, resume, at string }

func (a *archiving) flags(cmd *cobra.Command, when string) {
	fl := cmd.Flags()
	fl.StringVar(&a.path, "archive", "", "append frames to this new `file`, from which --resume goes on")
	fl.StringVar(&a.resume, "resume", "", "go on with the run in this archive `file`, and append to it")
	fl.StringVar(&a.at, "at", "", "with --resume and a new --archive: go on from the last frame until this `"+when+"`")
}

// check returns a usage error for flags that contradict each other or, with --resume, one
// of the flags that the archive holds.
func (a *archiving) check(cmd *cobra.Command, held ...string) error {
	if a.at != "" && (a.resume == "" || a.path == "") {
		return usagef("--at requires --resume=FILE and --archive=NEW, which leaves the later frames of FILE as they are")
	}
	if a.resume == "" {
		return nil
	}
	for _, name := range held {
		if cmd.Flags().Changed(name) {
			return usagef("--%s cannot be used with --resume, which goes on with the options of the archive", name)
		}
	}
	return nil
}

// paths returns the files of the flags.
func (a *archiving) paths() []string { return []string{a.path, a.resume} }

// source is the frame from which a run goes on.
type source struct {
	run   archive.Run
	frame *archive.Frame
}

// open reads the frame that --resume asks for: the last one, or that of --at as parse
// understands it.
func (a *archiving) open(ctx context.Context, parse func(string) (float64, error)) (*source, error) {
	from, err := archive.Open(ctx, a.resume)
	if err != nil {
		return nil, archiveError(err)
	}
	defer from.Close()
	n := from.Len() - 1
	if n < 0 {
		return nil, &inputError{fmt.Errorf("%s: the archive has no frame to go on from", a.resume)}
	}
	if a.at != "" {
		at, err := parse(a.at)
		if err != nil {
			return nil, usagef("--at: %w", err)
		}
		if n, err = from.At(ctx, at); err != nil {
			return nil, usagef("--at=%s: %w", a.at, err)
		}
	}
	frame, err := from.Frame(ctx, n)
	if err != nil {
		return nil, archiveError(err)
	}
	return &source{from.Run(), frame}, nil
}

// archiveError marks errors about the content of an archive as such.
func archiveError(err error) error {
	if errors.Is(err, archive.ErrFormat) || errors.Is(err, archive.ErrDamaged) {
		return &inputError{err}
	}
	return err
}

// frames writes the frames of a run. The zero value writes none.
type frames struct {
	path string
	to   *archive.Writer
	base int   // frames that the run started from
	from int64 // step that it started from, or −1
	last int64 // step of the last frame
}

// start opens the archive of a run that begins, or goes on from a frame.
func (a *archiving) start(ctx context.Context, run archive.Run, from *source) (*frames, error) {
	f := &frames{path: a.path, from: -1, last: -1}
	var err error
	switch {
	case a.path != "":
		if f.to, err = archive.Create(ctx, a.path, run); errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("%s: %w; --resume=%s goes on with an archive", a.path, fs.ErrExist, a.path)
		}
		if err == nil && from != nil {
			err = f.to.Append(ctx, &archive.Frame{Header: from.frame.Header, Fields: from.frame.Fields})
		}
	case a.resume != "":
		f.path = a.resume
		if f.to, err = archive.Append(ctx, a.resume); err == nil {
			err = f.to.Describe(ctx, run.Options)
		}
	}
	if err != nil {
		f.close()
		return nil, archiveError(err)
	}
	if f.to != nil {
		f.base = f.to.Frames()
	}
	if from != nil {
		f.from, f.last = from.frame.Step, from.frame.Step
	}
	return f, nil
}

// restart removes the frames of this process, to compute them again.
func (f *frames) restart(ctx context.Context) error {
	if f.to == nil || f.to.Frames() == f.base {
		return nil
	}
	f.last = f.from
	return f.to.Truncate(ctx, f.base)
}

// wanted reports whether there is an archive.
func (f *frames) wanted() bool { return f.to != nil }

// append writes a frame, unless the last one has the same step. It does so even if ctx is
// done, as the last frame of an interrupted run.
func (f *frames) append(ctx context.Context, frame *archive.Frame, err error) error {
	if err != nil || frame.Step == f.last && f.to.Frames() > 0 {
		return err
	}
	if err := f.to.Append(context.WithoutCancel(ctx), frame); err != nil {
		return err
	}
	f.last = frame.Step
	return nil
}

// kept says what the archive holds, for the error of a run that ended early.
func (f *frames) kept() string {
	return fmt.Sprintf("kept %d frames in %s; go on with --resume=%s", f.to.Frames(), f.path, f.path)
}

// close closes the archive. One without frames is removed.
func (f *frames) close() error {
	if f.to == nil {
		return nil
	}
	empty := f.to.Frames() == 0
	err := f.to.Close()
	if empty {
		err = errors.Join(err, os.Remove(f.path))
	}
	f.to = nil
	return err
}

// archiveReport is the part of a report about the archive.
type archiveReport struct {
	File   string `json:"file"`
	Frames int    `json:"frames"`
}

func (f *frames) report() *archiveReport {
	if f.to == nil {
		return nil
	}
	return &archiveReport{filepath.ToSlash(f.path), f.to.Frames()}
}
