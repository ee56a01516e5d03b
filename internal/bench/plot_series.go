package bench

import (
	"fmt"
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// series identifies the results that are drawn in one colour and style.
type series struct {
	kernel, precision, device string
	workers                   int
}

func seriesOf(r Result) series { return series{r.Kernel, r.Precision, r.Device, r.Workers} }

// groups groups results by series. The keys are in the order of their first results.
func groups(results []Result, of func(Result) series) (keys []series, members map[series][]Result) {
	members = map[series][]Result{}
	for _, r := range results {
		k := of(r)
		if members[k] == nil {
			keys = append(keys, k)
		}
		members[k] = append(members[k], r)
	}
	return keys, members
}

func kernelResults(results []Result, kernel string) []Result {
	return slices.DeleteFunc(slices.Clone(results), func(r Result) bool { return r.Kernel != kernel })
}

// sizes returns the different n, in ascending order.
func sizes(results []Result) []int { return distinct(results, func(r Result) int { return r.N }) }

// workers returns the different numbers of workers, in ascending order.
func workers(results []Result) []int {
	return distinct(results, func(r Result) int { return r.Workers })
}

func distinct(results []Result, of func(Result) int) []int {
	list := make([]int, len(results))
	for i, r := range results {
		list[i] = of(r)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// colour returns a colour for the kernel and precision, safe for colour-blind readers
// (Okabe and Ito, Color Universal Design, 2008).
func (s series) colour() color.Color {
	switch s.kernel + s.precision {
	case "forcef32":
		return color.RGBA{0, 114, 178, 255}
	case "forcef64":
		return color.RGBA{0, 158, 115, 255}
	case "laplacianf32":
		return color.RGBA{213, 94, 0, 255}
	case "laplacianf64":
		return color.RGBA{204, 121, 167, 255}
	case "heatf32":
		return color.RGBA{230, 159, 0, 255}
	case "heatf64":
		return color.RGBA{86, 180, 233, 255}
	}
	return color.Black
}

// line returns a line through points and a mark at each. Index, that of the number of
// workers, selects mark and dashes.
func (s series) line(points plotter.XYs, index int) (*plotter.Line, *plotter.Scatter, error) {
	slices.SortFunc(points, func(a, b plotter.XY) int {
		if a.X < b.X {
			return -1
		}
		return 1
	})
	line, marks, err := plotter.NewLinePoints(points)
	if err != nil {
		return nil, nil, fmt.Errorf("bench: %s %s: %w", s.kernel, s.precision, err)
	}
	dashes := [][]vg.Length{nil, {6, 3}, {2, 2}, {8, 2, 2, 2}}
	line.LineStyle = draw.LineStyle{Color: s.colour(), Width: 1.5, Dashes: dashes[index%len(dashes)]}
	marks.GlyphStyle = mark(s.colour(), index)
	return line, marks, nil
}

func mark(c color.Color, index int) draw.GlyphStyle {
	shapes := []draw.GlyphDrawer{draw.CircleGlyph{}, draw.SquareGlyph{}, draw.PyramidGlyph{}, draw.BoxGlyph{}, draw.RingGlyph{}}
	return draw.GlyphStyle{Color: c, Radius: 3.5, Shape: shapes[index%len(shapes)]}
}

// addLine draws a line with its marks, and adds its name to the legend.
func addLine(p *plot.Plot, s series, points plotter.XYs, index int, name string) error {
	line, marks, err := s.line(points, index)
	if err != nil {
		return err
	}
	p.Add(line, marks)
	p.Legend.Add(name, line, marks)
	return nil
}
