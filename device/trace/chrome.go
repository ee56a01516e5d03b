// Package trace records the events of devices and writes them as Chrome trace events, a
// JSON file for https://ui.perfetto.dev or chrome://tracing.
//
// A Recorder in device.Options.Recorder gets the events of the devices opened with it. In
// the file every device is a process, with one track for its queue (uploads, launches,
// read-backs) and one track for each worker (tiles). Decisions of a scheduler are
// instants on a separate track.
//
// A launch on a device with its own memory ends when its commands are submitted; the
// hardware's time is part of the wait or read-back that follows.
package trace

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"time"

	"offload/device"
)

// Categories of the events in a file.
const (
	Upload   = "upload"
	Launch   = "launch"
	ReadBack = "read-back"
	Wait     = "wait"
	Tile     = "tile"
	Decision = "decision"
)

func category(k device.EventKind) string {
	switch k {
	case device.EventUpload:
		return Upload
	case device.EventLaunch:
		return Launch
	case device.EventReadBack:
		return ReadBack
	case device.EventWait:
		return Wait
	case device.EventTile:
		return Tile
	}
	return Decision
}

// chromeEvent is one entry of a file's traceEvents.
type chromeEvent struct {
	Name     string         `json:"name"`
	Category string         `json:"cat,omitempty"`
	Phase    string         `json:"ph"`           // X: complete, i: instant, M: metadata
	Time     json.Number    `json:"ts,omitempty"` // µs since the recorder was made
	Duration json.Number    `json:"dur,omitempty"`
	Process  int            `json:"pid"`
	Thread   int            `json:"tid"`
	Scope    string         `json:"s,omitempty"` // of an instant
	Args     map[string]any `json:"args,omitempty"`
}

// schedulerProcess is the process of the decisions; device d is process d + 1. In it,
// thread 0 is the queue and thread w + 1 is worker w.
const schedulerProcess = 0

// WriteTo writes the file to w and returns the number of bytes written. It may be called
// while events are recorded, and more than once.
func (r *Recorder) WriteTo(w io.Writer) (int64, error) {
	devices, events, dropped := r.snapshot()
	out := &writer{w: w}
	out.text(`{"displayTimeUnit":"ns","otherData":`)
	out.json(map[string]any{
		"program": "offload", "began": r.began.UTC().Format(time.RFC3339Nano), "events": len(events), "dropped": dropped,
	})
	out.text(`,"traceEvents":[`)
	for _, e := range names(devices, events) {
		out.event(e)
	}
	for i := range events {
		out.event(r.chrome(&events[i]))
	}
	out.text("\n]}\n")
	return out.written, out.err
}

// chrome returns e as an entry of the file.
func (r *Recorder) chrome(e *device.Event) chromeEvent {
	c := chromeEvent{
		Name: name(e), Category: category(e.Kind), Phase: "X", Process: e.Device + 1,
		Time: micros(e.Start.Sub(r.began)), Duration: micros(e.End.Sub(e.Start)), Args: args(e),
	}
	switch e.Kind {
	case device.EventTile:
		c.Thread = e.Worker + 1
	case device.EventDecision:
		c.Process, c.Phase, c.Scope, c.Duration = schedulerProcess, "i", "t", ""
	}
	return c
}

func name(e *device.Event) string {
	switch e.Kind {
	case device.EventLaunch, device.EventTile:
		return e.Kernel.Name
	case device.EventDecision:
		return e.Name
	}
	return category(e.Kind)
}

// args returns the details that a viewer shows for a selected event.
func args(e *device.Event) map[string]any {
	a := map[string]any{}
	switch e.Kind {
	case device.EventUpload, device.EventReadBack:
		a["bytes"] = e.Bytes
	case device.EventLaunch:
		scalars(e, a)
		a["rows"] = fmt.Sprintf("%d–%d", e.Rows.Lo, e.Rows.Hi)
	case device.EventTile:
		a["phase"], a["task"] = e.Phase, e.Task
		if e.Rows.Len() > 0 {
			a["rows"] = fmt.Sprintf("%d–%d", e.Rows.Lo, e.Rows.Hi)
		}
	case device.EventDecision:
		a["why"] = e.Detail
	}
	if e.Failed {
		a["failed"] = true
	}
	return a
}

// scalars adds the scalar arguments of a launch under their names.
func scalars(e *device.Event, a map[string]any) {
	n := 0
	for _, p := range e.Kernel.Params {
		if p.Access != device.Value || n == device.EventScalars {
			continue
		}
		a[p.Name] = scalar(p.Type, e.Scalars[n])
		n++
	}
}

// scalar returns a number of the given type. NaN and Inf, which JSON lacks, become text.
func scalar(t device.Type, bits uint64) any {
	x := 0.0
	switch t {
	case device.Float32:
		x = float64(math.Float32frombits(uint32(bits)))
	case device.Float64:
		x = math.Float64frombits(bits)
	case device.Int32:
		return int32(uint32(bits))
	default:
		return uint32(bits)
	}
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return fmt.Sprint(x)
	}
	return x
}

// micros returns d in microseconds, with three decimals.
func micros(d time.Duration) json.Number {
	d = max(d, 0)
	return json.Number(fmt.Sprintf("%d.%03d", d/1000, d%1000))
}

// writer writes pieces of JSON until an error.
type writer struct {
	w       io.Writer
	written int64
	events  int
	err     error
}

func (o *writer) text(s string) { o.bytes([]byte(s)) }

func (o *writer) json(v any) {
	b, err := json.Marshal(v)
	if err != nil && o.err == nil {
		o.err = err
	}
	o.bytes(b)
}

func (o *writer) event(e chromeEvent) {
	if o.events > 0 {
		o.text(",")
	}
	o.events++
	o.text("\n")
	o.json(e)
}

func (o *writer) bytes(b []byte) {
	if o.err != nil {
		return
	}
	var n int
	n, o.err = o.w.Write(b)
	o.written += int64(n)
}

// names returns the entries that name and order processes and threads. Workers after the
// last one with an event get no track.
func names(devices []device.Info, events []device.Event) []chromeEvent {
	workers := make([]int, len(devices)) // number of tracks of each device
	decisions := false
	for i := range events {
		switch e := &events[i]; {
		case e.Kind == device.EventDecision:
			decisions = true
		case e.Kind == device.EventTile && e.Device < len(workers):
			workers[e.Device] = max(workers[e.Device], e.Worker+1)
		}
	}
	var list []chromeEvent
	if decisions {
		list = append(list, process(schedulerProcess, "scheduler")...)
		list = append(list, thread(schedulerProcess, 0, "decisions")...)
	}
	for d, info := range devices {
		list = append(list, process(d+1, title(devices, d))...)
		list = append(list, thread(d+1, 0, info.Backend+" queue")...)
		for w := range workers[d] {
			list = append(list, thread(d+1, w+1, fmt.Sprintf("worker %d", w))...)
		}
	}
	return list
}

// title names a device, with a number if an earlier one has the same backend.
func title(devices []device.Info, d int) string {
	text := fmt.Sprintf("%s (%s)", devices[d].Backend, devices[d].Name)
	earlier := 0
	for _, other := range devices[:d] {
		if other.Backend == devices[d].Backend {
			earlier++
		}
	}
	if earlier > 0 {
		text += fmt.Sprintf(", opened as number %d", earlier+1)
	}
	return text
}

func process(pid int, name string) []chromeEvent {
	return []chromeEvent{
		{Name: "process_name", Phase: "M", Process: pid, Args: map[string]any{"name": name}},
		{Name: "process_sort_index", Phase: "M", Process: pid, Args: map[string]any{"sort_index": pid}},
	}
}

func thread(pid, tid int, name string) []chromeEvent {
	return []chromeEvent{
		{Name: "thread_name", Phase: "M", Process: pid, Thread: tid, Args: map[string]any{"name": name}},
		{Name: "thread_sort_index", Phase: "M", Process: pid, Thread: tid, Args: map[string]any{"sort_index": tid}},
	}
}
