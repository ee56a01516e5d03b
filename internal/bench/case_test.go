package bench

import (
	"context"
	"errors"
	"math"
	"testing"

	"offload/device"
	"offload/device/reference"
)

// A case whose sizes overflow is refused, and its predicted sizes and costs are positive.
func TestCasesBeyondNumbers(t *testing.T) {
	d, err := reference.Open(context.Background(), device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, n := range []int{math.MaxInt32, math.MaxInt/4 + 1, math.MaxInt/2 + 1, math.MaxInt} {
		for _, kernel := range Kernels() {
			for _, p := range []device.Type{device.Float32, device.Float64} {
				c := Case{Kernel: kernel, Precision: p, N: n, Sweeps: 1}
				if err := c.check(device.Info{}); !errors.Is(err, device.ErrOutOfMemory) && !errors.Is(err, device.ErrInvalid) && n > math.MaxInt32 {
					t.Errorf("%+v: %v", c, err)
				}
				l, up, down := c.Shape()
				if cost := device.CostOf(l); up <= 0 || down <= 0 || c.Memory() <= 0 || !(cost.Ops > 0) || !(cost.Bytes > 0) {
					t.Errorf("%+v: %d bytes up, %d down, %d in memory, costs %+v", c, up, down, c.Memory(), cost)
				}
			}
		}
	}
	for _, sweeps := range []int{0, -1, math.MaxInt32, math.MaxInt} {
		c := Case{Kernel: "heat", Precision: device.Float64, N: 9, Sweeps: sweeps}
		if _, err := Run(context.Background(), d, c, 1, func() {}); !errors.Is(err, device.ErrInvalid) {
			t.Errorf("%d sweeps: %v, want ErrInvalid", sweeps, err)
		}
	}
}
