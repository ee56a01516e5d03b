package timeline

import (
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"offload/device/trace"
)

var (
	background = color.Gray{Y: 255}
	lane       = color.Gray{Y: 240}
)

// colours tell kinds of spans and kernels apart, for all kinds of sight (Okabe and Ito,
// Color Universal Design, 2008).
type colours struct {
	kinds   []string // categories that occur, but for launches and tiles
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

// of is the colour of a span.
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

// ink is black on light colours and white on dark ones.
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
