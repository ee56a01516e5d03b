//go:build gl

package hybrid_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"offload/cpu"
	"offload/device"
	"offload/device/hybrid"
	"offload/gl"
	"offload/internal/gltest"
	"offload/kernels"
	"offload/kernels/grid"
)

// BenchmarkWithOpenGL compares launches on the host's cores and a device of OpenGL
// together with those on the cores alone, taking turns, once the shares have settled:
// the ratio of the medians. The report says what splitting would cost or gains.
func BenchmarkWithOpenGL(b *testing.B) {
	gltest.Open(b, device.Options{})
	for _, c := range []struct {
		name string
		p    program
	}{
		{"force.f32 of 4096 bodies", program{start: func(ctx context.Context, d device.Device) (run, error) { return startForce(ctx, d, 4096, false) }}},
		{"laplacian.f64 of 1024 × 1024", program{start: func(ctx context.Context, d device.Device) (run, error) {
			return startPlate(ctx, d, 1024, grid.Laplacian(device.Float64), 16)
		}}},
		{"heat.f64 of 2048 × 2048", program{start: func(ctx context.Context, d device.Device) (run, error) {
			return startPlate(ctx, d, 2048, grid.Heat(device.Float64), 16)
		}}},
	} {
		b.Run(c.name, func(b *testing.B) { benchTogether(b, c.p) })
	}
}

func benchTogether(b *testing.B, p program) {
	ctx := context.Background()
	o := device.Options{Kernels: kernels.All()}
	alone, err := cpu.Open(ctx, o)
	if err != nil {
		b.Fatal(err)
	}
	defer alone.Close()
	openGL := func(ctx context.Context, o device.Options) (device.Device, error) {
		return gl.Open(ctx, gltest.Class(), 0, o)
	}
	together, err := join(ctx, o, nil, cpu.Open, openGL)
	if err != nil {
		b.Fatal(err)
	}
	defer together.Close()
	var runs [2]run
	var took [2][]time.Duration
	for i, d := range []device.Device{alone, together} {
		if runs[i], err = p.start(ctx, d); err != nil {
			b.Fatal(err)
		}
	}
	turn := func(i, steps int) (times []time.Duration) {
		for range steps {
			start := time.Now()
			if err := runs[i].step(); err != nil {
				b.Fatal(err)
			}
			times = append(times, time.Since(start))
		}
		return times
	}
	turn(0, 10)
	turn(1, 10)
	for b.Loop() {
		for i := range runs {
			took[i] = append(took[i], turn(i, 6)[1:]...) // the first wakes the workers
		}
	}
	for i := range took {
		slices.Sort(took[i])
	}
	median := func(i int) float64 { return took[i][len(took[i])/2].Seconds() }
	b.ReportMetric(1e3*median(0), "ms-alone")
	b.ReportMetric(1e3*median(1), "ms-together")
	b.ReportMetric(median(1)/median(0), "together/alone")
	for _, line := range together.(*hybrid.Device).Report() {
		b.Log(line)
	}
}
