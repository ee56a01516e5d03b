package plate

import (
	"math"
	"offload/kernels/grid"
	"testing"
)

func TestSpectralGap(t *testing.T) {
	for _, c := range []struct {
		rows, cols int
		dx, dy     float64
	}{{3, 3, 1, 1}, {4, 3, 1, 1}, {17, 17, 1, 1}, {257, 65, 1, 2}, {1000, 3, 1, 0.01}, {40, 4000, 3, 1}} {
		cx, cy := grid.JacobiWeights[float64](c.dx, c.dy)
		want := 1 - 2*cx*math.Cos(math.Pi/float64(c.cols-1)) - 2*cy*math.Cos(math.Pi/float64(c.rows-1))
		if got := spectralGap(c.rows, c.cols, c.dx, c.dy); got > want*(1+1e-6) || got < 0.99*want {
			t.Errorf("%+v: %g, want %g or a little less", c, got, want)
		}
	}
	if got := spectralGap(2, 9, 1, 1); got != 1 {
		t.Errorf("no inner points: %g", got)
	}
}

// A residual stagnates if it does not halve within a window.
func TestStagnation(t *testing.T) {
	window := stagnationWindow(0.02, 10)
	if window != 110 {
		t.Fatalf("a window of %d sweeps, want 110", window)
	}
	var s SteadyState
	stuck := func(sweeps int, residual float64) bool {
		s.Sweeps, s.Residual = sweeps, residual
		return s.stuck(window)
	}
	residual := 1.0
	for n := 10; n <= 2000; n += 10 {
		residual *= 0.93 // 0.45 in 110 sweeps
		if stuck(n, residual) {
			t.Fatalf("stuck at sweep %d, while the residual still falls", n)
		}
	}
	for n := 2010; n <= 2500; n += 10 {
		if stuck(n, residual) {
			if n > 2010+220 {
				t.Errorf("seen at sweep %d only", n)
			}
			return
		}
	}
	t.Error("not seen")
}

func TestDefaultBatch(t *testing.T) {
	for points, want := range map[int]int{1: 64, 257 * 257: 64, 2048 * 1024: 64, 4096 * 4096: 8, 1 << 30: 1} {
		if got := defaultBatch(points); got != want {
			t.Errorf("%d points: %d sweeps, want %d", points, got, want)
		}
	}
}

func TestSweepsForStaysFinite(t *testing.T) {
	if n := toInt(sweepsFor(1e300, 5e-324, 1e-18)); n <= 0 || n > math.MaxInt/4+1 {
		t.Errorf("%d sweeps", n)
	}
}
