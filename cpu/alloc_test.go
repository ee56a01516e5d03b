package cpu

import (
	"context"
	"testing"

	"offload/device"
	"offload/kernels/gravity"
	"offload/kernels/grid"
)

// A launch allocates nothing once the device is warm, whether it runs in the caller or is
// divided into tiles or phases on the pool.
func TestLaunchesDoNotAllocate(t *testing.T) {
	ctx := context.Background()
	d, err := Open(ctx, device.Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, n := range []int{8, 200} {
		for _, k := range []*device.Kernel{gravity.Force(device.Float32), gravity.Potential(device.Float64), grid.Laplacian(device.Float32), grid.Heat(device.Float64)} {
			l, err := bind(ctx, d, k.Examples(n)[2])
			if err != nil {
				t.Fatal(err)
			}
			launch := func() {
				if err := d.Launch(ctx, l); err != nil {
					t.Fatal(err)
				}
				if err := d.Sync(ctx); err != nil {
					t.Fatal(err)
				}
			}
			for range 5 {
				launch()
			}
			if allocs := testing.AllocsPerRun(20, launch); allocs != 0 {
				t.Errorf("%s, n = %d: %g allocations a launch", k.Name, n, allocs)
			}
		}
	}
}

// bind uploads the data of a call.
func bind(ctx context.Context, d device.Device, c *device.Call) (*device.Launch, error) {
	l := &device.Launch{Kernel: c.Kernel, Rows: c.Rows}
	for _, a := range c.Args {
		arg := a.Value
		if a.Width > 0 {
			b, err := d.Alloc(a.Data.Type(), a.Data.Len())
			if err != nil {
				return nil, err
			}
			if err := b.Write(ctx, 0, a.Data); err != nil {
				return nil, err
			}
			arg = device.Mat(b, a.Width)
		}
		l.Args = append(l.Args, arg)
	}
	return l, nil
}
