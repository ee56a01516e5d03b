package bench

import (
	"fmt"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
)

// ratePanel is the rate over n, a line for each precision and number of workers.
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

// roomy tells whether labels at those values do not touch on an axis of decades.
func roomy(n []int) bool {
	whole := float64(n[len(n)-1]) / float64(n[0])
	for i := 1; i < len(n); i++ {
		if step := float64(n[i]) / float64(n[i-1]); step < 1.2 || step*step*step*step*step*step*step < whole {
			return false
		}
	}
	return true
}

// count is a number of things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
