// Package vet has a kernel with a product that may be fused.
package vet

import "offload/device"

// Axpy is y ← y·x + a, three times.
var Axpy = &device.Kernel{
	Name: "axpy",
	Params: []device.Param{
		{Name: "a", Type: device.Float64, Access: device.Value},
		{Name: "x", Type: device.Float64, Access: device.ReadRows},
		{Name: "y", Type: device.Float64, Access: device.UpdateRows},
	},
	Contract: func(t *device.Tile) {
		a := device.Scalar[float64](t.Launch, 0)
		x, y := device.View[float64](t, 1), device.View[float64](t, 2)
		for i := t.Rows.Lo; i < t.Rows.Hi; i++ {
			v, w := y[i], x[i]
			for range 3 {
				v = v*w + a
			}
			y[i] = v
		}
	},
}
