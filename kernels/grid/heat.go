package grid

import (
	"math"
	"offload/device"
	"offload/kernels/internal/base"
	"offload/kernels/internal/sweep"
	"offload/shaders"
)

var (
	heat32 = newHeat[float32]()
	heat64 = newHeat[float64]()
)

// Heat returns the kernel of explicit time steps of the heat equation with the five-point
// stencil on a grid of rows × cols points, in precision t:
//
//	u′ = u + (cy·((up + down) − 2u) + cx·((left + right) − 2u))
//
// at inner points; the edges keep their values. cx = α·Δt/dx² and cy = α·Δt/dy² for a
// diffusivity α: see HeatCoefficients. Beyond the stability limit cx + cy ≤ ½, a launch
// fails with device.ErrInvalid. Arguments, the floor, and the residual (the change in the
// last step) are those of Laplacian.
func Heat(t device.Type) *device.Kernel { return base.Pick(t, heat32, heat64) }

// NewHeat returns a launch of Heat for all rows of u and out; see NewLaplacian.
func NewHeat[T device.Float](u, out, residual device.Arg, steps int, cx, cy T) *device.Launch {
	return &device.Launch{
		Kernel: Heat(device.TypeOf[T]()),
		Args:   stencilArgs(u, out, residual, steps, cx, cy),
		Rows:   device.Range{Lo: 0, Hi: u.NumRows()},
	}
}

// HeatCoefficients returns cx and cy of Heat for a diffusivity (m²/s), a time step (s)
// and the spacings (m) between columns, dx, and rows, dy.
func HeatCoefficients[T device.Float](diffusivity, dt, dx, dy float64) (cx, cy T) {
	a := float64(diffusivity * dt)
	return T(a / float64(dx*dx)), T(a / float64(dy*dy))
}

// StableStep returns the largest stable time step of Heat, in seconds: ½ / (α·(1/dx² +
// 1/dy²)).
func StableStep(diffusivity, dx, dy float64) float64 {
	return 0.5 / (diffusivity * (1/float64(dx*dx) + 1/float64(dy*dy)))
}

// heatOps counts the operations of one step at a point: 2 sums, 2 products by
// two and differences, 2 products and 2 sums.
const heatOps = 9

func newHeat[T device.Float]() *device.Kernel {
	k := &device.Kernel{
		Name:     base.Name[T]("heat"),
		Params:   stencilParams[T](),
		Contract: stencilContract(heatRow[T]),
		Host:     stencilHost(heatHostRow[T], sweep.Heat),
		Shader:   stencilShader[T](shaders.Heat),
		Check:    checkStencil[T]("beyond the stability limit cx + cy ≤ 1/2: take a smaller time step"),
		Cost:     stencilCost[T](heatOps),
		Unit:     "updates",
		// Sums of 2 and differences of 4, times coefficients, make 3; products of 4 make
		// 2; their sum is at most 2, and the last one at most 1.
		Invariant: stencilInvariant[T](8, func(cx, cy float64) float64 { return 1 - 2*cx - 2*cy }),
	}
	k.Examples = func(n int) []*device.Call {
		return stencilExamples(k, n, []T{0.25, 0.1}, []T{0.25, 0.3})
	}
	return k
}

// heatRow performs one step of a row of at least three points, whose first and last point
// keep their values.
func heatRow[T device.Float](dst, up, mid, down []T, cx, cy T) {
	n := len(mid)
	dst, up, down = dst[:n], up[:n], down[:n]
	floor := flushBelow[T]()
	dst[0], dst[n-1] = mid[0], mid[n-1]
	left, here := mid[0], mid[1]
	for j := 1; j < n-1; j++ {
		right, twice := mid[j+1], here+here
		v := here + (T(cy*((up[j]+down[j])-twice)) + T(cx*((left+right)-twice)))
		if v < floor && v > -floor {
			v = 0
		}
		dst[j] = v
		left, here = here, right
	}
}

// heatHostRow is heatRow with one comparison for the floor.
func heatHostRow[T device.Float](dst, up, mid, down []T, cx, cy T) {
	n := len(mid)
	dst, up, down = dst[:n], up[:n], down[:n]
	floor := float64(flushBelow[T]())
	dst[0], dst[n-1] = mid[0], mid[n-1]
	left, here := mid[0], mid[1]
	for j := 1; j < n-1; j++ {
		right, twice := mid[j+1], here+here
		v := here + (T(cy*((up[j]+down[j])-twice)) + T(cx*((left+right)-twice)))
		if math.Abs(float64(v)) < floor {
			v = 0
		}
		dst[j] = v
		left, here = here, right
	}
}
