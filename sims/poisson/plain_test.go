package poisson

import (
	"context"
	"math"
	"testing"

	"offload/cpu"
	"offload/device"
)

func TestQuick(t *testing.T) {
	d, _ := cpu.Open(context.Background(), device.Options{})
	defer d.Close()
	quick[float64](t, d)
	quick[float32](t, d)
}

func quick[T device.Float](t *testing.T, d device.Device) {
	for _, n := range []int{8, 64, 256, 512, 1024} {
		for _, q := range []float64{0, 1} {
			p := &Problem{Rows: n + 1, Cols: n + 1}
			u := make([]T, (n+1)*(n+1))
			if q == 0 {
				for j := range n + 1 {
					u[j] = 100
				}
			} else {
				p.Source = make([]float64, len(u))
				for i := range p.Source {
					p.Source[i] = q
				}
			}
			var last float64
			exact := make([]T, len(u))
			copy(exact, u)
			Solve(context.Background(), d, p, exact, Options{Tol: 1e-14})
			r, err := Solve(context.Background(), d, p, u, Options{Progress: func(k int, r float64) { t.Logf("%d: %.3g", k, r) }})
			e := 0.0
			for i := range u {
				e = max(e, math.Abs(float64(u[i]-exact[i])))
			}
			t.Logf("n %d %T: centre %.14g (%.14g), %+v, %v; true error %.3g", n, u[0], u[n/2*(n+1)+n/2], exact[n/2*(n+1)+n/2], r, err, e)
			_ = last
		}
	}
}
