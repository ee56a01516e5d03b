package devicetest

import (
	"context"
	"testing"

	"offload/device"
)

// Bench measures the overhead of a device: an empty launch, a launch of each kernel's
// smallest example, and transfers.
func Bench(b *testing.B, open Open, kernels ...*device.Kernel) {
	d := suite{open: open, kernels: kernels}.device(b)
	ctx := context.Background()
	b.Run("launch", func(b *testing.B) { benchLaunch(b, d, count[int32]()) })
	b.Run("launch queued", func(b *testing.B) { benchLaunch(b, d, heavy(count[int32](), 1e9)) })
	for _, n := range []int{1 << 10, 1 << 20} {
		data := make([]float32, n)
		buffer := upload(b, d, data)
		b.Run("write", func(b *testing.B) {
			b.SetBytes(int64(4 * n))
			for b.Loop() {
				if err := buffer.Write(ctx, 0, device.Of(data)); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("read", func(b *testing.B) {
			b.SetBytes(int64(4 * n))
			for b.Loop() {
				if err := buffer.Read(ctx, 0, device.Of(data)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	for _, k := range kernels {
		b.Run(k.Name, func(b *testing.B) { benchKernel(b, d, k, 1024) })
	}
}

// benchLaunch times a launch of one row and the Sync after it.
func benchLaunch(b *testing.B, d device.Device, k *device.Kernel) {
	ctx := context.Background()
	out := upload(b, d, make([]int32, 1))
	l := &device.Launch{Kernel: k, Rows: device.Range{Hi: 1}, Args: []device.Arg{device.Val(int32(1)), device.Vec(out)}}
	b.ReportAllocs()
	for b.Loop() {
		if err := d.Launch(ctx, l); err != nil {
			b.Fatal(err)
		}
		if err := d.Sync(ctx); err != nil {
			b.Fatal(err)
		}
	}
}

// benchKernel times the first example of a kernel, without transfers.
func benchKernel(b *testing.B, d device.Device, k *device.Kernel, n int) {
	ctx := context.Background()
	c := k.Examples(n)[0]
	l := &device.Launch{Kernel: k, Rows: c.Rows, Args: make([]device.Arg, len(c.Args))}
	for i, a := range c.Args {
		l.Args[i] = a.Value
		if a.Width == 0 {
			continue
		}
		buffer, err := d.Alloc(a.Data.Type(), a.Data.Len())
		if err != nil {
			b.Fatal(err)
		}
		defer buffer.Free()
		if err := buffer.Write(ctx, 0, a.Data); err != nil {
			b.Fatal(err)
		}
		l.Args[i] = device.Mat(buffer, a.Width)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := d.Launch(ctx, l); err != nil {
			b.Fatal(err)
		}
		if err := d.Sync(ctx); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(device.CostOf(l).Items*float64(b.N)/b.Elapsed().Seconds(), k.Unit+"/s")
}
