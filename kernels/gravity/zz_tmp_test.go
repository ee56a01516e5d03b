package gravity_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"offload/cpu"
	"offload/device"
	"offload/kernels/gravity"
)

func TestZZ(t *testing.T) {
	ctx := context.Background()
	d, _ := cpu.Open(ctx, device.Options{})
	defer d.Close()
	const n = 16384
	x := make([]float64, n*4)
	for i := range x {
		x[i] = float64(i%977)/977 + 0.01
	}
	b, _ := device.Upload(ctx, d, x)
	a, _ := d.Alloc(device.Float64, n*gravity.AccelWidth)
	run := func(rows device.Range) float64 {
		l := gravity.NewForce(device.Mat(b, 4), device.Mat(b, 4), device.Mat(a, gravity.AccelWidth), 0.01, 0)
		l.Rows = rows
		s := time.Now()
		d.Launch(ctx, l)
		l.Wait(ctx)
		return float64(rows.Len()) * n / time.Since(s).Seconds() / 1e9
	}
	for range 7 {
		fmt.Printf("all %.2f  half %.2f G/s\n", run(device.Range{Hi: n}), run(device.Range{Hi: n / 2}))
	}
}
