package plate

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"io"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/palette"
	"gonum.org/v1/plot/palette/moreland"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"offload/device"
	"offload/internal/atomicfile"
)

// PictureOptions sets the labels of a picture. The zero value has axes in grid spacings.
type PictureOptions struct {
	Title string  // "": the size of the grid
	Unit  string  // of the temperatures, such as °C; "" for none
	Dx    float64 // distance between columns, in m; if Dx and Dy are 0, axes count spacings
	Dy    float64 // distance between rows, in m
}

// WritePNG draws f as a heat map in a PNG file: row 0 at the top, a cell for each
// point or, on large grids, for the mean of a block of points, in the plate's
// proportions up to 20 to 1, with a colour bar. It replaces the file as a whole;
// after an error the file is as it was before. The error wraps device.ErrInvalid if
// Check refuses f or the spacings are invalid.
func WritePNG[T device.Float](path string, f *Field[T], o PictureOptions) error {
	var picture bytes.Buffer
	if err := EncodePNG(&picture, f, o); err != nil {
		return err
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := picture.WriteTo(w)
		return err
	})
}

// EncodePNG is like WritePNG but writes to a stream.
func EncodePNG[T device.Float](w io.Writer, f *Field[T], o PictureOptions) error {
	if err := f.Check(); err != nil {
		return err
	}
	axis := "%s (m)"
	if o.Dx == 0 && o.Dy == 0 {
		o.Dx, o.Dy, axis = 1, 1, "%s (grid spacings)"
	}
	if err := checkSpacing(o.Dx, o.Dy); err != nil {
		return err
	}
	lowest, highest := f.Extremes()
	colours, err := colourScale(float64(lowest), float64(highest))
	if err != nil {
		return err
	}
	area := plotArea(float64(f.Cols)*o.Dx, float64(f.Rows)*o.Dy)

	p := newPlot()
	p.X.Label.Text, p.Y.Label.Text = fmt.Sprintf(axis, "x"), fmt.Sprintf(axis, "y")
	addFramed(p, cells(f, colours, area, o.Dx, o.Dy))

	bar := newPlot()
	bar.HideX()
	bar.Y.Label.Text = "temperature"
	if o.Unit != "" {
		bar.Y.Label.Text += " (" + o.Unit + ")"
	}
	addFramed(bar, &plotter.ColorBar{ColorMap: colours, Vertical: true, Colors: shades})
	return compose(w, title(f, o, float64(lowest), float64(highest)), p, bar, area)
}

// shades is the number of colours of the scale.
const shades = 256

// colourScale returns a scale from dark blue over red to pale yellow. Its luminance
// grows evenly, so that equal steps of temperature look equal (Moreland, Why We Use
// Bad Color Maps, 2016). It begins above black, where differences are hard to see. For
// a constant field it returns a scale around its value.
func colourScale(lowest, highest float64) (palette.ColorMap, error) {
	if spread := math.Abs(highest) * 1e-6; highest-lowest <= spread {
		spread = max(spread, 0.5)
		lowest, highest = lowest-spread, highest+spread
	}
	m, err := moreland.NewLuminance([]color.Color{
		color.RGBA{24, 24, 96, 255},
		color.RGBA{104, 28, 140, 255},
		color.RGBA{190, 44, 110, 255},
		color.RGBA{238, 100, 62, 255},
		color.RGBA{252, 172, 52, 255},
		color.RGBA{255, 248, 176, 255},
	})
	if err != nil {
		return nil, err
	}
	m.SetMin(lowest)
	m.SetMax(highest)
	return m, nil
}

func title[T device.Float](f *Field[T], o PictureOptions, lowest, highest float64) string {
	name := o.Title
	if name == "" {
		name = fmt.Sprintf("Plate of %d × %d points", f.Rows, f.Cols)
	}
	unit := o.Unit
	if unit != "" {
		unit = " " + unit
	}
	return fmt.Sprintf("%s\nmin %.5g%s, max %.5g%s", name, lowest, unit, highest, unit)
}

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

// plotArea returns the size of the drawn plate, in its proportions.
func plotArea(width, height float64) vg.Point {
	long := max(width, height)
	return vg.Point{
		X: max(shortSide, longSide*vg.Length(width/long)),
		Y: max(shortSide, longSide*vg.Length(height/long)),
	}
}

// newPlot returns a plot without title whose axes touch its data.
func newPlot() *plot.Plot {
	p := plot.New()
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle.Font = sans(labelType)
		a.Label.Padding = font.Points(6)
		a.Tick.Label.Font = sans(tickType)
		a.Padding = 0
		a.LineStyle.Width = 0 // the frame replaces it
	}
	return p
}

func sans(points float64) font.Font {
	return font.Font{Typeface: "Liberation", Variant: "Sans", Size: font.Points(points)}
}

// addFramed adds a plotter and a frame around it, which sets pale areas off from the
// page.
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

// surround measures the space around p for a data area of that size. Labels that
// stick out depend on the size of the canvas, so it measures twice.
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

// maxCells is the largest number of cells that are drawn along a side.
const maxCells = 1000

// cells draws each point as a rectangle of dx × dy around it. The lowest row is
// at y = 0.
func cells[T device.Float](f *Field[T], scale palette.ColorMap, area vg.Point, dx, dy float64) *plotter.Image {
	g := reduce(f, maxCells)
	img := paint(g, scale, area)
	return plotter.NewImage(img,
		-dx/2, -dy/2, (float64(f.Cols)-0.5)*dx, (float64(f.Rows)-0.5)*dy)
}

// reduce returns f, or a smaller field of the means of square blocks if one of its
// sides has more than most points.
func reduce[T device.Float](f *Field[T], most int) *Field[float64] {
	block := (max(f.Rows, f.Cols) + most - 1) / most
	g := &Field[float64]{Rows: (f.Rows + block - 1) / block, Cols: (f.Cols + block - 1) / block}
	for i := range g.Rows {
		for j := range g.Cols {
			g.T = append(g.T, blockMean(f, i*block, j*block, block))
		}
	}
	return g
}

// blockMean returns the mean of the block that begins at a point, without the part
// outside of f.
func blockMean[T device.Float](f *Field[T], row, col, size int) float64 {
	sum, n := 0.0, 0
	for r := row; r < min(row+size, f.Rows); r++ {
		for _, v := range f.row(r)[col:min(col+size, f.Cols)] {
			sum += float64(v) / float64(size*size)
			n++
		}
	}
	return sum * float64(size*size) / float64(n)
}

// paint returns an image with as many pixels as the area, and at least one for each
// cell, so that it stays sharp when it is scaled.
func paint(g *Field[float64], scale palette.ColorMap, area vg.Point) image.Image {
	img := image.NewRGBA(image.Rect(0, 0,
		max(g.Cols, int(area.X.Dots(dpi)+0.5)), max(g.Rows, int(area.Y.Dots(dpi)+0.5))))
	size := img.Bounds().Size()
	table := scale.Palette(shades).Colors()
	for y := range size.Y {
		row := g.row(y * g.Rows / size.Y)
		for x := range size.X {
			img.Set(x, y, shade(table, scale, row[x*g.Cols/size.X]))
		}
	}
	return img
}

// shade returns the colour of a temperature.
func shade(table []color.Color, scale palette.ColorMap, v float64) color.Color {
	part := (v - scale.Min()) / (scale.Max() - scale.Min())
	return table[max(0, min(len(table)-1, int(part*float64(len(table)))))]
}
