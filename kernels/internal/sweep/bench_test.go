package sweep

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func BenchmarkRows(b *testing.B) {
	if !HasVector() {
		b.Skip("this processor or build has no vectors")
	}
	benchmarkRows[float32](b)
	benchmarkRows[float64](b)
}

// benchmarkRows sweeps over some rows in the nearest cache.
func benchmarkRows[T Float](b *testing.B) {
	for u, name := range []string{Jacobi: "jacobi", Heat: "heat"} {
		f := Vector[T](Update(u))
		forms := []Rows[T]{f.Rows, f.Quick(0.3, 0.2), f.Quick(0.25, 0.25)}
		for i, form := range []string{"exact", "quick", "quarters"} {
			const n, rows = 544, 8
			const step = n + 16
			buf, at := make([]T, (rows+2)*step), make([]int32, rows+2)
			fill(buf, rand.New(rand.NewPCG(1, 1)), 0)
			for j := range at {
				at[j] = int32(j * step)
			}
			b.Run(fmt.Sprintf("%T/%s/%s", buf[0], name, form), func(b *testing.B) {
				for b.Loop() {
					forms[i](buf, at, n, n-1, 0.25, 0.25, floorOf[T]())
				}
				b.ReportMetric(float64(b.N)*rows*n/float64(b.Elapsed().Nanoseconds()), "GLUP/s")
			})
		}
	}
}
