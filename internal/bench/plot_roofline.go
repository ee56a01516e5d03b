package bench

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// rooflinePanel is the roofline model (Williams, Waterman and Patterson, CACM
// 52(4), 2009) of the largest number of workers: operations per second over
// operations per byte. Rates cannot pass the bandwidth of memory, unless the data
// stay in a cache, nor the roof of the cores, which is another one for each
// kernel's mix of operations.
func rooflinePanel(results []Result, memory float64) (*plot.Plot, error) {
	measured := slices.DeleteFunc(slices.Clone(results), func(r Result) bool { return r.roof == 0 })
	counts := workers(measured)
	most := counts[len(counts)-1]
	measured = slices.DeleteFunc(measured, func(r Result) bool { return r.Workers != most })

	p := newPanel("roofline, "+count(most, "worker"), "operations per byte", "operations/s")
	lo, hi := extent(measured)
	keys, members := groups(measured, seriesOf)
	top := 0.0
	for _, s := range keys {
		lo = min(lo, members[s][0].roof*members[s][0].opsPerItem/memory)
	}
	lo /= 2
	for _, s := range keys {
		r := members[s][0]
		roof := r.roof * r.opsPerItem
		top = max(top, roof)
		if err := addRoof(p, s, roof, memory, hi); err != nil {
			return nil, err
		}
		if err := addPoints(p, s, members[s]); err != nil {
			return nil, err
		}
	}
	if err := addSlope(p, lo, top, memory); err != nil {
		return nil, err
	}
	logarithmic(&p.X)
	logarithmic(&p.Y)
	headroom(p, len(keys)+1)
	return p, nil
}

// extent is the range of the horizontal axis.
func extent(results []Result) (lo, hi float64) {
	lo, hi = math.Inf(1), 0
	for _, r := range results {
		lo, hi = min(lo, r.OpsPerByte), max(hi, r.OpsPerByte)
	}
	return lo, hi * 2
}

// addRoof draws the cores' limit from where memory is no limit any more.
func addRoof(p *plot.Plot, s series, roof, memory, hi float64) error {
	line, err := plotter.NewLine(plotter.XYs{{X: roof / memory, Y: roof}, {X: max(hi, 2*roof/memory), Y: roof}})
	if err != nil {
		return fmt.Errorf("bench: the roof of %s %s: %w", s.kernel, s.precision, err)
	}
	line.LineStyle = draw.LineStyle{Color: s.colour(), Width: 1.5, Dashes: []vg.Length{5, 3}}
	p.Add(line)
	return nil
}

// addSlope draws the limit of memory up to the highest roof.
func addSlope(p *plot.Plot, lo, top, memory float64) error {
	line, err := plotter.NewLine(plotter.XYs{{X: lo, Y: lo * memory}, {X: top / memory, Y: top}})
	if err != nil {
		return fmt.Errorf("bench: the slope of memory: %w", err)
	}
	line.LineStyle = grey()
	p.Add(line)
	p.Legend.Add(fmt.Sprintf("copy of memory: %.3g GB/s", memory/1e9), line)
	return nil
}

// addPoints draws the results.
func addPoints(p *plot.Plot, s series, results []Result) error {
	points := make(plotter.XYs, len(results))
	for i, r := range results {
		points[i] = plotter.XY{X: r.OpsPerByte, Y: r.GFlops * 1e9}
	}
	marks, err := plotter.NewScatter(points)
	if err != nil {
		return fmt.Errorf("bench: %s %s: %w", s.kernel, s.precision, err)
	}
	marks.GlyphStyle = mark(s.colour(), 0)
	p.Add(marks)
	roof := results[0].roof * results[0].opsPerItem
	name := fmt.Sprintf("%s %s; dashed: its roof, %s", s.kernel, s.precision, FormatRate(roof, "operations/s"))
	p.Legend.Add(name, marks)
	return nil
}
