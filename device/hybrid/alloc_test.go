package hybrid_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"offload/cpu"
	"offload/device"
	"offload/device/reference"
)

// TestLaunchesDoNotAllocate: launches that are split, with data that travel between the
// parts, use the same memory again.
func TestLaunchesDoNotAllocate(t *testing.T) {
	ctx := context.Background()
	d, err := join(ctx, device.Options{Workers: 1}, []float64{1, 1}, cpu.Open, reference.Open)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	input := slices.Repeat([]int32{1}, 100)
	u, err := device.Upload(ctx, d, input)
	if err != nil {
		t.Fatal(err)
	}
	v, err := device.Upload(ctx, d, input)
	if err != nil {
		t.Fatal(err)
	}
	there := &device.Launch{Kernel: wide, Rows: device.Range{Hi: 100}, Args: []device.Arg{device.Val(int32(1)), device.Vec(u), device.Vec(v)}}
	back := &device.Launch{Kernel: wide, Rows: device.Range{Hi: 100}, Args: []device.Arg{device.Val(int32(1)), device.Vec(v), device.Vec(u)}}
	round := func() {
		if err := errors.Join(d.Launch(ctx, there), d.Launch(ctx, back), d.Sync(ctx), u.Write(ctx, 50, device.Of(input[:50])), u.Read(ctx, 0, device.Of(input))); err != nil {
			t.Fatal(err)
		}
	}
	if allocs := testing.AllocsPerRun(200, round); allocs != 0 {
		t.Errorf("two launches, a write and a read allocate %v times", allocs)
	}
}
