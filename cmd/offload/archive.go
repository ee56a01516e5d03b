package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/sbinet/npyio"
	"github.com/spf13/cobra"

	"offload/archive"
	"offload/device"
	"offload/internal/atomicfile"
	"offload/internal/progress"
	"offload/sims/plate"
	"offload/sims/solar"
)

// archiveFlags holds the flags of archive.
type archiveFlags struct {
	check                         bool
	compare, export, frame, field string
	reporting                     reporting
}

func newArchive() *cobra.Command {
	var f archiveFlags
	cmd := &cobra.Command{
		Use:   "archive FILE",
		Short: "List, check, compare or export the frames of an archive",
		Long: `List the frames of an archive that sim has written with --archive. With --check,
compute the digest of every frame; with --compare, find the first value that differs
from another archive's, among the frames of equal times.

--export writes frames to a file: .csv has the states of bodies, of all frames or that
of --frame, or the numbers of a field; .npy and .vti have a field of one frame, the
last by default.`,
		Example: `  offload archive run.archive
  offload archive run.archive --check
  offload archive run.archive --compare=other.archive
  offload archive run.archive --export=states.csv
  offload archive plate.archive --export=plate.npy --frame=7 --field=temperature`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	fl := cmd.Flags()
	fl.BoolVar(&f.check, "check", false, "check the digests of all frames")
	fl.StringVar(&f.compare, "compare", "", "compare with the frames of this archive `file`")
	fl.StringVar(&f.export, "export", "", "write frames to this `file`: .csv, .npy or .vti")
	fl.StringVar(&f.frame, "frame", "", "frame to export: a `number`, first or last")
	fl.StringVar(&f.field, "field", "", "field to export, by `name` (default the first)")
	f.reporting.flag(cmd)
	return cmd
}

func (f *archiveFlags) run(cmd *cobra.Command, path string) error {
	if err := f.validate(); err != nil {
		return err
	}
	a, err := archive.Open(cmd.Context(), path)
	if err != nil {
		return archiveError(err)
	}
	defer a.Close()
	switch {
	case f.check:
		err = f.verify(cmd, a)
	case f.compare != "":
		err = f.difference(cmd, a, path)
	case f.export != "":
		if sameFile(path, f.export) {
			return usagef("--export=%s: is the archive itself", f.export)
		}
		err = f.write(cmd, a)
	default:
		err = f.list(cmd, a)
	}
	return archiveError(err)
}

// sameFile reports whether two paths lead to one file.
func sameFile(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

// validate returns a usage error for flags that contradict each other.
func (f *archiveFlags) validate() error {
	asked := 0
	for _, set := range []bool{f.check, f.compare != "", f.export != ""} {
		if set {
			asked++
		}
	}
	switch ext := filepath.Ext(f.export); {
	case asked > 1:
		return usagef("--check, --compare and --export cannot be used together")
	case f.export == "" && f.frame+f.field != "":
		return usagef("--frame and --field require --export")
	case f.export != "" && ext != ".csv" && ext != ".npy" && ext != ".vti":
		return usagef("--export=%s: the name must end in .csv, .npy or .vti", f.export)
	}
	return f.reporting.check()
}

// archiveList is the report of archive without other flags.
type archiveList struct {
	Kind    string           `json:"kind"`
	Unit    string           `json:"time_unit"`
	Version string           `json:"version"`
	Options json.RawMessage  `json:"options"`
	Inputs  []archive.Input  `json:"inputs"`
	Fields  []archive.Layout `json:"fields"` // of the last frame
	Frames  []frameList      `json:"frames"`
}

type frameList struct {
	Number  int             `json:"number"`
	Time    float64         `json:"time"`
	TimeLow float64         `json:"time_low"`
	Step    int64           `json:"step"`
	State   json.RawMessage `json:"state"`
	Digest  string          `json:"digest"`
}

func (f *archiveFlags) list(cmd *cobra.Command, a *archive.Archive) error {
	run := a.Run()
	l := &archiveList{Kind: run.Kind, Unit: run.Unit, Version: run.Version, Options: run.Options, Inputs: run.Inputs, Fields: []archive.Layout{}, Frames: []frameList{}}
	for h, err := range a.Headers(cmd.Context()) {
		if err != nil {
			return err
		}
		l.Frames = append(l.Frames, frameList(h))
	}
	if n := len(l.Frames); n > 0 {
		var err error
		if l.Fields, err = a.Layout(cmd.Context(), n-1); err != nil {
			return err
		}
	}
	return f.reporting.print(cmd, "", l)
}

func (l *archiveList) text(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, begun by offload %s, %d frames\n", l.Kind, l.Version, len(l.Frames))
	for _, in := range l.Inputs {
		fmt.Fprintf(&b, "input %s, SHA-256 %.12s…\n", in.Name, in.SHA256)
	}
	for _, f := range l.Fields {
		fmt.Fprintf(&b, "field %s: %s [%s], %d bytes\n", f.Name, f.Type, strings.ReplaceAll(f.Shape, ",", " × "), f.Bytes)
	}
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "frame\tstep\ttime, %s\tdigest\n", l.Unit)
	for _, f := range l.Frames {
		fmt.Fprintf(t, "%d\t%d\t%s\t%.12s…\n", f.Number, f.Step, strconv.FormatFloat(f.Time, 'f', -1, 64), f.Digest)
	}
	t.Flush()
	_, err := io.WriteString(w, b.String())
	return err
}

// archiveResult is the report of --check and --compare.
type archiveResult struct {
	Frames     int                 `json:"frames"`
	Equal      *bool               `json:"equal,omitempty"`
	Only       *[2]int             `json:"frames_of_one_alone,omitempty"`
	Difference *archive.Difference `json:"difference,omitempty"`
	says       string
}

func (r *archiveResult) text(w io.Writer) error {
	_, err := fmt.Fprintln(w, r.says)
	return err
}

func (f *archiveFlags) verify(cmd *cobra.Command, a *archive.Archive) error {
	bar := progress.New(terminal(), "checking")
	defer bar.Clear()
	err := a.Verify(cmd.Context(), func(n int) { bar.Set(float64(n) / float64(a.Len())) })
	bar.Clear()
	if err != nil {
		return err
	}
	return f.reporting.print(cmd, "", &archiveResult{Frames: a.Len(), says: fmt.Sprintf("%d frames are as they were written", a.Len())})
}

func (f *archiveFlags) difference(cmd *cobra.Command, a *archive.Archive, path string) error {
	b, err := archive.Open(cmd.Context(), f.compare)
	if err != nil {
		return err
	}
	defer b.Close()
	c, err := archive.Compare(cmd.Context(), a, b)
	if err != nil {
		return err
	}
	equal, only := c.Difference == nil, [2]int{c.OnlyA, c.OnlyB}
	r := &archiveResult{Frames: c.Frames, Equal: &equal, Only: &only, Difference: c.Difference}
	if d := c.Difference; d != nil {
		r.says = fmt.Sprintf("frame %d of %s and frame %d of %s, at %s: %s is %s and %s", d.FrameA, path, d.FrameB, f.compare, strconv.FormatFloat(d.Time, 'f', -1, 64), d.What, d.A, d.B)
		return errors.Join(f.reporting.print(cmd, "", r), errors.New("the archives differ"))
	}
	r.says = fmt.Sprintf("%d frames are equal", c.Frames)
	if c.OnlyA+c.OnlyB > 0 {
		r.says += fmt.Sprintf("; %d are at times of %s alone, %d of %s", c.OnlyA, path, c.OnlyB, f.compare)
	}
	if c.Frames == 0 {
		return errors.New("no frames of the archives have the same time")
	}
	return f.reporting.print(cmd, "", r)
}

// number returns the number of the frame to export.
func (f *archiveFlags) number(a *archive.Archive) (int, error) {
	switch f.frame {
	case "", "last":
		return a.Len() - 1, nil
	case "first":
		return 0, nil
	}
	n, err := strconv.Atoi(f.frame)
	if err != nil || n < 0 || n >= a.Len() {
		return 0, usagef("--frame=%s: must be first, last or a number from 0 to %d", f.frame, a.Len()-1)
	}
	return n, nil
}

// write exports frames.
func (f *archiveFlags) write(cmd *cobra.Command, a *archive.Archive) error {
	if a.Len() == 0 {
		return usagef("the archive has no frames")
	}
	n, err := f.number(a)
	if err != nil {
		return err
	}
	ext := filepath.Ext(f.export)
	if ext == ".csv" && a.Run().Kind == solar.ArchiveKind && f.field == "" {
		return f.writeStates(cmd, a, n)
	}
	frame, err := a.Frame(cmd.Context(), n)
	if err != nil {
		return err
	}
	field, err := f.choose(frame)
	if err != nil {
		return err
	}
	return atomicfile.Write(f.export, func(w io.Writer) error {
		switch field.Data.Type() {
		case device.Float32:
			return encodeField[float32](w, ext, field)
		case device.Float64:
			return encodeField[float64](w, ext, field)
		}
		return usagef("--field=%s: only f32 and f64 can be exported, not %v", field.Name, field.Data.Type())
	})
}

// choose returns the field of --field.
func (f *archiveFlags) choose(frame *archive.Frame) (*archive.Field, error) {
	var names []string
	for i := range frame.Fields {
		if f.field == "" || frame.Fields[i].Name == f.field {
			return &frame.Fields[i], nil
		}
		names = append(names, frame.Fields[i].Name)
	}
	return nil, usagef("--field=%s: must be one of %s", f.field, strings.Join(names, ", "))
}

// encodeField writes a field as .npy, .vti or .csv.
func encodeField[T device.Float](w io.Writer, ext string, field *archive.Field) error {
	data := device.As[T](field.Data)
	if ext == ".npy" && len(field.Shape) != 2 {
		return npyio.Write(w, data)
	}
	if len(field.Shape) == 1 && ext == ".csv" {
		field.Shape = append(field.Shape, 1)
	}
	if len(field.Shape) != 2 {
		return usagef("field %s has the shape %v; %s requires rows and columns", field.Name, field.Shape, ext)
	}
	f := &plate.Field[T]{Rows: field.Shape[0], Cols: field.Shape[1], T: data}
	switch ext {
	case ".npy":
		return plate.EncodeNPY(w, f)
	case ".vti":
		return plate.EncodeVTI(w, f, plate.WriteOptions{Dx: 1, Dy: 1})
	}
	bits := 8 * field.Data.Type().Size()
	for i := range f.Rows {
		words := make([]string, f.Cols)
		for j := range words {
			words[j] = strconv.FormatFloat(float64(f.At(i, j)), 'g', -1, bits)
		}
		if _, err := fmt.Fprintln(w, strings.Join(words, ",")); err != nil {
			return err
		}
	}
	return nil
}

// writeStates writes the states of bodies of frame n, or of all frames if none was chosen.
func (f *archiveFlags) writeStates(cmd *cobra.Command, a *archive.Archive, n int) error {
	plan, err := solar.ReadPlan(a.Run())
	if err != nil {
		return &inputError{err}
	}
	sys, err := plan.Bodies()
	if err != nil {
		return &inputError{err}
	}
	first, last := n, n
	if f.frame == "" {
		first, last = 0, a.Len()-1
	}
	return atomicfile.Write(f.export, func(w io.Writer) error {
		out := solar.NewStateWriter(w)
		for i := first; i <= last; i++ {
			frame, err := a.Frame(cmd.Context(), i)
			if err != nil {
				return err
			}
			c, err := solar.ReadFrame(frame)
			if err != nil {
				return &inputError{err}
			}
			snap, err := c.Snapshot(sys)
			if err != nil {
				return &inputError{err}
			}
			if err := out.Write(snap); err != nil {
				return err
			}
		}
		return out.Flush()
	})
}
