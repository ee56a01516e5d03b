package poisson

import (
	"context"
	"fmt"
	"testing"

	"offload/cpu"
	"offload/device"
)

// BenchmarkPlain solves for a square plate with one hot edge, to the default tolerance.
func BenchmarkPlain(b *testing.B) {
	d, err := cpu.Open(context.Background(), device.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	for _, n := range []int{513, 2049, 4097} {
		b.Run(fmt.Sprint("f32/", n), func(b *testing.B) { benchPlain[float32](b, d, n) })
		b.Run(fmt.Sprint("f64/", n), func(b *testing.B) { benchPlain[float64](b, d, n) })
	}
}

func benchPlain[T device.Float](b *testing.B, d device.Device, n int) {
	s, err := NewSolver[T](context.Background(), d, &Problem{Rows: n, Cols: n})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	u := hotTop[T](n, n)
	for b.Loop() {
		if _, err := s.Solve(context.Background(), u, nil, Options{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n*n), "ns/point")
}
