package trace

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"
)

// ErrFormat: the file is not a trace written by a Recorder.
var ErrFormat = errors.New("not a trace of offload")

// File is a trace read from a file.
type File struct {
	Tracks  []Track // the scheduler's first, then each device's queue and workers
	Dropped int     // number of events dropped in the middle
}

// Track holds the events of a queue or a worker, in order.
type Track struct {
	Device string // the process
	Name   string
	Spans  []Span

	pid, tid int
}

// Span is one event.
type Span struct {
	Name     string // kernel, kind of transfer, or decision
	Category string
	Start    time.Duration // since the trace began
	Length   time.Duration // 0 for a decision
	Args     map[string]any
}

// End returns the end of the span, since the trace began.
func (s Span) End() time.Duration { return s.Start + s.Length }

// Read reads a file written by WriteTo. Its errors wrap ErrFormat, or are those of r.
func Read(r io.Reader) (*File, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	var in struct {
		OtherData struct {
			Program string
			Dropped int
		}
		TraceEvents []chromeEvent
	}
	if err := json.Unmarshal(text, &in); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if in.OtherData.Program != "offload" {
		return nil, fmt.Errorf("%w: otherData.program is %q", ErrFormat, in.OtherData.Program)
	}
	f := &File{Dropped: in.OtherData.Dropped}
	for _, e := range in.TraceEvents {
		if err := f.add(e); err != nil {
			return nil, err
		}
	}
	f.sort()
	return f, nil
}

// add adds an entry to its track.
func (f *File) add(e chromeEvent) error {
	t := f.track(e.Process, e.Thread)
	switch e.Phase {
	case "M":
		name, _ := e.Args["name"].(string)
		switch e.Name {
		case "thread_name":
			t.Name = name
		case "process_name":
			t.Device = name
		}
		return nil
	case "X", "i":
		start, err := duration(e.Time)
		if err != nil {
			return fmt.Errorf("%w: ts %q of %s", ErrFormat, e.Time, e.Name)
		}
		length, err := duration(e.Duration)
		if e.Phase == "X" && err != nil {
			return fmt.Errorf("%w: dur %q of %s", ErrFormat, e.Duration, e.Name)
		}
		t.Spans = append(t.Spans, Span{Name: e.Name, Category: e.Category, Start: start, Length: length, Args: e.Args})
		return nil
	}
	return fmt.Errorf("%w: an event of phase %q", ErrFormat, e.Phase)
}

// track returns the track of a thread of a process.
func (f *File) track(pid, tid int) *Track {
	for i := range f.Tracks {
		if t := &f.Tracks[i]; t.pid == pid && t.tid == tid {
			return t
		}
	}
	f.Tracks = append(f.Tracks, Track{pid: pid, tid: tid})
	return &f.Tracks[len(f.Tracks)-1]
}

// sort orders tracks and spans, and gives all tracks of a process its name.
func (f *File) sort() {
	slices.SortStableFunc(f.Tracks, func(a, b Track) int {
		if a.pid != b.pid {
			return a.pid - b.pid
		}
		return a.tid - b.tid
	})
	for i := range f.Tracks {
		t := &f.Tracks[i]
		if i > 0 && t.pid == f.Tracks[i-1].pid {
			t.Device = f.Tracks[i-1].Device
		}
		slices.SortStableFunc(t.Spans, func(a, b Span) int { return int(a.Start - b.Start) })
	}
}

// duration parses microseconds with three decimals.
func duration(text json.Number) (time.Duration, error) {
	us, err := text.Float64()
	if err != nil || us < 0 || us > math.MaxInt64/1000 {
		return 0, ErrFormat
	}
	return time.Duration(math.Round(us * 1000)), nil
}

// Check returns an error that wraps ErrFormat for the first two events of a track that
// overlap, which means wrong times from a queue or worker; nil if none do.
func (f *File) Check() error {
	for _, t := range f.Tracks {
		for i := 1; i < len(t.Spans); i++ {
			if a, b := t.Spans[i-1], t.Spans[i]; b.Start < a.End() {
				return fmt.Errorf("%w: on %s, %s: %s at %v begins before %s at %v has ended",
					ErrFormat, t.Device, t.Name, b.Name, b.Start, a.Name, a.Start)
			}
		}
	}
	return nil
}
