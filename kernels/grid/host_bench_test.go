package grid_test

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"offload/cpu"
	"offload/device"
	"offload/kernels/grid"
)

// BenchmarkStencil is launches of 32 sweeps: kernel, precision, n, variant and
// workers. GLUP/s are 10⁹ updates a second in the fastest launch.
func BenchmarkStencil(b *testing.B) {
	for _, name := range []string{"laplacian", "heat"} {
		for _, n := range []int{257, 512, 2048, 8192} {
			for _, variant := range []string{"avx2", "go"} {
				for _, workers := range []int{1, 2} {
					benchmarkStencil[float32](b, name, n, variant, workers)
					benchmarkStencil[float64](b, name, n, variant, workers)
				}
			}
		}
	}
}

func benchmarkStencil[T device.Float](b *testing.B, name string, n int, variant string, workers int) {
	b.Run(fmt.Sprintf("%s/%v/%d/%s/%d", name, device.TypeOf[T](), n, variant, workers), func(b *testing.B) {
		ctx := context.Background()
		d := openVariant(b, variant, workers)
		launch := stencilLaunch[T](b, ctx, d, name, n)
		best := time.Duration(math.MaxInt64)
		for b.Loop() {
			start := time.Now()
			if err := d.Launch(ctx, launch); err != nil {
				b.Fatal(err)
			}
			if err := d.Sync(ctx); err != nil {
				b.Fatal(err)
			}
			best = min(best, time.Since(start))
		}
		b.ReportMetric(32*float64(n)*float64(n)/float64(best.Nanoseconds()), "GLUP/s")
	})
}

// stencilLaunch is a launch of 32 sweeps on n × n points.
func stencilLaunch[T device.Float](b *testing.B, ctx context.Context, d device.Device, name string, n int) *device.Launch {
	u, err := device.Upload(ctx, d, stencilField[T](n, n, 1))
	if err != nil {
		b.Fatal(err)
	}
	out, err := device.Upload(ctx, d, make([]T, n*n))
	if err != nil {
		b.Fatal(err)
	}
	residual, err := device.Upload(ctx, d, make([]T, n*grid.ResidualWidth))
	if err != nil {
		b.Fatal(err)
	}
	args := []device.Arg{device.Mat(u, n), device.Mat(out, n), device.Mat(residual, grid.ResidualWidth)}
	if name == "heat" {
		return grid.NewHeat[T](args[0], args[1], args[2], 32, 0.2, 0.3)
	}
	return grid.NewLaplacian[T](args[0], args[1], args[2], 32, 0.25, 0.25)
}

// openVariant opens the cores with one form of the stencil grid.
func openVariant(t testing.TB, variant string, workers int) device.Device {
	t.Helper()
	d, err := cpu.Open(context.Background(), device.Options{
		Variant: variant,
		Workers: workers,
		Kernels: []*device.Kernel{grid.Laplacian(device.Float32)},
	})
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}
