package bench

import (
	"image/color"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg/draw"
)

// Sizes of the type, in points.
const (
	titleType = 14
	labelType = 12
	tickType  = 10
	lineSpace = 14 // of the legend
)

func newPanel(title, x, y string) *plot.Plot {
	p := plot.New()
	p.Title.Text = title
	p.Title.TextStyle.Font = sans(titleType)
	p.Title.Padding = 8
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle.Font = sans(labelType)
		a.Label.Padding = 4
		a.Tick.Label.Font = sans(tickType)
		a.Padding = 0
	}
	p.X.Label.Text, p.Y.Label.Text = x, y
	p.Legend.TextStyle.Font = sans(tickType)
	p.Legend.Top, p.Legend.Left = true, true
	p.Legend.XOffs, p.Legend.YOffs = 6, -4
	p.Legend.Padding = 2
	grid := plotter.NewGrid()
	faint := draw.LineStyle{Color: color.Gray{Y: 228}, Width: 0.5}
	grid.Vertical, grid.Horizontal = faint, faint
	p.Add(grid)
	return p
}

func sans(points float64) font.Font {
	return font.Font{Typeface: "Liberation", Variant: "Sans", Size: font.Points(points)}
}

// logarithmic gives an axis a scale of decades with room at both ends.
func logarithmic(a *plot.Axis) {
	a.Scale, a.Tick.Marker = plot.LogScale{}, decades{}
	const room = 1.25
	a.Min, a.Max = a.Min/room, a.Max*room
	if a.Max < 3*a.Min { // one value, or nearly: still with labels
		a.Min, a.Max = a.Min/2, a.Max*2
	}
}

// headroom raises the top of the vertical axis until the legend with its lines
// stands above the data.
func headroom(p *plot.Plot, lines int) {
	part := (lineSpace*float64(lines) + 10) / (0.8 * panelHeight.Points())
	if _, logs := p.Y.Scale.(plot.LogScale); logs {
		p.Y.Max = p.Y.Min * math.Pow(p.Y.Max/p.Y.Min, 1/(1-part))
		return
	}
	p.Y.Max = p.Y.Min + (p.Y.Max-p.Y.Min)/(1-part)
}

// decades are ticks at 1, 2, 5, 10, … with decimal prefixes. Over many decades
// only powers of ten have labels.
type decades struct{}

func (decades) Ticks(lo, hi float64) []plot.Tick {
	var ticks []plot.Tick
	wide := hi > 300*lo
	for e := math.Floor(math.Log10(lo)); e <= math.Log10(hi); e++ {
		for m := 1.0; m < 10; m++ {
			t := plot.Tick{Value: m * math.Pow(10, e)}
			if m == 1 || !wide && (m == 2 || m == 5) {
				t.Label = prefixed(t.Value)
			}
			if t.Value >= lo && t.Value <= hi {
				ticks = append(ticks, t)
			}
		}
	}
	return ticks
}

// values are ticks at the values themselves.
type values []int

func (v values) Ticks(lo, hi float64) []plot.Tick {
	var ticks []plot.Tick
	for _, n := range v {
		ticks = append(ticks, plot.Tick{Value: float64(n), Label: strconv.Itoa(n)})
	}
	return ticks
}

// whole are ticks at whole numbers, ten or so at most.
type whole struct{}

func (whole) Ticks(lo, hi float64) []plot.Tick {
	var ticks []plot.Tick
	step := math.Ceil((hi - lo) / 10)
	for x := math.Ceil(lo); x <= hi; x += step {
		ticks = append(ticks, plot.Tick{Value: x, Label: strconv.FormatFloat(x, 'f', 0, 64)})
	}
	return ticks
}

// prefixed is a number with a decimal prefix.
func prefixed(x float64) string {
	prefix := ""
	for _, p := range []string{"k", "M", "G", "T"} {
		if x < 999 {
			break
		}
		x, prefix = x/1000, " "+p
	}
	return strconv.FormatFloat(x, 'g', 3, 64) + prefix
}
