package timeline

import (
	"fmt"
	"image/color"
	"slices"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"offload/device/trace"
)

// lanes draws tracks below each other.
type lanes struct {
	burst   burst
	scale   time.Duration // of the x axis
	spans   [][]trace.Span
	colours *colours
}

// half is half of a lane's height. The distance between lanes is 1.
const half = 0.36

// middle returns the y coordinate of lane i.
func (l *lanes) middle(i int) float64 { return float64(len(l.spans) - 1 - i) }

// x returns the x coordinate of a time.
func (l *lanes) x(t time.Duration) float64 { return float64(t-l.burst.from) / float64(l.scale) }

// DataRange implements plot.DataRanger.
func (l *lanes) DataRange() (xmin, xmax, ymin, ymax float64) {
	return 0, l.x(l.burst.to), -0.5, float64(len(l.spans)) - 0.5
}

// Plot implements plot.Plotter.
func (l *lanes) Plot(c draw.Canvas, p *plot.Plot) {
	toX, toY := p.Transforms(&c)
	for i, spans := range l.spans {
		low, high := toY(l.middle(i)-half), toY(l.middle(i)+half)
		c.FillPolygon(lane, rectangle(c.Min.X, c.Max.X, low, high))
		var run box
		for _, s := range spans {
			b := box{x0: toX(l.x(s.Start)), x1: toX(l.x(s.End())), colour: l.colours.of(s), label: label(s)}
			if s.Category == trace.Decision {
				l.arrow(c, b, low, high)
				continue
			}
			if run.joins(b) {
				run.x1, run.label = b.x1, nil
				continue
			}
			run.draw(c, low, high)
			run = b
		}
		run.draw(c, low, high)
	}
}

// arrow marks a decision.
func (l *lanes) arrow(c draw.Canvas, b box, low, high vg.Length) {
	w := vg.Points(4)
	c.FillPolygon(b.colour, []vg.Point{{X: b.x0 - w, Y: high}, {X: b.x0 + w, Y: high}, {X: b.x0, Y: low}})
	words(c, b.x0+1.5*w, c.Max.X, low, high, color.Black, b.label)
}

// box is one or more spans that are drawn together.
type box struct {
	x0, x1 vg.Length
	colour color.Color
	label  []string // from the longest form to the shortest
}

// least is the width below which adjacent spans of one colour are drawn as one box.
var least = vg.Points(1)

func (r box) joins(b box) bool {
	return r.colour != nil && r.colour == b.colour && b.x0-r.x1 < least/2 && (b.x1-b.x0 < least || r.x1-r.x0 < least)
}

func (r box) draw(c draw.Canvas, low, high vg.Length) {
	if r.colour == nil {
		return
	}
	gap := vg.Length(0)
	if r.x1-r.x0 > 3*least {
		gap = least / 4 // on each side, to separate adjacent boxes
	}
	x1 := max(r.x1-gap, r.x0+least/2)
	c.FillPolygon(r.colour, rectangle(r.x0+gap, x1, low, high))
	words(c, r.x0+2, x1-2, low, high, ink(r.colour), r.label)
}

// words writes the longest label that fits between x0 and x1.
func words(c draw.Canvas, x0, x1, low, high vg.Length, colour color.Color, labels []string) {
	style := text.Style{Color: colour, Font: sans(9), Handler: plot.DefaultTextHandler, YAlign: draw.YCenter}
	for _, s := range labels {
		if 1.2*style.Width(s) <= x1-x0 { // other fonts may be wider
			c.FillText(style, vg.Point{X: x0, Y: (low+high)/2 + 1}, s)
			return
		}
	}
}

// label returns the labels of a span, from the longest to the shortest.
func label(s trace.Span) []string {
	switch s.Category {
	case trace.Launch:
		if n, ok := s.Args["sweeps"].(float64); ok {
			return []string{fmt.Sprintf("%s, %g sweeps", s.Name, n), s.Name}
		}
		return []string{s.Name}
	case trace.Upload, trace.ReadBack:
		n, _ := s.Args["bytes"].(float64)
		return []string{fmt.Sprintf("%s %s", s.Name, size(n)), s.Name}
	case trace.Decision:
		return []string{s.Name}
	}
	return nil
}

func size(bytes float64) string {
	switch {
	case bytes >= 1<<20:
		return fmt.Sprintf("%.3g MiB", bytes/(1<<20))
	case bytes >= 1<<10:
		return fmt.Sprintf("%.3g KiB", bytes/(1<<10))
	}
	return fmt.Sprintf("%g B", bytes)
}

func rectangle(x0, x1, y0, y1 vg.Length) []vg.Point {
	return []vg.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}}
}

var (
	background = color.Gray{Y: 255}
	lane       = color.Gray{Y: 240}
)

// colours assigns colours to kinds of spans and kernels, safe for colour-blind readers
// (Okabe and Ito, Color Universal Design, 2008).
type colours struct {
	kinds   []string // categories that occur, except launches and tiles
	kernels []string // in the order of their first launch
}

func coloursOf(f *trace.File) *colours {
	c := &colours{}
	for _, t := range f.Tracks {
		for _, s := range t.Spans {
			list, word := &c.kinds, s.Category
			if word == trace.Launch || word == trace.Tile {
				list, word = &c.kernels, s.Name
			}
			if !slices.Contains(*list, word) {
				*list = append(*list, word)
			}
		}
	}
	return c
}

// of returns the colour of a span.
func (c *colours) of(s trace.Span) color.Color {
	if s.Category == trace.Launch || s.Category == trace.Tile {
		return ofKernel(slices.Index(c.kernels, s.Name))
	}
	return ofKind(s.Category)
}

func ofKernel(i int) color.Color {
	return []color.Color{
		color.RGBA{0, 114, 178, 255}, color.RGBA{213, 94, 0, 255}, color.RGBA{0, 158, 115, 255},
		color.RGBA{204, 121, 167, 255}, color.RGBA{102, 72, 160, 255}, color.RGBA{120, 94, 60, 255},
	}[i%6]
}

func ofKind(category string) color.Color {
	switch category {
	case trace.Upload:
		return color.RGBA{86, 180, 233, 255}
	case trace.ReadBack:
		return color.RGBA{230, 159, 0, 255}
	case trace.Wait:
		return color.Gray{Y: 150}
	}
	return color.Black
}

// ink returns black for light backgrounds and white for dark ones.
func ink(c color.Color) color.Color {
	if color.GrayModel.Convert(c).(color.Gray).Y > 140 {
		return color.Black
	}
	return color.White
}

// legend draws a swatch and a name for each colour, in one row.
func (c *colours) legend(canvas draw.Canvas) {
	style := text.Style{Color: color.Black, Font: sans(11), Handler: plot.DefaultTextHandler, YAlign: draw.YCenter}
	x, y, h := canvas.Min.X, (canvas.Min.Y+canvas.Max.Y)/2, vg.Points(6)
	entry := func(colour color.Color, name string) {
		canvas.FillPolygon(colour, rectangle(x, x+2.5*h, y-h, y+h))
		canvas.FillText(style, vg.Point{X: x + 3*h, Y: y}, name)
		x += 5*h + style.Width(name)
	}
	for _, kind := range c.kinds {
		entry(ofKind(kind), kind)
	}
	for i, kernel := range c.kernels {
		entry(ofKernel(i), kernel)
	}
	canvas.FillText(style, vg.Point{X: x, Y: y}, "(launches on queues, their tiles on workers)")
}
