package bench

import (
	"math"

	"offload/device"
	"offload/kernels/gravity"
	"offload/kernels/grid"
)

// The largest sizes whose bytes an int64, and whose elements an int, can count. Run
// refuses larger ones.
const (
	mostBodies = math.MaxInt >> 8
	mostPoints = 1 << (14 + math.MaxInt>>62*15) // along a side
)

// Shape is the launch of a case without its buffers, and the bytes of each transfer
// that Run makes around the launches. Nothing is allocated.
func (c Case) Shape() (l *device.Launch, up, down int64) {
	if c.Precision == device.Float32 {
		return shapeOf[float32](c)
	}
	return shapeOf[float64](c)
}

func shapeOf[T device.Float](c Case) (l *device.Launch, up, down int64) {
	most := mostBodies
	if onPlate(c.Kernel) {
		most = mostPoints
	}
	c.N = min(c.N, most)
	size, n := int64(c.Precision.Size()), int64(c.N)
	if !onPlate(c.Kernel) {
		bodies := device.Arg{Len: c.N * gravity.BodyWidth, Width: gravity.BodyWidth}
		acc := device.Arg{Len: c.N * gravity.AccelWidth, Width: gravity.AccelWidth}
		return gravity.NewForce(bodies, bodies, acc, T(0), 0), size * n * gravity.BodyWidth, size * n * gravity.AccelWidth
	}
	field := device.Arg{Len: c.N * c.N, Width: c.N}
	residual := device.Arg{Len: c.N * grid.ResidualWidth, Width: grid.ResidualWidth}
	if c.Kernel == "heat" {
		return grid.NewHeat(field, field, residual, c.Sweeps, T(0), T(0)), size * n * n, size * n * n
	}
	return grid.NewLaplacian(field, field, residual, c.Sweeps, T(0), T(0)), size * n * n, size * n * n
}

// Memory is the bytes of the case's buffers on a device.
func (c Case) Memory() int64 {
	l, _, _ := c.Shape()
	total := int64(0)
	for i, p := range l.Kernel.Params {
		if p.Access != device.Value {
			total += int64(l.Args[i].Len) * int64(p.Type.Size())
		}
	}
	return total
}
