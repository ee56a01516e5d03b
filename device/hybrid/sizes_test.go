package hybrid_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"offload/device"
	"offload/internal/simulated"
)

// TestGrowingSizes: what was learnt of one size serves the next, so that a few launches
// of each of some growing sizes, such as a calibration makes, show what a split costs.
func TestGrowingSizes(t *testing.T) {
	virtually(t, "force", func(t *testing.T) {
		cpu, gpu := model("cpu", device.CPU, 1), model("gpu", device.GPU, 2)
		d, err := join(context.Background(), device.Options{}, nil, simulated.Open(cpu), simulated.Open(gpu))
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		for i, n := range []int{128, 182, 364, 257} {
			r, err := startForce(context.Background(), d, n, false)
			if err != nil {
				t.Fatal(err)
			}
			items := device.Cost{Items: float64(n * n)}
			ideal := 1 / (1/cpu.Launch("force.f32", items).Seconds() + 1/gpu.Launch("force.f32", items).Seconds())
			for launch := range 6 {
				start := time.Now()
				if err := r.step(); err != nil {
					t.Fatal(err)
				}
				took := time.Since(start).Seconds()
				if i >= 2 && launch > 0 && took > 1.05*ideal {
					t.Errorf("launch %d of %d bodies took %.3f of the ideal", launch, n, took/ideal)
				}
			}
		}
	})
}

// TestAnotherTrial: a choice taken over from another size is tried before long, and one
// that was wrong is given up.
func TestAnotherTrial(t *testing.T) {
	virtually(t, "force", func(t *testing.T) {
		slow := model("gpu", device.GPU, 1)
		slow.Start = 6 * time.Millisecond // pays for large launches alone
		d, err := join(context.Background(), device.Options{}, nil, simulated.Open(model("cpu", device.CPU, 1)), simulated.Open(slow))
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		for _, n := range []int{100, 141, 200, 282, 400} {
			r, err := startForce(context.Background(), d, n, false)
			if err != nil {
				t.Fatal(err)
			}
			for range 40 {
				if err := r.step(); err != nil {
					t.Fatal(err)
				}
			}
		}
		report := strings.Join(d.(interface{ Report() []string }).Report(), "\n")
		if !strings.Contains(report, "force.f32 of 1e+04 interactions: splitting does not pay") ||
			!strings.Contains(report, "force.f32 of 1.6e+05 interactions: split, ") {
			t.Errorf("small launches should not be split, large ones should:\n%s", report)
		}
	})
}

// TestWithoutCost: launches of a kernel without Cost are measured, and split if they take
// long.
func TestWithoutCost(t *testing.T) {
	for _, c := range []struct {
		name  string
		rate  float64 // rows per second
		split bool
	}{{"launches of 100 ms", 1e4, true}, {"launches of 50 µs", 2e7, false}} {
		virtually(t, c.name, func(t *testing.T) {
			ctx := context.Background()
			m := simulated.Model{Name: "gpu", Rate: c.rate}
			host := m
			host.Name, host.Class = "cpu", device.CPU
			d, err := join(ctx, device.Options{}, nil, simulated.Open(host), simulated.Open(m))
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			x := mustAlloc(t, d, 1000)
			var took time.Duration
			for range 20 {
				start := time.Now()
				if err := errors.Join(double(ctx, d, x, 0, 1000), x.Wait(ctx)); err != nil {
					t.Fatal(err)
				}
				took = time.Since(start)
			}
			want := time.Duration(1000 / c.rate * float64(time.Second))
			if c.split {
				want /= 2
			}
			if took != want {
				t.Errorf("a launch takes %v at last, want %v", took, want)
			}
		})
	}
}
