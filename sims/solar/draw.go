package solar

import (
	"fmt"
	"image/color"
	"io"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// panelSide is the side of a panel, which is square.
const panelSide = 6 * vg.Inch

// innerShare is the fraction of the whole extent within which bodies are also drawn on a separate panel.
const innerShare = 0.1

// DrawOrbits writes a PNG picture of a track, seen from the north pole of the ecliptic: all bodies and, if there are at
// least two innermost ones, an enlargement of those. Dots are the last positions.
func DrawOrbits(w io.Writer, t *Track) error {
	if t == nil {
		return fmt.Errorf("%w: no track to draw", ErrInput)
	}
	all, inner, extent := t.panels()
	panels := [][]int{all}
	if len(inner) >= 2 && len(inner) < len(all) {
		panels = [][]int{inner, all}
	}
	img := vgimg.NewWith(vgimg.UseWH(panelSide*vg.Length(len(panels)), panelSide), vgimg.UseDPI(120))
	canvas := draw.New(img)
	for i, bodies := range panels {
		p, err := t.panel(bodies, extent)
		if err != nil {
			return fmt.Errorf("draw orbits: %w", err)
		}
		left, right := panelSide*vg.Length(i), panelSide*vg.Length(i+1-len(panels))
		p.Draw(draw.Crop(canvas, left, right, 0, 0))
	}
	_, err := vgimg.PngCanvas{Canvas: img}.WriteTo(w)
	return err
}

// panels returns all bodies, those near the origin, and the extent of each.
func (t *Track) panels() (all, inner []int, extent []float64) {
	largest := 0.0
	for i := range t.names {
		extent = append(extent, t.extent(i))
		largest = max(largest, extent[i])
	}
	for i := range t.names {
		all = append(all, i)
		if extent[i] <= innerShare*largest {
			inner = append(inner, i)
		}
	}
	return all, inner, extent
}

// panel draws some bodies.
func (t *Track) panel(bodies []int, extent []float64) (*plot.Plot, error) {
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = "x / au", "y / au (ecliptic)"
	p.Add(plotter.NewGrid())
	limit := 0.0
	for _, i := range bodies {
		limit = max(limit, extent[i])
	}
	for _, i := range bodies {
		dot, err := t.body(p, i)
		if err != nil {
			return nil, err
		}
		if i == 0 || extent[i] > innerShare*limit { // the others are too close together to be told apart
			p.Legend.Add(t.names[i], dot)
		}
	}
	if limit == 0 || math.IsInf(limit, 0) || math.IsNaN(limit) {
		limit = 1
	}
	limit *= 1.08
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = -limit, limit, -limit, limit
	p.Legend.Top = true
	return p, nil
}

// body draws one body's line and last position, and returns its symbol for the legend.
func (t *Track) body(p *plot.Plot, i int) (plot.Thumbnailer, error) {
	points := make(plotter.XYs, len(t.points[i]))
	for j, q := range t.points[i] {
		points[j] = plotter.XY{X: q[0], Y: q[1]}
	}
	line, err := plotter.NewLine(points)
	if err != nil {
		return nil, err
	}
	last, err := plotter.NewScatter(points[len(points)-1:])
	if err != nil {
		return nil, err
	}
	c := bodyColor(i)
	line.Color, line.Width = c, vg.Points(lineWidth(i))
	last.GlyphStyle = draw.GlyphStyle{Color: c, Radius: vg.Points(3), Shape: draw.CircleGlyph{}}
	p.Add(line, last)
	return last, nil
}

// lineWidth decreases with i, so that the Earth's orbit shows on both sides of the Moon's.
func lineWidth(i int) float64 { return max(0.5, 2.2-0.4*float64(i)) }

// bodyColor returns the i-th of eleven distinct colours.
func bodyColor(i int) color.Color {
	palette := [...]color.RGBA{
		{0xe6, 0xa8, 0x00, 0xff}, {0x6b, 0x6b, 0x6b, 0xff}, {0xb0, 0x7a, 0x2a, 0xff}, {0x1f, 0x6f, 0xd6, 0xff},
		{0x9a, 0xa5, 0xb1, 0xff}, {0xc1, 0x3b, 0x1e, 0xff}, {0x8c, 0x56, 0x4b, 0xff}, {0xc9, 0x9d, 0x2c, 0xff},
		{0x17, 0xa2, 0xa2, 0xff}, {0x2b, 0x3a, 0xa8, 0xff}, {0x7a, 0x3a, 0x8c, 0xff},
	}
	return palette[i%len(palette)]
}

// Track records the orbits of bodies for a picture, with fewer than 16384 points each. When it is full it drops every
// other point and records half as often.
type Track struct {
	names  []string
	points [][][2]float64 // of each body, in the plane of the ecliptic, au
	every  int            // steps for each point
	steps  int
}

const trackLimit = 16384

// obliquity is the obliquity of the ecliptic at J2000, IAU 1976: 84381.448".
const obliquity = 84381.448 / 3600 * math.Pi / 180

// NewTrack returns a track that begins at the current state of sim.
func NewTrack(sim *Simulation) *Track {
	t := &Track{names: sim.names, points: make([][][2]float64, len(sim.names)), every: 1}
	t.Add(sim)
	return t
}

// Add records the current state of sim. It should be called after every step.
func (t *Track) Add(sim *Simulation) {
	t.steps++
	if (t.steps-1)%t.every != 0 {
		return
	}
	sin, cos := math.Sincos(obliquity)
	p, full, left := sim.state(), false, 0
	for i := range t.points {
		if left == len(sim.names) || sim.names[left] != t.names[i] { // it is part of another body
			continue
		}
		x := p.X[3*left:][:3]
		t.points[i] = append(t.points[i], [2]float64{x[0], x[1]*cos + x[2]*sin})
		full = full || len(t.points[i]) >= trackLimit
		left++
	}
	if full {
		t.thin()
	}
}

// thin drops every other point.
func (t *Track) thin() {
	t.every *= 2
	for i, p := range t.points {
		half := (len(p) + 1) / 2
		for j := range half {
			p[j] = p[2*j]
		}
		t.points[i] = p[:half]
	}
}

// extent returns the largest distance of body i from the origin, in au.
func (t *Track) extent(i int) float64 {
	largest := 0.0
	for _, p := range t.points[i] {
		largest = max(largest, math.Hypot(p[0], p[1]))
	}
	return largest
}
