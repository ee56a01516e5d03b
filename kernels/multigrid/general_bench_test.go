package multigrid

import (
	"context"
	"fmt"
	"testing"

	"offload/cpu"
	"offload/device"
)

// BenchmarkGeneral is one launch of each kernel: name, points on a side, and variant.
func BenchmarkGeneral(b *testing.B) {
	for _, k := range General() {
		for _, n := range []int{32, 128, 1024} {
			for _, variant := range cpu.Variants(General()) {
				b.Run(fmt.Sprintf("%s/%d/%s", k.Name, n, variant), func(b *testing.B) {
					benchmarkGeneral(b, k.Examples(n)[0], variant)
				})
			}
		}
	}
}

func benchmarkGeneral(b *testing.B, c *device.Call, variant string) {
	ctx := context.Background()
	d, err := cpu.Open(ctx, device.Options{Variant: variant, Workers: 1, Kernels: General()})
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	bound, err := c.Bind(ctx, d)
	if err != nil {
		b.Fatal(err)
	}
	defer bound.Free(ctx)
	for b.Loop() {
		if err := d.Launch(ctx, bound.Launch); err != nil {
			b.Fatal(err)
		}
		if err := d.Sync(ctx); err != nil {
			b.Fatal(err)
		}
	}
	items := device.CostOf(bound.Launch).Items
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/items, "ns/point")
}
