package sched

import (
	"math"
	"math/rand/v2"
	"testing"
)

// A line through exact measurements predicts exactly, between and beyond them.
func TestLineIsExact(t *testing.T) {
	for _, c := range []struct{ start, perUnit float64 }{
		{1e-5, 1e-12}, {1e-6, 1e-9}, {0, 1e-9}, {1e-3, 0}, {1e-9, 1e-6},
	} {
		l := new(costModel)
		for a := 100.0; a < 1e8; a *= 4 {
			for range samplesKept {
				l.add(a, c.start+a*c.perUnit)
			}
		}
		for a := 10.0; a < 1e10; a *= 1.7 {
			want := c.start + a*c.perUnit
			if got := l.seconds(a); math.Abs(got/want-1) > 1e-3 && math.Abs(got-want) > 2e-9 {
				t.Errorf("start %g, %g a unit: %g units are predicted to take %g, not %g", c.start, c.perUnit, a, got, want)
			}
		}
	}
}

// Measurements that were disturbed, up to two in five of each size, count for nothing.
func TestLineDropsOutliers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	l := new(costModel)
	for a := 100.0; a < 1e8; a *= 3 {
		var disturbed [samplesKept]bool
		disturbed[r.IntN(samplesKept)], disturbed[r.IntN(samplesKept)] = true, true
		for _, d := range disturbed {
			seconds := (1e-5 + a*1e-10) * (1 + 0.01*r.Float64())
			if d {
				seconds *= 2 + 100*r.Float64()
			}
			l.add(a, seconds)
		}
	}
	for a := 100.0; a < 1e8; a *= 1.3 {
		want := 1e-5 + a*1e-10
		if got := l.seconds(a); got < 0.98*want || got > 1.03*want {
			t.Errorf("%g units are predicted to take %g, not %g", a, got, want)
		}
	}
}

// Hardware that is slower with large sizes bends the model.
func TestLineBends(t *testing.T) {
	time := func(a float64) float64 {
		if a > 1e6 {
			return 1e-5 + 4*a*1e-10
		}
		return 1e-5 + a*1e-10
	}
	l := new(costModel)
	for a := 100.0; a < 1e9; a *= 2 {
		for range enough {
			l.add(a, time(a))
		}
	}
	for a := 100.0; a < 1e9; a *= 1.3 {
		if a > 5e5 && a < 2e6 {
			continue // at the bend itself
		}
		if got := l.seconds(a) / time(a); got < 0.9 || got > 1.1 {
			t.Errorf("%g units are predicted to take %g times what they do", a, got)
		}
	}
}

// A device that became slower is noticed after a few tasks, and the number of points
// stays bounded.
func TestLineLearns(t *testing.T) {
	l := new(costModel)
	for a := 100.0; a < 1e8; a *= 2 {
		for range enough {
			l.add(a, 1e-5+a*1e-10)
		}
	}
	before := l.seconds(1.3e6)
	if l.add(1.3e6, 1); l.seconds(1.3e6) != before {
		t.Error("one slow run changed the prediction")
	}
	for range samplesKept {
		l.add(1e6, 10*(1e-5+1e6*1e-10))
	}
	if got, want := l.seconds(1e6), 10*(1e-5+1e6*1e-10); math.Abs(got/want-1) > 0.01 {
		t.Errorf("predicted %g after it took %g", got, want)
	}
	for a := 1.0; a < 1e30; a *= 1.1 {
		l.add(a, 1)
	}
	if len(l.Points) > pointsKept || len(l.bends) > len(l.Points) {
		t.Errorf("%d points, %d bends", len(l.Points), len(l.bends))
	}
}

// Invalid measurements are ignored.
func TestLineRefuses(t *testing.T) {
	l := new(costModel)
	for _, x := range [][2]float64{{0, 1}, {-1, 1}, {math.NaN(), 1}, {math.Inf(1), 1}, {1, math.NaN()}, {1, math.Inf(1)}} {
		l.add(x[0], x[1])
	}
	if l.known() {
		t.Errorf("%+v", l.Points)
	}
}
