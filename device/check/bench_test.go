package check_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"offload/device"
	"offload/device/check"
	"offload/kernels/gravity"
	"offload/kernels/grid"
)

// BenchmarkCost measures what the checks cost: the same work without a check and with
// each, in turn. The extra metrics are the excess of the fastest run over the fastest
// without, in percent: what else the machine does only adds to times.
func BenchmarkCost(b *testing.B) {
	cores := open(b, device.Options{})
	for _, n := range []int{129, 257, 513, 1025, 2049} {
		b.Run(fmt.Sprintf("plate/f32/n=%d", n), func(b *testing.B) { compare(b, cores, sweeper[float32](n)) })
		b.Run(fmt.Sprintf("plate/f64/n=%d", n), func(b *testing.B) { compare(b, cores, sweeper[float64](n)) })
	}
	for _, n := range []int{11, 1024, 4096} {
		b.Run(fmt.Sprintf("force/f64/n=%d", n), func(b *testing.B) { compare(b, cores, attractor(n)) })
	}
}

// work makes a repeatable piece of work on a device.
type work func(b *testing.B, d device.Device) (run func() error)

func compare(b *testing.B, cores device.Device, w work) {
	kinds := []string{"none", "finite", "checksum"}
	devices := []device.Device{cores, check.Finite(cores), check.Checksum(cores)}
	runs, times := make([]func() error, len(kinds)), make([][]time.Duration, len(kinds))
	for k, d := range devices {
		runs[k] = w(b, d)
	}
	for b.Loop() {
		for k, run := range runs {
			start := time.Now()
			if err := run(); err != nil {
				b.Fatal(err)
			}
			times[k] = append(times[k], time.Since(start))
		}
	}
	least := func(k int) float64 { return slices.Min(times[k]).Seconds() }
	b.ReportMetric(100*(least(1)/least(0)-1), "%finite")
	b.ReportMetric(100*(least(2)/least(0)-1), "%checksum")
}

// sweeper does the sweeps of a plate between two checks, in launches as sim plate makes
// them.
func sweeper[T device.Float](n int) work {
	return func(b *testing.B, d device.Device) func() error {
		ctx := context.Background()
		var bufs [3]device.Buffer
		rows := make([]T, n*grid.ResidualWidth)
		for i, data := range [][]T{grid.Plate[T](n, n, 1), grid.Plate[T](n, n, 1), rows} {
			var err error
			if bufs[i], err = device.Upload(ctx, d, data); err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { bufs[i].Free() })
		}
		each := min(64, 1<<27/(n*n))
		var launches [2]*device.Launch
		for i := range launches {
			launches[i] = grid.NewLaplacian(device.Mat(bufs[i], n), device.Mat(bufs[1-i], n),
				device.Mat(bufs[2], grid.ResidualWidth), each, T(0.25), T(0.25))
		}
		return func() error {
			for i := range (check.CheckEvery + each - 1) / each {
				if err := d.Launch(ctx, launches[i%2]); err != nil {
					return err
				}
				if err := bufs[2].Read(ctx, 0, device.Of(rows)); err != nil {
					return err
				}
			}
			return nil
		}
	}
}

// attractor is an evaluation of the forces among n bodies: upload, launch, read.
func attractor(n int) work {
	return func(b *testing.B, d device.Device) func() error {
		ctx, bodies, acc := context.Background(), gravity.Plummer[float64](n, 1), make([]float64, n*gravity.AccelWidth)
		in, err := device.Upload(ctx, d, bodies)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { in.Free() })
		out, err := device.Upload(ctx, d, acc)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { out.Free() })
		rows := device.Mat(in, gravity.BodyWidth)
		l := gravity.NewForce(rows, rows, device.Mat(out, gravity.AccelWidth), 0.0625, 0)
		return func() error {
			if err := in.Write(ctx, 0, device.Of(bodies)); err != nil {
				return err
			}
			if err := d.Launch(ctx, l); err != nil {
				return err
			}
			return out.Read(ctx, 0, device.Of(acc))
		}
	}
}
