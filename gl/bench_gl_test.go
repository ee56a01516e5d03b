//go:build gl

package gl_test

import (
	"context"
	"testing"

	"offload/device"
	"offload/internal/gltest"
	"offload/kernels"
)

// empty does nothing in one work-group.
func empty() *device.Kernel {
	return &device.Kernel{
		Name:     "empty",
		Params:   []device.Param{{Name: "y", Type: device.Int32, Access: device.WriteRows}},
		Contract: func(*device.Tile) {},
		Shader:   &device.Shader{Local: 1, Source: "void main() {}\n"},
	}
}

// BenchmarkDispatch measures a launch with its barrier on a warm queue, with one Sync
// after all launches.
func BenchmarkDispatch(b *testing.B) {
	ctx := context.Background()
	d := gltest.Open(b, device.Options{})
	y, err := d.Alloc(device.Int32, 1)
	if err != nil {
		b.Fatal(err)
	}
	l := &device.Launch{Kernel: empty(), Rows: device.Range{Hi: 1}, Args: []device.Arg{device.Vec(y)}}
	run := func(n int) {
		for range n {
			if err := d.Launch(ctx, l); err != nil {
				b.Fatal(err)
			}
		}
		if err := d.Sync(ctx); err != nil {
			b.Fatal(err)
		}
	}
	run(100)
	b.ReportAllocs()
	b.ResetTimer()
	run(b.N)
}

// BenchmarkOpen opens a device and probes all kernels: with empty caches, with
// programs in both our cache and the driver's (as users have from the second run on),
// and with only one of the two.
func BenchmarkOpen(b *testing.B) {
	needsGL(b)
	const ours, drivers = "XDG_CACHE_HOME", "MESA_SHADER_CACHE_DIR"
	run := func(b *testing.B) {
		d, err := open(context.Background(), device.Options{Kernels: kernels.All()})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		d.Close()
		b.StartTimer()
	}
	for _, c := range []struct {
		name  string
		empty []string // before each time
	}{
		{"cold", []string{ours, drivers}},
		{"warm", nil},
		{"driver's cache cold", []string{drivers}},
		{"our cache cold", []string{ours}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.Setenv(ours, b.TempDir())
			b.Setenv(drivers, b.TempDir())
			run(b)
			b.ResetTimer()
			for range b.N {
				b.StopTimer()
				for _, cache := range c.empty {
					b.Setenv(cache, b.TempDir())
				}
				b.StartTimer()
				run(b)
			}
		})
	}
}
