package plate

import (
	"image/color"
	"io"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// Sizes of a picture, in pixels.
const (
	dpi       = 96
	pixel     = vg.Inch / dpi
	longSide  = 700 * pixel
	shortSide = longSide / 20
	barWidth  = 22 * pixel
	barHeight = 160 * pixel // at least
	margin    = 14 * pixel
)

// Sizes of the type, in points.
const (
	titleType = 15
	labelType = 13
	tickType  = 11
)

// plotArea is the size of the drawn plate, in its proportions.
func plotArea(width, height float64) vg.Point {
	long := max(width, height)
	return vg.Point{
		X: max(shortSide, longSide*vg.Length(width/long)),
		Y: max(shortSide, longSide*vg.Length(height/long)),
	}
}

// newPlot is a plot without title whose axes touch its data.
func newPlot() *plot.Plot {
	p := plot.New()
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle.Font = sans(labelType)
		a.Label.Padding = font.Points(6)
		a.Tick.Label.Font = sans(tickType)
		a.Padding = 0
		a.LineStyle.Width = 0 // the frame stands for it
	}
	return p
}

func sans(points float64) font.Font {
	return font.Font{Typeface: "Liberation", Variant: "Sans", Size: font.Points(points)}
}

// addFramed adds a plotter and a frame around what it draws: where that is
// white, the page would swallow it.
func addFramed(p *plot.Plot, data interface {
	plot.Plotter
	plot.DataRanger
}) {
	x0, x1, y0, y1 := data.DataRange()
	frame := plotter.Line{
		XYs:       plotter.XYs{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}, {X: x0, Y: y0}},
		LineStyle: draw.LineStyle{Color: color.Gray{Y: 64}, Width: pixel},
	}
	p.Add(data, &frame)
}

// compose draws the title over the two plots, whose data areas stand side by
// side with their upper edges level, on a page of the size that they need.
func compose(w io.Writer, title string, p, bar *plot.Plot, area vg.Point) error {
	style := text.Style{
		Color: color.Black, Font: sans(titleType), Handler: plot.DefaultTextHandler,
		XAlign: draw.XCenter, YAlign: draw.YTop,
	}
	left := surround(p, area)
	right := surround(bar, vg.Point{X: barWidth, Y: max(area.Y, barHeight)})
	plots := left.size.X + margin + right.size.X
	width := max(plots, style.Width(title)) + 2*margin
	top := 2*margin + style.Height(title) + max(left.top, right.top) // of the data
	height := top + max(left.size.Y-left.top, right.size.Y-right.top) + margin

	c := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(dpi))
	page := draw.New(c)
	page.FillText(style, vg.Point{X: width / 2, Y: height - margin}, title)
	x := (width - plots) / 2
	left.draw(page, x, height-top)
	right.draw(page, x+left.size.X+margin, height-top)
	_, err := vgimg.PngCanvas{Canvas: c}.WriteTo(w)
	return err
}

// surrounded is a plot with the size of the canvas that it needs, and how far the
// upper edge of its data lies below that of the canvas.
type surrounded struct {
	*plot.Plot
	size vg.Point
	top  vg.Length
}

// surround measures what p takes around a data area of that size. Labels that
// stick out depend on the size, so the first measure gives the canvas for the
// second.
func surround(p *plot.Plot, area vg.Point) surrounded {
	s := surrounded{Plot: p, size: area.Add(vg.Point{X: vg.Inch, Y: vg.Inch})}
	for range 2 {
		trial := draw.New(vgimg.NewWith(vgimg.UseWH(s.size.X, s.size.Y), vgimg.UseDPI(dpi)))
		data := p.DataCanvas(trial)
		s.size = trial.Size().Add(area).Sub(data.Size())
		s.top = trial.Max.Y - data.Max.Y
	}
	return s
}

// draw puts the plot with its left edge at x and the upper edge of its data at y.
func (s surrounded) draw(page draw.Canvas, x, y vg.Length) {
	page.Rectangle = vg.Rectangle{
		Min: vg.Point{X: x, Y: y + s.top - s.size.Y},
		Max: vg.Point{X: x + s.size.X, Y: y + s.top},
	}
	s.Draw(page)
}
