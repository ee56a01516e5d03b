package bench

import (
	"errors"
	"fmt"
	"image/color"
	"io"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Pictures returns the kinds of picture that Draw can draw.
func Pictures() []string { return []string{"svg", "png"} }

// Size of a panel, space around panels, and pixels of a PNG per inch.
const (
	panelWidth  = 5.4 * vg.Inch
	panelHeight = 4.4 * vg.Inch
	gap         = 0.2 * vg.Inch
	dpi         = 110
)

// Draw draws the results in panels side by side: the rate over n for each kernel with
// several n; the speed-up, if there are several numbers of workers; and the roofline,
// if there are ceilings and memory, the bandwidth of a large copy in bytes per second,
// is not 0. If none applies it draws the rate over n.
func Draw(w io.Writer, kind string, results []Result, memory float64) error {
	panels, err := panelsOf(results, memory)
	if err != nil {
		return err
	}
	if len(panels) == 0 {
		return errors.New("bench: no results to draw")
	}
	columns := min(len(panels), 3)
	if len(panels) == 4 {
		columns = 2
	}
	rows := (len(panels) + columns - 1) / columns
	width, height := vg.Length(columns)*(panelWidth+gap)+gap, vg.Length(rows)*(panelHeight+gap)+gap
	canvas, err := newCanvas(kind, width, height)
	if err != nil {
		return err
	}
	tiles := draw.Tiles{
		Cols: columns, Rows: rows, PadX: gap, PadY: gap,
		PadTop: gap, PadBottom: gap, PadLeft: gap, PadRight: gap,
	}
	page := draw.New(canvas)
	for i, p := range panels {
		p.Draw(tiles.At(page, i%columns, i/columns))
	}
	_, err = canvas.WriteTo(w)
	return err
}

// panelsOf returns the panels that apply.
func panelsOf(results []Result, memory float64) ([]*plot.Plot, error) {
	var panels []*plot.Plot
	add := func(p *plot.Plot, err error) error {
		if err == nil {
			panels = append(panels, p)
		}
		return err
	}
	for _, k := range Kernels() {
		if of := kernelResults(results, k); len(sizes(of)) > 1 {
			if err := add(ratePanel(k, of)); err != nil {
				return nil, err
			}
		}
	}
	if len(workers(results)) > 1 {
		if err := add(speedupPanel(results)); err != nil {
			return nil, err
		}
	}
	if memory > 0 {
		if err := add(rooflinePanel(results, memory)); err != nil {
			return nil, err
		}
	}
	if len(panels) > 0 {
		return panels, nil
	}
	for _, k := range Kernels() {
		if of := kernelResults(results, k); len(of) > 0 {
			if err := add(ratePanel(k, of)); err != nil {
				return nil, err
			}
		}
	}
	return panels, nil
}

// newCanvas returns a white page of one of the Pictures.
func newCanvas(kind string, width, height vg.Length) (vg.CanvasWriterTo, error) {
	switch kind {
	case "svg":
		return vgsvg.New(width, height), nil
	case "png":
		return vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(dpi))}, nil
	}
	return nil, fmt.Errorf("bench: no pictures of kind %q", kind)
}

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
	if a.Max < 3*a.Min { // a range with too few labels
		a.Min, a.Max = a.Min/2, a.Max*2
	}
}

// headroom raises the top of the vertical axis until the legend, of that many lines, is
// above the data.
func headroom(p *plot.Plot, lines int) {
	part := (lineSpace*float64(lines) + 10) / (0.8 * panelHeight.Points())
	if _, logs := p.Y.Scale.(plot.LogScale); logs {
		p.Y.Max = p.Y.Min * math.Pow(p.Y.Max/p.Y.Min, 1/(1-part))
		return
	}
	p.Y.Max = p.Y.Min + (p.Y.Max-p.Y.Min)/(1-part)
}

// decades places ticks at 1, 2, 5, 10, … with decimal prefixes. Over many decades only
// powers of ten have labels.
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

// values places ticks at its values.
type values []int

func (v values) Ticks(lo, hi float64) []plot.Tick {
	var ticks []plot.Tick
	for _, n := range v {
		ticks = append(ticks, plot.Tick{Value: float64(n), Label: strconv.Itoa(n)})
	}
	return ticks
}

// whole places about ten ticks at most, at integers.
type whole struct{}

func (whole) Ticks(lo, hi float64) []plot.Tick {
	var ticks []plot.Tick
	step := math.Ceil((hi - lo) / 10)
	for x := math.Ceil(lo); x <= hi; x += step {
		ticks = append(ticks, plot.Tick{Value: x, Label: strconv.FormatFloat(x, 'f', 0, 64)})
	}
	return ticks
}

// prefixed formats a number with a decimal prefix.
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
