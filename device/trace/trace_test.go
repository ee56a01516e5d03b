package trace_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"offload/cpu"
	"offload/device"
	"offload/device/reference"
	"offload/device/trace"
	"offload/kernels"
	"offload/kernels/gravity"
	"offload/kernels/grid"
)

// written is what r writes, read again.
func written(t *testing.T, r *trace.Recorder) *trace.File {
	t.Helper()
	var text bytes.Buffer
	n, err := r.WriteTo(&text)
	if err != nil || n != int64(text.Len()) {
		t.Fatalf("%d of %d bytes, %v", n, text.Len(), err)
	}
	if !json.Valid(text.Bytes()) {
		t.Fatalf("not JSON: %.300s", text.String())
	}
	f, err := trace.Read(&text)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Check(); err != nil {
		t.Error(err)
	}
	return f
}

// count is the number of spans of a category on the tracks whose name begins so.
func count(f *trace.File, track, category string) int {
	n := 0
	for _, t := range f.Tracks {
		for _, s := range t.Spans {
			if strings.HasPrefix(t.Name, track) && s.Category == category {
				n++
			}
		}
	}
	return n
}

// work uploads, launches laplacian and force, and reads back, on d.
func work(t *testing.T, d device.Device) {
	t.Helper()
	ctx := context.Background()
	for _, k := range []*device.Kernel{grid.Laplacian(device.Float32), gravity.Force(device.Float64)} {
		for _, call := range k.Examples(300)[:2] {
			if err := call.Run(ctx, d); err != nil {
				t.Error(err)
			}
		}
	}
}

// The file has the queue of each device with what was done in it, and the tiles of its
// workers; nothing of the probes at open. Goroutines that share a device make no
// events that overlap on a track.
func TestDevicesLeaveTheirTraces(t *testing.T) {
	r := trace.New(0)
	ctx := context.Background()
	pool, err := cpu.Open(ctx, device.Options{Workers: 3, Recorder: r, Kernels: kernels.All()})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	serial, err := reference.Open(ctx, device.Options{Recorder: r, Kernels: kernels.All()})
	if err != nil {
		t.Fatal(err)
	}
	defer serial.Close()
	if kept, _ := r.Counts(); kept != 0 {
		t.Errorf("%d events before any work", kept)
	}
	work(t, serial)
	var sharing sync.WaitGroup
	for range 4 {
		sharing.Go(func() { work(t, pool) })
	}
	sharing.Wait()
	f := written(t, r)
	for _, c := range []struct {
		track, category string
		want            int // at least
	}{
		{"cpu queue", trace.Launch, 16}, {"reference queue", trace.Launch, 4},
		{"cpu queue", trace.Upload, 16}, {"cpu queue", trace.ReadBack, 16}, {"reference queue", trace.ReadBack, 4},
		{"worker 0", trace.Tile, 1}, {"worker", trace.Tile, 50},
	} {
		if n := count(f, c.track, c.category); n < c.want {
			t.Errorf("%d events %q on %q, want at least %d", n, c.category, c.track, c.want)
		}
	}
	for _, track := range f.Tracks {
		for _, s := range track.Spans {
			sweeps, ok := s.Args["sweeps"].(float64)
			if s.Category == trace.Launch && s.Name == "laplacian.f32" && (!ok || sweeps < 1 || s.Args["rows"] == nil) {
				t.Fatalf("a launch of laplacian has %v", s.Args)
			}
			if s.Category == trace.Upload && !(s.Args["bytes"].(float64) > 0) {
				t.Errorf("an upload has %v", s.Args)
			}
		}
	}
}

// A launch that fails is marked.
func TestFailuresAreMarked(t *testing.T) {
	r := trace.New(0)
	ctx := context.Background()
	d, err := cpu.Open(ctx, device.Options{Workers: 2, Recorder: r})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	b, err := d.Alloc(device.Float32, 4)
	if err != nil {
		t.Fatal(err)
	}
	bad := &device.Kernel{
		Name: "bad", Params: []device.Param{{Name: "out", Type: device.Float32, Access: device.WriteRows}},
		Contract: func(*device.Tile) { panic("bad") },
	}
	if err := d.Launch(ctx, &device.Launch{Kernel: bad, Args: []device.Arg{device.Vec(b)}, Rows: device.Range{Hi: 4}}); err != nil {
		t.Fatal(err)
	}
	if err := device.Wait(ctx, b); !errors.Is(err, device.ErrPanic) {
		t.Fatal(err)
	}
	spans := written(t, r).Tracks[0].Spans
	if len(spans) != 1 || spans[0].Name != "bad" || spans[0].Args["failed"] != true {
		t.Errorf("the queue has %+v", spans)
	}
}

// A recorder keeps the first and the latest events, and counts those that it dropped.
func TestLimit(t *testing.T) {
	r := trace.New(6)
	r.Opened(device.Info{Backend: "cpu", Name: "x"})
	start := time.Now()
	for i := range 20 {
		at := start.Add(time.Duration(i) * time.Second)
		r.Record(device.Event{Kind: device.EventUpload, Start: at, End: at.Add(time.Millisecond), Bytes: int64(i)})
	}
	if kept, dropped := r.Counts(); kept != 6 || dropped != 14 {
		t.Errorf("%d kept, %d dropped", kept, dropped)
	}
	f := written(t, r)
	var kept []int
	for _, s := range f.Tracks[0].Spans {
		kept = append(kept, int(s.Args["bytes"].(float64)))
	}
	if fmt.Sprint(kept) != "[0 1 2 17 18 19]" || f.Dropped != 14 {
		t.Errorf("kept %v, %d dropped", kept, f.Dropped)
	}
}

// Decisions may be made at the same time; devices of one name are told apart; what JSON
// has no number for becomes text.
func TestTracksOfManyKinds(t *testing.T) {
	r := trace.New(0)
	for range 2 {
		r.Opened(device.Info{Backend: "gpu", Name: "A \"fast\" one"})
	}
	now := time.Now()
	for range 3 {
		r.Record(device.Event{Kind: device.EventDecision, Start: now, Name: "force → gpu", Detail: "predicted 1 ms"})
	}
	k := &device.Kernel{Name: "k", Params: []device.Param{{Name: "x", Type: device.Float64}, {Name: "y", Type: device.Float32}, {Name: "n", Type: device.Int32}, {Name: "u", Type: device.Uint32}}}
	l := &device.Launch{Kernel: k, Args: []device.Arg{device.Val(math.NaN()), device.Val(float32(0.5)), device.Val(int32(-3)), device.Val(uint32(1 << 31))}}
	r.Record(device.LaunchEvent(l, now, false))
	r.Record(device.Event{Kind: device.EventWait, Device: 1, Start: now, End: now.Add(time.Second)})
	f := written(t, r)
	if len(f.Tracks) != 3 || f.Tracks[0].Name != "decisions" || len(f.Tracks[0].Spans) != 3 || f.Tracks[0].Spans[0].Args["why"] != "predicted 1 ms" {
		t.Fatalf("%+v", f.Tracks)
	}
	if a, b := f.Tracks[1].Device, f.Tracks[2].Device; a == b || !strings.Contains(a, `"fast"`) {
		t.Errorf("two devices: %q and %q", a, b)
	}
	args := f.Tracks[1].Spans[0].Args
	if args["x"] != "NaN" || args["y"] != 0.5 || args["n"] != -3.0 || args["u"] != float64(1<<31) {
		t.Errorf("scalars: %v", args)
	}
	if s := f.Tracks[2].Spans[0]; s.Category != trace.Wait || s.Length != time.Second {
		t.Errorf("a wait: %+v", s)
	}
}

// Overlapping spans of a track are found.
func TestCheckFindsOverlaps(t *testing.T) {
	r := trace.New(0)
	r.Opened(device.Info{Backend: "cpu"})
	now := time.Now()
	for i := range 2 {
		at := now.Add(time.Duration(i) * time.Millisecond)
		r.Record(device.Event{Kind: device.EventUpload, Start: at, End: at.Add(2 * time.Millisecond)})
	}
	var text bytes.Buffer
	if _, err := r.WriteTo(&text); err != nil {
		t.Fatal(err)
	}
	f, err := trace.Read(&text)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Check(); !errors.Is(err, trace.ErrFormat) || !strings.Contains(err.Error(), "before") {
		t.Errorf("the error is %v", err)
	}
}

func TestReadRefusesOtherFiles(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":           "",
		"no JSON":           "hello",
		"another program's": `{"traceEvents":[]}`,
		"half a file":       `{"otherData":{"program":"offload"},"traceEvents":[{"name":"x"`,
		"a strange phase":   `{"otherData":{"program":"offload"},"traceEvents":[{"name":"x","ph":"Z"}]}`,
		"no time":           `{"otherData":{"program":"offload"},"traceEvents":[{"name":"x","ph":"X"}]}`,
		"a negative time":   `{"otherData":{"program":"offload"},"traceEvents":[{"name":"x","ph":"X","ts":-1,"dur":1}]}`,
		"no length":         `{"otherData":{"program":"offload"},"traceEvents":[{"name":"x","ph":"X","ts":1}]}`,
		"a list":            `[]`,
	} {
		if _, err := trace.Read(strings.NewReader(text)); !errors.Is(err, trace.ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
	broken := errors.New("broken")
	if _, err := trace.Read(io.MultiReader(strings.NewReader("{"), failing{broken})); !errors.Is(err, broken) {
		t.Errorf("a reader that fails: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error)  { return 0, f.err }
func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestWriteReportsErrors(t *testing.T) {
	full := errors.New("full")
	if _, err := trace.New(0).WriteTo(failing{full}); !errors.Is(err, full) {
		t.Errorf("the error is %v", err)
	}
}
