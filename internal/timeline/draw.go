// Package timeline draws traces.
package timeline

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"offload/device/trace"
)

// Options selects what to draw.
type Options struct {
	// Pause is the shortest pause without events that is left out and starts a new
	// panel; 0 means 20 ms.
	Pause time.Duration
	// Panels is the largest number of panels; 0 means 4. Later bursts are not drawn.
	Panels int
}

// Kinds returns the kinds of picture that Draw can draw.
func Kinds() []string { return []string{"svg", "png"} }

// Sizes of a picture.
const (
	width      = 11 * vg.Inch
	laneHeight = 0.3 * vg.Inch
	rest       = 0.75 * vg.Inch // of a panel: axis, its label, and a gap
	legendRow  = 0.4 * vg.Inch
	gap        = 0.15 * vg.Inch
	margin     = 0.15 * vg.Inch
	dpi        = 110
)

// Draw draws f: a panel for each burst of work, and in it a lane for each track.
func Draw(w io.Writer, kind string, f *trace.File, o Options) error {
	if o.Pause == 0 {
		o.Pause = 20 * time.Millisecond
	}
	if o.Panels == 0 {
		o.Panels = 4
	}
	list := bursts(f, o.Pause)
	if len(list) == 0 {
		return errors.New("timeline: no events to draw")
	}
	list = list[:min(len(list), o.Panels)]
	colours := coloursOf(f)
	var panels []*plot.Plot
	height := 2*margin + legendRow
	heights := make([]vg.Length, len(list))
	for i, b := range list {
		p, n := panel(f, b, colours)
		panels = append(panels, p)
		heights[i] = vg.Length(n)*laneHeight + rest
		height += heights[i]
	}
	canvas, err := newCanvas(kind, width, height)
	if err != nil {
		return err
	}
	page := draw.New(canvas)
	page.SetColor(background)
	page.Fill(page.Rectangle.Path())
	colours.legend(draw.Crop(page, margin, -margin, height-margin-legendRow, -margin))
	top := height - margin - legendRow
	for i, p := range panels {
		p.Draw(draw.Crop(page, margin, -2*margin, top-heights[i]+gap, top-height))
		top -= heights[i]
	}
	_, err = canvas.WriteTo(w)
	return err
}

type canvas interface {
	vg.CanvasSizer
	io.WriterTo
}

func newCanvas(kind string, w, h vg.Length) (canvas, error) {
	switch kind {
	case "svg":
		return vgsvg.New(w, h), nil
	case "png":
		return vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(w, h), vgimg.UseDPI(dpi))}, nil
	}
	return nil, fmt.Errorf("timeline: unknown kind of picture %q; must be one of %v", kind, Kinds())
}

// panel draws the part of f in b, and returns the number of its lanes. Tracks without
// events there have no lane.
func panel(f *trace.File, b burst, colours *colours) (*plot.Plot, int) {
	p := plot.New()
	p.BackgroundColor = background
	scale, unit := time.Millisecond, "ms"
	if b.length() < 2*time.Millisecond {
		scale, unit = time.Microsecond, "µs"
	}
	l := &lanes{burst: b, scale: scale, colours: colours}
	var names []string
	for _, t := range f.Tracks {
		if spans := within(t.Spans, b); len(spans) > 0 {
			l.spans = append(l.spans, spans)
			names = append(names, t.Name)
		}
	}
	p.Add(l)
	p.X.Label.Text = fmt.Sprintf("%s, beginning %.3f s after the start", unit, b.from.Seconds())
	tracks := make([]plot.Tick, len(names))
	for i, name := range names {
		tracks[i] = plot.Tick{Value: l.middle(i), Label: name}
	}
	p.X.Tick.Marker, p.Y.Tick.Marker = ticks{}, plot.ConstantTicks(tracks)
	p.Y.Tick.Length, p.Y.LineStyle.Width, p.Y.Padding, p.X.Padding = 0, 0, 10, 0
	for _, s := range []*font.Font{&p.X.Tick.Label.Font, &p.Y.Tick.Label.Font, &p.X.Label.TextStyle.Font} {
		*s = sans(11)
	}
	return p, len(names)
}

func within(spans []trace.Span, b burst) []trace.Span {
	var list []trace.Span
	for _, s := range spans {
		if b.has(s) {
			list = append(list, s)
		}
	}
	return list
}

func sans(points float64) font.Font {
	return font.Font{Typeface: "Liberation", Variant: "Sans", Size: font.Points(points)}
}

// burst is a part of a trace between two long pauses.
type burst struct{ from, to time.Duration }

func (b burst) length() time.Duration { return b.to - b.from }

// has reports whether a span lies within b.
func (b burst) has(s trace.Span) bool { return s.Start >= b.from && s.Start <= b.to }

// bursts cuts a trace at pauses: no track has an event for longer than pause.
func bursts(f *trace.File, pause time.Duration) []burst {
	var spans []trace.Span
	for _, t := range f.Tracks {
		spans = append(spans, t.Spans...)
	}
	slices.SortFunc(spans, func(a, b trace.Span) int { return int(a.Start - b.Start) })
	var list []burst
	for _, s := range spans {
		last := len(list) - 1
		if last < 0 || s.Start > list[last].to+pause {
			list = append(list, burst{s.Start, s.End()})
			continue
		}
		list[last].to = max(list[last].to, s.End())
	}
	return list
}

// ticks places about eight ticks, at multiples of 1, 2 or 5 times a power of ten.
type ticks struct{}

// Ticks implements plot.Ticker.
func (ticks) Ticks(low, high float64) []plot.Tick {
	power := math.Pow(10, math.Floor(math.Log10((high-low)/8)))
	step := power
	for _, m := range []float64{2, 5, 10} {
		if (high-low)/step > 10 {
			step = m * power
		}
	}
	if !(step > 0) {
		return []plot.Tick{{Value: low, Label: "0"}} // a moment
	}
	var list []plot.Tick
	for i := math.Ceil(low / step); i*step <= high; i++ {
		list = append(list, plot.Tick{Value: i * step, Label: strconv.FormatFloat(i*step, 'g', 6, 64)})
	}
	return list
}
