package plate

import (
	"bytes"
	"fmt"
	"image/color"
	"io"
	"math"

	"gonum.org/v1/plot/palette"
	"gonum.org/v1/plot/palette/moreland"
	"gonum.org/v1/plot/plotter"

	"offload/device"
	"offload/internal/atomicfile"
)

// PictureOptions label a picture. The zero value draws in units of the grid.
type PictureOptions struct {
	Title string  // "": the size of the grid
	Unit  string  // of the temperatures, such as °C; "" for none
	Dx    float64 // distance between columns, in m; with Dy, 0: axes count points
	Dy    float64 // distance between rows, in m
}

// WritePNG draws f as a heat map in a PNG file: row 0 at the top, a cell for each
// point or, on large grids, for the mean of a block of points, in the plate's
// proportions up to 20 to 1, with a colour bar. The file is there as a whole or,
// after an error, as it was before. A field that Check refuses is not drawn.
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

// EncodePNG is WritePNG to a stream.
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

// colourScale runs from dark blue over red to pale yellow. Its brightness grows in
// even steps, so that the eye sees equal steps of temperature as equal (Moreland,
// Why We Use Bad Color Maps, 2016); it begins above black, where differences
// would be lost. A constant field gets a scale around its value.
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
