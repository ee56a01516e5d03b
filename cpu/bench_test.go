package cpu

import (
	"context"
	"fmt"
	"testing"
)

func BenchmarkMapTinyTasks(b *testing.B) {
	p, err := NewPool(0)
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	in := make([]int, 1_000_000)
	for b.Loop() {
		if _, err := Map(context.Background(), p, in, func(_ context.Context, i int) (int, error) { return i + 1, nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(in))*float64(b.N)/b.Elapsed().Seconds(), "tasks/s")
}

func BenchmarkSubmit(b *testing.B) {
	p, err := NewPool(0)
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	ctx := context.Background()
	for b.Loop() {
		if _, err := Submit(ctx, p, func(context.Context) (int, error) { return 1, nil }).Get(ctx); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHandOver measures an empty loop on a warm pool: the cost of giving work to
// other workers and waiting for them.
func BenchmarkHandOver(b *testing.B) {
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprint("workers=", workers), func(b *testing.B) {
			p, err := NewPool(workers)
			if err != nil {
				b.Fatal(err)
			}
			defer p.Close()
			var l loop
			pl := &place{pool: p}
			body := func(*place, int, int) {}
			b.ReportAllocs()
			for b.Loop() {
				if err := pl.enter(context.Background()); err != nil {
					b.Fatal(err)
				}
				p.run(&l, pl, workers, body)
				p.leave()
			}
		})
	}
}
