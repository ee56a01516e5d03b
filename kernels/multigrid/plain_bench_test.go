package multigrid

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"offload/cpu"
	"offload/device"
)

// BenchmarkPlain is one launch of each kernel: name, intervals, variant and workers.
func BenchmarkPlain(b *testing.B) {
	for _, k := range Plain() {
		for _, n := range []int{512, 4096} {
			for _, variant := range cpu.Variants(Plain()) {
				for _, workers := range []int{1, 2} {
					b.Run(fmt.Sprintf("%s/%d/%s/%d", k.Name, n, variant, workers), func(b *testing.B) {
						benchmarkPlain(b, k, n, variant, workers)
					})
				}
			}
		}
	}
}

func benchmarkPlain(b *testing.B, k *device.Kernel, n int, variant string, workers int) {
	ctx := context.Background()
	d, err := cpu.Open(ctx, device.Options{Variant: variant, Workers: workers, Kernels: Plain()})
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	call := exampleOf[float64]
	if k.Params[len(k.Params)-1].Type == device.Float32 {
		call = exampleOf[float32]
	}
	bound, err := call(k, plainExample{n: n, m: n, flags: HasEdges, pad: 7, dx: 1, dy: 1}).Bind(ctx, d)
	if err != nil {
		b.Fatal(err)
	}
	defer bound.Free(ctx)
	best := time.Duration(math.MaxInt64)
	for b.Loop() {
		start := time.Now()
		if err := d.Launch(ctx, bound.Launch); err != nil {
			b.Fatal(err)
		}
		if err := d.Sync(ctx); err != nil {
			b.Fatal(err)
		}
		best = min(best, time.Since(start))
	}
	b.ReportMetric(float64(best.Microseconds())/1000, "best-ms")
}
