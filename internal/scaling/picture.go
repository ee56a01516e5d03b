package scaling

import (
	"fmt"
	"image/color"
	"io"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"offload/internal/simulated"
)

// Sizes of a picture.
const (
	panelWidth  = 3.6 * vg.Inch
	panelHeight = 2.6 * vg.Inch
	margin      = 0.15 * vg.Inch
)

// Draw draws the efficiency of the runs of the document on 1 to Most nodes, as SVG: a row of panels for each network.
func Draw(w io.Writer, networks ...simulated.Network) error {
	groups := [][]Named{Runs()[:3], Runs()[3:7], Runs()[7:]}
	canvas := vgsvg.New(panelWidth*vg.Length(len(groups))+2*margin, panelHeight*vg.Length(len(networks))+2*margin)
	page := draw.New(canvas)
	page.SetColor(color.White)
	page.Fill(page.Rectangle.Path())
	tiles := draw.Tiles{
		Rows: len(networks), Cols: len(groups), PadX: margin, PadY: margin,
		PadTop: margin, PadBottom: margin, PadLeft: margin, PadRight: margin,
	}
	for row, n := range networks {
		for column, runs := range groups {
			p, err := panel(n, runs)
			if err != nil {
				return err
			}
			p.Draw(tiles.At(page, column, row))
		}
	}
	_, err := canvas.WriteTo(w)
	return err
}

var colours = []color.Color{color.RGBA{0x1f, 0x77, 0xb4, 0xff}, color.RGBA{0xd6, 0x5f, 0x0e, 0xff}, color.RGBA{0x2c, 0x8a, 0x2c, 0xff}, color.RGBA{0x77, 0x4a, 0xa8, 0xff}}

// panel draws some runs on one network.
func panel(n simulated.Network, runs []Named) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text = n.Name
	p.X.Label.Text, p.Y.Label.Text = "nodes", "efficiency (%)"
	p.X.Scale = plot.LogScale{}
	var ticks plot.ConstantTicks
	for nodes := 1; nodes <= Most; nodes *= 4 {
		ticks = append(ticks, plot.Tick{Value: float64(nodes), Label: fmt.Sprint(nodes)})
	}
	p.X.Tick.Marker = ticks
	p.Add(plotter.NewGrid())
	for i, r := range runs {
		var points plotter.XYs
		for nodes := 1; nodes <= Most; nodes *= 4 {
			points = append(points, plotter.XY{X: float64(nodes), Y: 100 * Efficiency(r, On(n, nodes))})
		}
		line, err := plotter.NewLine(points)
		if err != nil {
			return nil, err
		}
		line.Color, line.Width = colours[i], vg.Points(1.5)
		p.Add(line)
		p.Legend.Add(r.Name, line)
	}
	if last := runs[len(runs)-1]; Efficiency(last, On(n, 64)) < 0.5 { // room above the lines
		p.Legend.Top = true
	} else {
		p.Legend.Left = true
	}
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 1, Most, 0, 100
	return p, nil
}
