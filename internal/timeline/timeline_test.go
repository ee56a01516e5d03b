package timeline

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"offload/device/trace"
)

const ms = time.Millisecond

// file is two bursts of work, and a decision before the second.
func file() *trace.File {
	return &trace.File{Tracks: []trace.Track{
		{Name: "decisions", Spans: []trace.Span{{Name: "force → cpu", Category: trace.Decision, Start: 99 * ms}}},
		{Name: "cpu queue", Spans: []trace.Span{
			{Name: "upload", Category: trace.Upload, Start: 1 * ms, Length: 2 * ms, Args: map[string]any{"bytes": 4096.0}},
			{Name: "force", Category: trace.Launch, Start: 100 * ms, Length: 30 * ms, Args: map[string]any{"sweeps": 16.0}},
		}},
		{Name: "worker 0", Spans: []trace.Span{{Name: "force", Category: trace.Tile, Start: 110 * ms, Length: 40 * ms}}},
	}}
}

func TestBursts(t *testing.T) {
	got := bursts(file(), 20*ms)
	if want := []burst{{1 * ms, 3 * ms}, {99 * ms, 150 * ms}}; !slices.Equal(got, want) {
		t.Errorf("bursts %v, want %v", got, want)
	}
	if got := bursts(file(), time.Second); len(got) != 1 {
		t.Errorf("with a longer pause: %v", got)
	}
}

func TestTicks(t *testing.T) {
	for _, high := range []float64{0, 1e-3, 0.7, 1, 3, 99, 1000, 123456} {
		list := ticks{}.Ticks(0, high)
		if len(list) == 0 || high > 0 && (len(list) < 4 || len(list) > 11) || list[0].Label != "0" {
			t.Errorf("up to %g: %v", high, list)
		}
	}
}

func TestDraw(t *testing.T) {
	for _, kind := range Kinds() {
		var picture bytes.Buffer
		if err := Draw(&picture, kind, file(), Options{}); err != nil || picture.Len() < 1000 {
			t.Errorf("%s: %d bytes, %v", kind, picture.Len(), err)
		}
	}
	var picture bytes.Buffer
	if err := Draw(&picture, "svg", file(), Options{Panels: 1}); err != nil {
		t.Fatal(err)
	}
	for word, want := range map[string]bool{"upload 4 KiB": true, "cpu queue": true, "worker 0": false, "→ cpu": false} {
		if got := bytes.Contains(picture.Bytes(), []byte(word)); got != want {
			t.Errorf("the first panel says %q: %v", word, got)
		}
	}
	for name, err := range map[string]error{
		"no events":      Draw(&picture, "svg", &trace.File{}, Options{}),
		"no such format": Draw(&picture, "gif", file(), Options{}),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
