package bench

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// ratePanel draws the rate over n, with a line for each precision and number of workers.
func ratePanel(kernel string, results []Result) (*plot.Plot, error) {
	x := "bodies"
	if onPlate(kernel) {
		x = "points along a side"
	}
	p := newPanel(kernel+": rate over size", x, results[0].RateUnit)
	counts := workers(results)
	keys, members := groups(results, seriesOf)
	for _, s := range keys {
		var points plotter.XYs
		for _, r := range members[s] {
			points = append(points, plotter.XY{X: float64(r.N), Y: r.Rate})
		}
		name := fmt.Sprintf("%s, %s, %s", s.precision, s.device, count(s.workers, "worker"))
		if err := addLine(p, s, points, slices.Index(counts, s.workers), name); err != nil {
			return nil, err
		}
	}
	logarithmic(&p.X)
	logarithmic(&p.Y)
	if n := sizes(results); len(n) <= 8 && roomy(n) {
		p.X.Tick.Marker = values(n)
	}
	headroom(p, len(keys))
	return p, nil
}

// roomy reports whether labels at those values fit on an axis of decades.
func roomy(n []int) bool {
	whole := float64(n[len(n)-1]) / float64(n[0])
	for i := 1; i < len(n); i++ {
		if step := float64(n[i]) / float64(n[i-1]); step < 1.2 || step*step*step*step*step*step*step < whole {
			return false
		}
	}
	return true
}

// count formats a number of things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// speedupPanel draws the speed-up over the number of workers, relative to the smallest,
// at the largest n of each kernel and precision.
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

// speedups returns the speed-ups relative to the smallest number of workers, whose own
// speed-up counts as that number.
func speedups(of []Result) plotter.XYs {
	least := slices.MinFunc(of, func(a, b Result) int { return a.Workers - b.Workers })
	points := make(plotter.XYs, len(of))
	for i, r := range of {
		points[i] = plotter.XY{X: float64(r.Workers), Y: float64(least.Workers) * r.Rate / least.Rate}
	}
	return points
}

// ideal draws the line of perfect scaling.
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

// grey returns the style of auxiliary lines.
func grey(dashes ...vg.Length) draw.LineStyle {
	return draw.LineStyle{Color: color.Gray{Y: 110}, Width: 1, Dashes: dashes}
}

// rooflinePanel draws the roofline model (Williams, Waterman and Patterson, CACM 52(4),
// 2009) of the largest number of workers: operations per second over operations per
// byte. Rates are limited by the bandwidth of memory, unless the data stay in a cache,
// and by the roof of the cores, which depends on each kernel's mix of operations.
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

// extent returns the range of the horizontal axis.
func extent(results []Result) (lo, hi float64) {
	lo, hi = math.Inf(1), 0
	for _, r := range results {
		lo, hi = min(lo, r.OpsPerByte), max(hi, r.OpsPerByte)
	}
	return lo, hi * 2
}

// addRoof draws the limit of the cores, from the point at which it is below that of
// memory.
func addRoof(p *plot.Plot, s series, roof, memory, hi float64) error {
	line, err := plotter.NewLine(plotter.XYs{{X: roof / memory, Y: roof}, {X: max(hi, 2*roof/memory), Y: roof}})
	if err != nil {
		return fmt.Errorf("bench: roof of %s %s: %w", s.kernel, s.precision, err)
	}
	line.LineStyle = draw.LineStyle{Color: s.colour(), Width: 1.5, Dashes: []vg.Length{5, 3}}
	p.Add(line)
	return nil
}

// addSlope draws the limit of memory up to the highest roof.
func addSlope(p *plot.Plot, lo, top, memory float64) error {
	line, err := plotter.NewLine(plotter.XYs{{X: lo, Y: lo * memory}, {X: top / memory, Y: top}})
	if err != nil {
		return fmt.Errorf("bench: slope of memory: %w", err)
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
