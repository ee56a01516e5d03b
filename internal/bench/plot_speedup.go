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

// speedupPanel is the speed-up over the number of workers, relative to the
// smallest, at the largest n of each kernel and precision.
func speedupPanel(results []Result) (*plot.Plot, error) {
	p := newPanel("speed-up", "workers", "speed-up")
	counts := workers(results)
	if err := ideal(p, counts); err != nil {
		return nil, err
	}
	keys, members := groups(results, func(r Result) series { return series{r.Kernel, r.Precision, r.Device, 0} })
	for i, s := range keys {
		of := members[s]
		ns := sizes(of)
		largest := ns[len(ns)-1]
		of = slices.DeleteFunc(of, func(r Result) bool { return r.N != largest })
		name := fmt.Sprintf("%s %s, n = %d", s.kernel, s.precision, largest)
		if err := addLine(p, s, speedups(of), i, name); err != nil {
			return nil, err
		}
	}
	p.Y.Min, p.X.Min = 0, 0
	p.X.Max *= 1.08
	if len(counts) <= 16 {
		p.X.Tick.Marker = values(counts)
	}
	headroom(p, len(keys)+1)
	p.Y.Tick.Marker = whole{}
	return p, nil
}

// speedups divides rates by that of the smallest number of workers, which counts
// as that number.
func speedups(of []Result) plotter.XYs {
	least := slices.MinFunc(of, func(a, b Result) int { return a.Workers - b.Workers })
	points := make(plotter.XYs, len(of))
	for i, r := range of {
		points[i] = plotter.XY{X: float64(r.Workers), Y: float64(least.Workers) * r.Rate / least.Rate}
	}
	return points
}

// ideal adds the line of perfect scaling.
func ideal(p *plot.Plot, counts []int) error {
	most := float64(counts[len(counts)-1])
	line, err := plotter.NewLine(plotter.XYs{{X: 0, Y: 0}, {X: most, Y: most}})
	if err != nil {
		return err
	}
	line.LineStyle = grey(4, 3)
	p.Add(line)
	p.Legend.Add("ideal", line)
	return nil
}

// grey is the style of what is not data.
func grey(dashes ...vg.Length) draw.LineStyle {
	return draw.LineStyle{Color: color.Gray{Y: 110}, Width: 1, Dashes: dashes}
}
