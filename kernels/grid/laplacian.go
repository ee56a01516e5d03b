package grid

import (
	"math"
	"offload/device"
	"offload/kernels/internal/base"
	"offload/kernels/internal/sweep"
	"offload/shaders"
)

var (
	laplacian32 = newLaplacian[float32]()
	laplacian64 = newLaplacian[float64]()
)

// Laplacian returns the kernel of Jacobi sweeps for Laplace's equation with the
// five-point stencil on a grid of rows × cols points, in precision t:
//
//	u′ = cy·(up + down) + cx·(left + right)
//
// at inner points; the edges keep their values (Dirichlet). With spacing dx
// between columns and dy between rows, cx = dy²/(2(dx² + dy²)) and cy =
// dx²/(2(dx² + dy²)): see JacobiWeights. Values below a floor of 2^-80 (float32)
// or 2^-900 (float64) become zero. The residual of a row is that of the last
// sweep; see Residual.
func Laplacian(t device.Type) *device.Kernel { return base.Pick(t, laplacian32, laplacian64) }

// NewLaplacian returns a launch of Laplacian for all rows of u and out, which are
// matrices of one shape; residual has as many rows, of width ResidualWidth. sweeps is 1
// to MaxSweeps.
func NewLaplacian[T device.Float](u, out, residual device.Arg, sweeps int, cx, cy T) *device.Launch {
	return &device.Launch{
		Kernel: Laplacian(device.TypeOf[T]()),
		Args:   stencilArgs(u, out, residual, sweeps, cx, cy),
		Rows:   device.Range{Lo: 0, Hi: u.NumRows()},
	}
}

// LaplacianCall returns a call of Laplacian for a field of rows × cols points, which
// writes the field after the sweeps to out, and ResidualWidth residuals for each row to
// residual. Errors: device.ErrInvalid for a field that CheckField refuses, for lengths
// that do not match, and for a number of sweeps outside 1 to MaxSweeps.
func LaplacianCall[T device.Float](field, out, residual []T, rows, cols, sweeps int, cx, cy T) (*device.Call, error) {
	if err := CheckField(field, rows, cols); err != nil {
		return nil, err
	}
	if len(out) != len(field) || len(residual) != rows*ResidualWidth {
		return nil, device.Invalidf("%d values and %d residuals for a grid of %d × %d points", len(out), len(residual), rows, cols)
	}
	if sweeps < 1 || sweeps > MaxSweeps {
		return nil, device.Invalidf("%d sweeps; the range is 1 to %d", sweeps, MaxSweeps)
	}
	return &device.Call{Kernel: Laplacian(device.TypeOf[T]()), Args: []device.HostArg{
		stencilIn:       device.HostMat(field, cols),
		stencilOut:      device.HostMat(out, cols),
		stencilResidual: device.HostMat(residual, ResidualWidth),
		stencilSweeps:   device.HostVal(int32(sweeps)),
		stencilX:        device.HostVal(cx),
		stencilY:        device.HostVal(cy),
	}}, nil
}

// JacobiWeights returns the coefficients of Laplacian for spacings dx between columns and
// dy between rows, in any one unit.
func JacobiWeights[T device.Float](dx, dy float64) (cx, cy T) {
	x, y := float64(dx*dx), float64(dy*dy)
	return T(y / (2 * (x + y))), T(x / (2 * (x + y)))
}

// laplacianOps counts the operations of one update: 3 sums and 2 products.
const laplacianOps = 5

func newLaplacian[T device.Float]() *device.Kernel {
	k := &device.Kernel{
		Name:     base.Name[T]("laplacian"),
		Params:   stencilParams[T](),
		Contract: stencilContract(jacobiRow[T]),
		Host:     stencilHost(jacobiHostRow[T], sweep.Jacobi),
		Shader:   stencilShader[T](shaders.Laplacian),
		Check:    checkStencil[T]("too large: the four weights must add up to 1"),
		Cost:     stencilCost[T](laplacianOps),
		Unit:     "updates",
		// Each sum is at most 2 and is multiplied by its coefficient, which makes 1 in
		// all; the products together round as much as 1, and so does the last sum.
		Invariant: stencilInvariant[T](3, func(cx, cy float64) float64 { return 0 }),
	}
	k.Examples = func(n int) []*device.Call {
		cx, cy := JacobiWeights[T](1, 1.5)
		return stencilExamples(k, n, []T{0.25, cx}, []T{0.25, cy})
	}
	return k
}

// jacobiRow performs one sweep over a row of at least three points, whose first and last
// point keep their values.
func jacobiRow[T device.Float](dst, up, mid, down []T, cx, cy T) {
	n := len(mid)
	dst, up, down = dst[:n], up[:n], down[:n]
	floor := flushBelow[T]()
	dst[0], dst[n-1] = mid[0], mid[n-1]
	left, here := mid[0], mid[1]
	for j := 1; j < n-1; j++ {
		right := mid[j+1]
		v := T(cy*(up[j]+down[j])) + T(cx*(left+right))
		if v < floor && v > -floor {
			v = 0
		}
		dst[j] = v
		left, here = here, right
	}
}

// jacobiHostRow is jacobiRow with one comparison for the floor instead of two, the first
// of which is unpredictable for values of mixed signs.
func jacobiHostRow[T device.Float](dst, up, mid, down []T, cx, cy T) {
	n := len(mid)
	dst, up, down = dst[:n], up[:n], down[:n]
	floor := float64(flushBelow[T]())
	dst[0], dst[n-1] = mid[0], mid[n-1]
	left, here := mid[0], mid[1]
	for j := 1; j < n-1; j++ {
		right := mid[j+1]
		v := T(cy*(up[j]+down[j])) + T(cx*(left+right))
		if math.Abs(float64(v)) < floor {
			v = 0
		}
		dst[j] = v
		left, here = here, right
	}
}
