package bench

import (
	"bytes"
	"image/png"
	"math"
	"strings"
	"testing"
)

// made returns results of every kernel and precision at those sizes and numbers of
// workers.
func made(class string, n, workers []int) []Result {
	var results []Result
	for _, k := range Kernels() {
		for _, p := range []string{"f32", "f64"} {
			for _, w := range workers {
				for _, n := range n {
					r := Result{Kernel: k, Precision: p, Device: class, Class: class, N: n, Workers: w,
						Rate: 1e9 * float64(w), RateUnit: "items/s", GFlops: 5 * float64(w), OpsPerByte: 10, opsPerItem: 5}
					if class == "cpu" {
						r.CeilingRate, r.roof = 2e9*float64(w), 2e9*float64(w)
					}
					results = append(results, r)
				}
			}
		}
	}
	return results
}

func TestPanels(t *testing.T) {
	for _, c := range []struct {
		name       string
		class      string
		n, workers []int
		memory     float64
		titles     string
	}{
		{"one of each", "cpu", []int{100}, []int{2}, 2e10, "roofline, 2 workers"},
		{"no ceilings", "reference", []int{100}, []int{1}, 0, "force: rate over size; laplacian: rate over size; heat: rate over size"},
		{"sizes", "cpu", []int{10, 100, 1000}, []int{1}, 0, "force: rate over size; laplacian: rate over size; heat: rate over size"},
		{"workers", "cpu", []int{100}, []int{1, 2, 4}, 0, "speed-up"},
		{"all", "cpu", []int{1, 1000000}, []int{4, 1}, 2e10,
			"force: rate over size; laplacian: rate over size; heat: rate over size; speed-up; roofline, 4 workers"},
		{"nothing", "cpu", nil, nil, 0, ""},
	} {
		results := made(c.class, c.n, c.workers)
		panels, err := panelsOf(results, c.memory)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		var titles []string
		for _, p := range panels {
			titles = append(titles, p.Title.Text)
		}
		if got := strings.Join(titles, "; "); got != c.titles {
			t.Errorf("%s: panels %q, want %q", c.name, got, c.titles)
		}
		for _, kind := range Pictures() {
			var b bytes.Buffer
			if err := Draw(&b, kind, results, c.memory); len(panels) > 0 && (err != nil || b.Len() < 1000) {
				t.Errorf("%s, %s: %d bytes, %v", c.name, kind, b.Len(), err)
			} else if len(panels) == 0 && err == nil {
				t.Errorf("%s, %s: a picture of nothing", c.name, kind)
			}
		}
	}
}

func TestPictureIsAPNG(t *testing.T) {
	var b bytes.Buffer
	if err := Draw(&b, "png", made("cpu", []int{64, 128}, []int{1, 2}), 1e10); err != nil {
		t.Fatal(err)
	}
	if _, err := png.Decode(&b); err != nil {
		t.Error(err)
	}
	if err := Draw(&b, "pdf", made("cpu", []int{64}, []int{1}), 1e10); err == nil {
		t.Error("a picture of an unknown kind")
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		labels string
	}{
		{0.9, 30, "1 2 5 10 20"},
		{0.5, 2e3, "1 10 100 1 k"},
		{4e8, 3e9, "500 M 1 G 2 G"},
		{3e12, 6e12, "5 T"},
	} {
		var labels []string
		for _, tick := range (decades{}).Ticks(c.lo, c.hi) {
			if tick.Label != "" {
				labels = append(labels, tick.Label)
			}
		}
		if got := strings.Join(labels, " "); got != c.labels {
			t.Errorf("from %g to %g: %s, want %s", c.lo, c.hi, got, c.labels)
		}
	}
	if ticks := (whole{}).Ticks(0, 2.6); len(ticks) != 3 || ticks[2].Label != "2" {
		t.Errorf("whole numbers up to 2.6: %v", ticks)
	}
}

func TestSpeedups(t *testing.T) {
	xys := speedups([]Result{{Workers: 8, Rate: 300}, {Workers: 2, Rate: 100}})
	if xys[0].Y != 6 || xys[1].Y != 2 || math.IsNaN(xys[0].X) {
		t.Errorf("%v", xys)
	}
}
