// Package bench measures kernels on a device: upload, cold launch, warm launches and
// download separately, with a digest of the result.
package bench

import (
	"fmt"
	"math"
	"offload/device"
	"offload/kernels/gravity"
	"offload/kernels/grid"
)

// Case is a kernel with its inputs to measure.
type Case struct {
	Kernel    string // force, laplacian or heat
	Precision device.Type
	N         int    // bodies, or points along each side of the plate
	Sweeps    int    // of a launch of laplacian or heat
	Seed      uint64 // of the input
}

// Kernels returns the names of the kernels that can be measured.
func Kernels() []string { return []string{"force", "laplacian", "heat"} }

// onPlate reports whether a kernel works on a plate of n × n points.
func onPlate(kernel string) bool { return kernel != "force" }

// check returns an error if a case is invalid or does not fit into memory.
func (c Case) check(info device.Info) error {
	if c.N < 1 {
		return device.Invalidf("n = %d", c.N)
	}
	if info.Memory <= 0 { // unknown, but no slice is longer
		info.Memory = math.MaxInt
	}
	if need := c.bytes(); need > float64(info.Memory) {
		return info.OutOfMemory(fmt.Sprintf("%s with n = %d", c.Kernel, c.N), need)
	}
	if c.N > math.MaxInt32 {
		return device.Invalidf("%s with n = %d; at most %d are possible", c.Kernel, c.N, math.MaxInt32)
	}
	return nil
}

// bytes returns the memory of a case on the host and the device together.
func (c Case) bytes() float64 {
	n, size := float64(c.N), float64(c.Precision.Size())
	if !onPlate(c.Kernel) {
		return 2 * size * n * (gravity.BodyWidth + gravity.AccelWidth)
	}
	scratch := math.Min(float64(c.Sweeps-1), 2)
	return size * n * ((4+scratch)*n + 2*grid.ResidualWidth)
}

// call returns the call with its inputs.
func (c Case) call() *device.Call {
	if c.Precision == device.Float32 {
		return callOf[float32](c)
	}
	return callOf[float64](c)
}

func callOf[T device.Float](c Case) *device.Call {
	if c.Kernel == "force" {
		bodies := device.HostMat(gravity.Plummer[T](c.N, c.Seed), gravity.BodyWidth)
		return &device.Call{
			Kernel: gravity.Force(c.Precision),
			Rows:   device.Range{Hi: c.N},
			Args: []device.HostArg{
				bodies, bodies, device.HostMat(make([]T, c.N*gravity.AccelWidth), gravity.AccelWidth),
				device.HostVal(softening[T](c.N)), device.HostVal(int32(0)),
			},
		}
	}
	k := grid.Laplacian(c.Precision)
	cx, cy := grid.JacobiWeights[T](1, 1)
	if c.Kernel == "heat" { // at nine tenths of the stability limit
		k = grid.Heat(c.Precision)
		cx, cy = grid.HeatCoefficients[T](1, 0.9*grid.StableStep(1, 1, 1), 1, 1)
	}
	return &device.Call{
		Kernel: k,
		Rows:   device.Range{Hi: c.N},
		Args: []device.HostArg{
			device.HostMat(grid.Plate[T](c.N, c.N, c.Seed), c.N),
			device.HostMat(make([]T, c.N*c.N), c.N),
			device.HostMat(make([]T, c.N*grid.ResidualWidth), grid.ResidualWidth),
			{Value: device.Int(c.Sweeps)}, device.HostVal(cx), device.HostVal(cy),
		},
	}
}

// softening returns about the mean distance of bodies in a Plummer sphere's core, as a
// power of two, so that it is the same in both precisions.
func softening[T device.Float](n int) T {
	eps := T(1)
	for cube := 1; cube < n; cube *= 8 {
		eps /= 2
	}
	return eps
}

// The largest sizes whose number of bytes fits in an int64 and whose number of elements
// fits in an int. Run refuses larger ones.
const (
	mostBodies = math.MaxInt >> 8
	mostPoints = 1 << (14 + math.MaxInt>>62*15) // along a side
)

// Shape returns the launch of a case without its buffers, and the bytes of the upload
// and the download in Run. It allocates no buffers.
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

// Memory returns the size of the case's buffers on a device in bytes.
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
