// Package grid has kernels for the five-point stencil on grids of rows × cols points:
// Laplacian performs Jacobi sweeps, Heat performs time steps, each in float32 and
// float64.
//
// The contract in contract.go is the exact sequence of IEEE-754 operations that every
// device must reproduce. The host code sweeps a strip of columns many times while it is
// in the cache; see strip.go.
package grid

import (
	"math"
	"offload/device"
	"offload/internal/contract"
	"offload/internal/ieee"
	"offload/kernels/internal/base"
)

// ResidualWidth is the number of residuals of a row: the largest |u′ − u|, and the sum of
// (u′ − u)².
const ResidualWidth = 2

// MaxSweeps is the largest number of sweeps of one launch.
const MaxSweeps = 1 << 16

// Parameters of the stencil kernels, in binding order.
const (
	stencilIn = iota
	stencilOut
	stencilResidual
	stencilSweeps
	stencilX
	stencilY
)

func stencilParams[T device.Float]() []device.Param {
	t := device.TypeOf[T]()
	return []device.Param{
		stencilIn:       {Name: "u", Type: t, Access: device.ReadRows, Halo: stencilHalo},
		stencilOut:      {Name: "out", Type: t, Access: device.WriteRows},
		stencilResidual: {Name: "residual", Type: t, Access: device.WriteRows},
		stencilSweeps:   {Name: "sweeps", Type: device.Int32, Access: device.Value},
		stencilX:        {Name: "cx", Type: t, Access: device.Value},
		stencilY:        {Name: "cy", Type: t, Access: device.Value},
	}
}

func stencilArgs[T device.Float](u, out, residual device.Arg, sweeps int, cx, cy T) []device.Arg {
	return []device.Arg{
		stencilIn:       u,
		stencilOut:      out,
		stencilResidual: residual,
		stencilSweeps:   device.Int(sweeps),
		stencilX:        device.Val(cx),
		stencilY:        device.Val(cy),
	}
}

// stencilHalo returns the number of sweeps: each one reads one row further.
func stencilHalo(l *device.Launch) int { return int(device.Scalar[int32](l, stencilSweeps)) }

// checkStencil refuses wrong shapes and numbers of sweeps, and coefficients with cx + cy
// > ½ beyond rounding, for which errors grow. limit is the text for that error.
func checkStencil[T device.Float](limit string) func(l *device.Launch) error {
	return func(l *device.Launch) error {
		u, out, residual := l.Args[stencilIn], l.Args[stencilOut], l.Args[stencilResidual]
		if u.Width != out.Width || u.Len != out.Len {
			return device.Invalidf("kernel %s: u has %d × %d values, out %d × %d",
				l.Kernel.Name, u.NumRows(), u.Width, out.NumRows(), out.Width)
		}
		if residual.Width != ResidualWidth {
			return device.Invalidf("kernel %s: rows of residual have %d elements, not %d",
				l.Kernel.Name, residual.Width, ResidualWidth)
		}
		if k := stencilHalo(l); k < 1 || k > MaxSweeps {
			return device.Invalidf("kernel %s: %d sweeps; the range is 1 to %d", l.Kernel.Name, k, MaxSweeps)
		}
		cx, cy := device.Scalar[T](l, stencilX), device.Scalar[T](l, stencilY)
		if least := leastCoefficient[T](); !(cx >= least && cy >= least) {
			return device.Invalidf("kernel %s: coefficients %g and %g must be at least %g", l.Kernel.Name, cx, cy, least)
		}
		if !(2*cx+2*cy <= 1+base.PerPrecision[T](0x1p-22, 0x1p-50)) {
			return device.Invalidf("kernel %s: coefficients %g and %g are %s", l.Kernel.Name, cx, cy, limit)
		}
		return nil
	}
}

// flushBelow returns the magnitude below which a value becomes zero. A hot edge spreads
// into a cold plate as 4^-distance; without a floor the front consists of subnormal
// numbers, which some processors handle slowly and some GPUs flush, so that results would
// differ. The floor is so high that no intermediate result of a stencil is subnormal
// either: the difference of two numbers that are zero or above the floor is zero or above
// floor·2^-24 (float64: ·2^-53), and the smallest coefficient keeps the products of those
// normal.
func flushBelow[T device.Float]() T { return base.PerPrecision[T](contract.Floor32, contract.Floor64) }

// leastCoefficient returns the smallest coefficient for which flushBelow suffices.
func leastCoefficient[T device.Float]() T { return base.PerPrecision[T](0x1p-20, 0x1p-60) }

// squareFloor returns the magnitude below which a square counts as zero in a residual,
// for the same reason.
func squareFloor[T device.Float]() T {
	return base.PerPrecision[T](contract.SquareFloor32, contract.SquareFloor64)
}

// CheckField returns a device.ErrInvalid for a field that the stencil kernels do not
// define: a shape without rows or columns or that does not match len(field), NaN, Inf, a
// value above MaxFinite/16, with which a sum of four may overflow, or a largest magnitude
// below 2^-40 (float32) or 2^-840 (float64), with which values would be flushed to zero.
func CheckField[T device.Float](field []T, rows, cols int) error {
	if rows < 1 || cols < 1 || rows > math.MaxInt32 || cols > math.MaxInt32 {
		return device.Invalidf("a grid of %d × %d points", rows, cols)
	}
	if len(field)/cols != rows || len(field)%cols != 0 {
		return device.Invalidf("%d values for a grid of %d × %d points", len(field), rows, cols)
	}
	limit, largest := base.MaxFinite[T]()/16, T(0)
	for i, v := range field {
		if !(ieee.Abs(v) <= limit) {
			return device.Invalidf("value %g in row %d, column %d of the field", v, i/cols, i%cols)
		}
		largest = max(largest, ieee.Abs(v))
	}
	if least := base.PerPrecision[T](0x1p-40, 0x1p-840); largest != 0 && largest < least {
		return device.Invalidf("the largest value of the field is %g, below %g: use a smaller unit or f64", largest, least)
	}
	return nil
}

// stencilCost returns the cost with one item for each update of ops operations. A launch
// reads and writes the grid at least once.
func stencilCost[T device.Float](ops float64) func(l *device.Launch) device.Cost {
	size := float64(device.TypeOf[T]().Size())
	return func(l *device.Launch) device.Cost {
		points := float64(l.Rows.Len()) * float64(l.Args[stencilIn].Width)
		updates := points * float64(stencilHalo(l))
		return device.Cost{Items: updates, Ops: updates * ops, Bytes: 2 * points * size}
	}
}

// stencilInvariant returns the invariant of sweeps with at most the given roundings of an
// update, for |u| ≤ 1 and cx + cy ≤ ½.
func stencilInvariant[T device.Float](roundings float64, centre func(cx, cy float64) float64) *device.Invariant {
	return &device.Invariant{Sweeps: "sweeps", Stencil: &device.Stencil{
		In: stencilIn, Out: stencilOut,
		Weights: func(l *device.Launch) (float64, float64, float64) {
			cx, cy := float64(device.Scalar[T](l, stencilX)), float64(device.Scalar[T](l, stencilY))
			return centre(cx, cy), cx, cy
		},
		Roundings: roundings, Floor: float64(flushBelow[T]()),
	}}
}
