package bench

import (
	"context"
	"errors"
	"math"
	"testing"

	"offload/internal/ceiling"
)

func TestCompare(t *testing.T) {
	known := func() *Ceilings {
		return &Ceilings{map[limit]measured{
			{"pairs", "f32", 2, 0}:               {8e9, "pairs x"},
			{"sweep", "f64", 1, 0}:               {4e9, "sweep x"},
			{"copy", "", 1, 2 * 100 * 100 * 8}:   {16e9, "copy"},
			{"copy", "", 1, ceiling.LargestCopy}: {8e9, "copy"},
		}}
	}
	for _, c := range []struct {
		name    string
		result  Result
		rate    float64
		kind    string
		percent float64
	}{
		{"force", Result{Kernel: "force", Class: "cpu", Precision: "f32", Workers: 2, N: 10, Rate: 2e9}, 8e9, "pairs x", 25},
		{"one sweep", Result{Kernel: "laplacian", Class: "cpu", Precision: "f64", Workers: 1, N: 100, Sweeps: 1, Rate: 5e8}, 1e9, "copy", 50},
		{"many sweeps", Result{Kernel: "laplacian", Class: "cpu", Precision: "f64", Workers: 1, N: 100, Sweeps: 9, Rate: 1e9}, 4e9, "sweep x", 25},
		{"a large grid", Result{Kernel: "laplacian", Class: "cpu", Precision: "f64", Workers: 1, N: 30000, Sweeps: 4, Rate: 1e9}, 2e9, "copy", 50},
		{"another device", Result{Kernel: "force", Class: "reference", Precision: "f32", Workers: 1, N: 10, Rate: 1e6}, 0, "", 0},
	} {
		r := c.result
		err := known().Compare(t.Context(), &r)
		if err != nil || r.CeilingRate != c.rate || r.CeilingKind != c.kind || math.Abs(r.CeilingPercent-c.percent) > 1e-9 {
			t.Errorf("%s: %g, %q, %g %%, %v; want %g, %q, %g", c.name, r.CeilingRate, r.CeilingKind, r.CeilingPercent, err, c.rate, c.kind, c.percent)
		}
	}
}

func TestCompareMeasuresOnce(t *testing.T) {
	var c Ceilings
	r := Result{Kernel: "laplacian", Class: "cpu", Precision: "f32", Workers: 2, N: 64, Sweeps: 3, Rate: 1}
	if err := c.Compare(t.Context(), &r); err != nil || !(r.CeilingRate > 0) {
		t.Fatalf("%g, %v", r.CeilingRate, err)
	}
	again := r
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Compare(cancelled, &again); err != nil || again.CeilingRate != r.CeilingRate {
		t.Errorf("measured again: %g, then %g, %v", r.CeilingRate, again.CeilingRate, err)
	}
	other := Result{Kernel: "force", Class: "cpu", Precision: "f32", Workers: 2, N: 64, Rate: 1}
	if err := c.Compare(cancelled, &other); !errors.Is(err, context.Canceled) || other.CeilingRate != 0 || ceilingOf(other) != "–" {
		t.Errorf("after cancellation: %g, %v", other.CeilingRate, err)
	}
}
