package bench

import (
	"errors"
	"fmt"
	"io"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Pictures lists the kinds of picture that Draw can make.
func Pictures() []string { return []string{"svg", "png"} }

// Size of a panel, space around panels, and pixels of a PNG per inch.
const (
	panelWidth  = 5.4 * vg.Inch
	panelHeight = 4.4 * vg.Inch
	gap         = 0.2 * vg.Inch
	dpi         = 110
)

// Draw draws the results, in panels side by side: for each kernel with several n
// the rate over n; the speed-up, if there are several numbers of workers; the
// roofline, where ceilings were measured and memory, the bandwidth of a large
// copy in bytes per second, is not 0. If none applies it is the rate over n.
func Draw(w io.Writer, kind string, results []Result, memory float64) error {
	panels, err := panelsOf(results, memory)
	if err != nil {
		return err
	}
	if len(panels) == 0 {
		return errors.New("bench: there are no results to draw")
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

// panelsOf makes the panels that apply.
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

// newCanvas is a white page of one of the Pictures.
func newCanvas(kind string, width, height vg.Length) (vg.CanvasWriterTo, error) {
	switch kind {
	case "svg":
		return vgsvg.New(width, height), nil
	case "png":
		return vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(dpi))}, nil
	}
	return nil, fmt.Errorf("bench: no pictures of kind %q", kind)
}
