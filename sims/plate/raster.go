package plate

import (
	"image"
	"image/color"

	"gonum.org/v1/plot/palette"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"offload/device"
)

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

// reduce is f, or a smaller field of the means of square blocks if one of its
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

// blockMean is the mean of the block that begins there, as far as it is in f.
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

// paint makes an image of as many pixels as the area has, at least one for each
// cell, so that scaling it later blurs nothing.
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

// shade is the colour of a temperature.
func shade(table []color.Color, scale palette.ColorMap, v float64) color.Color {
	part := (v - scale.Min()) / (scale.Max() - scale.Min())
	return table[max(0, min(len(table)-1, int(part*float64(len(table)))))]
}
