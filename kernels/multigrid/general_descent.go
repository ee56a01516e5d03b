package multigrid

import (
	"math"

	"offload/device"
	"offload/internal/contract"
	"offload/kernels/internal/base"
	"offload/shaders"
)

// The kernels of conjugate gradients, in precision T. The approximate residual of the
// last step and the correction that a multigrid cycle makes of it are float32.

var (
	direction32 = newDirection[float32]()
	direction64 = newDirection[float64]()
	step32      = newStep[float32]()
	step64      = newStep[float64]()
	dot32       = newDot[float32]()
	dot64       = newDot[float64]()
)

// Direction returns the kernel that forms the next direction of search and its product
// with the operator, in precision t:
//
//	p′ = T(z)·sigma + beta·p
//	q  = loss·p′ − s(p′), or 0 where inverse is 0
//
// where s is the flow between neighbours. Values of p′ and q below the floor become 0.
// The two results of a row are Σ T(f)·p′ and Σ q·p′, summed as in Dot.
func Direction(t device.Type) *device.Kernel { return base.Pick(t, direction32, direction64) }

// Step returns the kernel that makes a step and computes the residual of its result, in
// precision t:
//
//	x′ = x + alpha·p
//	r  = (b + s(x′)) − loss·x′, or 0 where inverse is 0
//	f  = float32(r·scale)
//
// where s is the flow between neighbours. Values of x′ and r below the floor become 0, and
// so do those of f below the floor of float32. The result of a row is the largest
// |r|·inverse.
func Step(t device.Type) *device.Kernel { return base.Pick(t, step32, step64) }

// Dot returns the kernel whose result of a row is Σ T(z)·q, in precision t. Columns are
// summed in segments of contract.ResidualSegment, within a segment in
// contract.ResidualLanes strided lanes, which are joined by halves; segments are added
// from left to right, beginning with 0.
func Dot(t device.Type) *device.Kernel { return base.Pick(t, dot32, dot64) }

// DirectionWidth is the number of results of a row of Direction.
const DirectionWidth = 2

// Parameters in binding order.
const (
	directionZ = iota
	directionP
	directionCoef
	directionF
	directionOut
	directionQ
	directionSums
	directionWrap
	directionSigma
	directionBeta
)

const (
	stepX = iota
	stepP
	stepB
	stepCoef
	stepOut
	stepF
	stepLargest
	stepWrap
	stepAlpha
	stepScale
)

const (
	dotZ = iota
	dotQ
	dotSums
)

// NewDirection returns a launch of Direction for all rows of its matrices, which have one
// shape; that of coef has Planes4 or Planes8 times the columns, and sums has
// DirectionWidth. wrap reports whether rows wrap.
func NewDirection[T device.Float](z, p, coef, f, out, q, sums device.Arg, wrap bool, sigma, beta T) *device.Launch {
	return &device.Launch{Kernel: Direction(device.TypeOf[T]()), Rows: device.Range{Hi: z.NumRows()}, Args: []device.Arg{
		directionZ: z, directionP: p, directionCoef: coef, directionF: f, directionOut: out, directionQ: q, directionSums: sums,
		directionWrap: flag(wrap), directionSigma: device.Val(sigma), directionBeta: device.Val(beta)}}
}

// NewStep returns a launch of Step for all rows of its matrices, which have one shape;
// that of coef has Planes4 or Planes8 times the columns, and largest has one column.
func NewStep[T device.Float](x, p, b, coef, out, f, largest device.Arg, wrap bool, alpha, scale T) *device.Launch {
	return &device.Launch{Kernel: Step(device.TypeOf[T]()), Rows: device.Range{Hi: x.NumRows()}, Args: []device.Arg{
		stepX: x, stepP: p, stepB: b, stepCoef: coef, stepOut: out, stepF: f, stepLargest: largest,
		stepWrap: flag(wrap), stepAlpha: device.Val(alpha), stepScale: device.Val(scale)}}
}

// NewDot returns a launch of Dot for all rows of z and q; sums has one column.
func NewDot(t device.Type, z, q, sums device.Arg) *device.Launch {
	return &device.Launch{Kernel: Dot(t), Rows: device.Range{Hi: z.NumRows()}, Args: []device.Arg{dotZ: z, dotQ: q, dotSums: sums}}
}

func flag(set bool) device.Arg {
	if set {
		return device.Int(1)
	}
	return device.Int(0)
}

func newDirection[T device.Float]() *device.Kernel {
	t := device.TypeOf[T]()
	halo := rowHalo(directionZ, directionWrap, 1)
	k := &device.Kernel{
		Name: base.Name[T]("direction"),
		Params: []device.Param{
			directionZ:     {Name: "z", Type: device.Float32, Access: device.ReadRows, Halo: halo},
			directionP:     {Name: "p", Type: t, Access: device.ReadRows, Halo: halo},
			directionCoef:  {Name: "coef", Type: t, Access: device.ReadRows, Halo: halo},
			directionF:     {Name: "f", Type: device.Float32, Access: device.ReadRows},
			directionOut:   {Name: "out", Type: t, Access: device.WriteRows},
			directionQ:     {Name: "q", Type: t, Access: device.WriteRows},
			directionSums:  {Name: "sums", Type: t, Access: device.WriteRows},
			directionWrap:  {Name: "wrap", Type: device.Int32, Access: device.Value},
			directionSigma: {Name: "sigma", Type: t, Access: device.Value},
			directionBeta:  {Name: "beta", Type: t, Access: device.Value},
		},
		Contract: directionContract[T],
		Host:     networkHost(planGrid[T], directionHost[T]),
		Check: func(l *device.Launch) error {
			return checkNetwork(l, directionCoef, directionWrap, directionSums, DirectionWidth, directionZ, directionP, directionF, directionOut, directionQ)
		},
		Cost: networkCost(directionZ, 20, 8+float64((3+Planes4)*t.Size())),
		Unit: "points",
	}
	k.Shader = rowsShader[T](shaders.Direction, directionZ, DirectionWidth)
	k.Examples = func(n int) []*device.Call { return directionExamples[T](k, n) }
	return k
}

func newStep[T device.Float]() *device.Kernel {
	t := device.TypeOf[T]()
	halo := rowHalo(stepX, stepWrap, 1)
	k := &device.Kernel{
		Name: base.Name[T]("step"),
		Params: []device.Param{
			stepX:       {Name: "x", Type: t, Access: device.ReadRows, Halo: halo},
			stepP:       {Name: "p", Type: t, Access: device.ReadRows, Halo: halo},
			stepB:       {Name: "b", Type: t, Access: device.ReadRows},
			stepCoef:    {Name: "coef", Type: t, Access: device.ReadRows, Halo: halo},
			stepOut:     {Name: "out", Type: t, Access: device.WriteRows},
			stepF:       {Name: "f", Type: device.Float32, Access: device.WriteRows},
			stepLargest: {Name: "largest", Type: t, Access: device.WriteRows},
			stepWrap:    {Name: "wrap", Type: device.Int32, Access: device.Value},
			stepAlpha:   {Name: "alpha", Type: t, Access: device.Value},
			stepScale:   {Name: "scale", Type: t, Access: device.Value},
		},
		Contract: stepContract[T],
		Host:     networkHost(planGrid[T], stepHost[T]),
		Check: func(l *device.Launch) error {
			return checkNetwork(l, stepCoef, stepWrap, stepLargest, 1, stepX, stepP, stepB, stepOut, stepF)
		},
		Cost: networkCost(stepX, 18, 4+float64((4+Planes4)*t.Size())),
		Unit: "points",
	}
	k.Shader = rowsShader[T](shaders.Step, stepX, 1)
	k.Examples = func(n int) []*device.Call { return stepExamples[T](k, n) }
	return k
}

func newDot[T device.Float]() *device.Kernel {
	t := device.TypeOf[T]()
	k := &device.Kernel{
		Name: base.Name[T]("dot"),
		Params: []device.Param{
			dotZ:    {Name: "z", Type: device.Float32, Access: device.ReadRows},
			dotQ:    {Name: "q", Type: t, Access: device.ReadRows},
			dotSums: {Name: "sums", Type: t, Access: device.WriteRows},
		},
		Contract: func(t *device.Tile) {
			z, q, sums, n := device.View[float32](t, dotZ), device.View[T](t, dotQ), device.View[T](t, dotSums), t.Width(dotZ)
			for r := t.Rows.Lo; r < t.Rows.Hi; r++ {
				sums[r] = mixedDot(z[r*n:][:n], q[r*n:][:n])
			}
		},
		Host: networkHost(planDot, dotHost[T]),
		Check: func(l *device.Launch) error {
			z, q, sums := l.Args[dotZ], l.Args[dotQ], l.Args[dotSums]
			if q.Width != z.Width || q.Len != z.Len || sums.Width != 1 {
				return device.Invalidf("kernel %s: z has %d × %d values, q %d × %d, sums %d columns",
					l.Kernel.Name, z.NumRows(), z.Width, q.NumRows(), q.Width, sums.Width)
			}
			return nil
		},
		Cost: networkCost(dotZ, 2, 4+float64(t.Size())),
		Unit: "points",
	}
	k.Shader = rowsShader[T](shaders.Dot, dotZ, 1)
	k.Examples = func(n int) []*device.Call { return dotExamples[T](k, n) }
	return k
}

func directionContract[T device.Float](t *device.Tile) {
	z, p, f := device.View[float32](t, directionZ), device.View[T](t, directionP), device.View[float32](t, directionF)
	out, q, sums := device.View[T](t, directionOut), device.View[T](t, directionQ), device.View[T](t, directionSums)
	sigma, beta := device.Scalar[T](t.Launch, directionSigma), device.Scalar[T](t.Launch, directionBeta)
	n := networkOf[T](t, directionCoef, directionZ, directionWrap)
	cols, floor := n.cols, NetworkFloor[T]()
	w, flow := newWindow[T](cols), make([]T, cols)
	set := func(r int) {
		if i := n.at(r); i >= 0 {
			search(w.row(r), z[i*cols:], p[i*cols:], sigma, beta, floor)
		}
	}
	set(t.Rows.Lo - 1)
	set(t.Rows.Lo)
	for r := t.Rows.Lo; r < t.Rows.Hi && !t.Done(); r++ {
		set(r + 1)
		l := n.links(r)
		up, mid, down := n.around(w, r)
		l.flows(flow, up, mid, down, 0, 1)
		row := q[r*cols:][:cols]
		for j, c := range mid {
			v := T(l.loss[j]*c) - flow[j]
			if l.inverse[j] == 0 || magnitude(v) < floor {
				v = 0
			}
			row[j] = v
		}
		copy(out[r*cols:][:cols], mid)
		sums[DirectionWidth*r] = mixedDot(f[r*cols:][:cols], mid)
		sums[DirectionWidth*r+1] = dotRow(row, mid)
	}
}

// search sets dst to z·sigma + beta·p.
func search[T device.Float](dst []T, z []float32, p []T, sigma, beta, floor T) {
	z, p = z[:len(dst)], p[:len(dst)]
	for j := range dst {
		v := T(T(z[j])*sigma) + T(beta*p[j])
		if magnitude(v) < floor {
			v = 0
		}
		dst[j] = v
	}
}

func stepContract[T device.Float](t *device.Tile) {
	x, p, b := device.View[T](t, stepX), device.View[T](t, stepP), device.View[T](t, stepB)
	out, f, largest := device.View[T](t, stepOut), device.View[float32](t, stepF), device.View[T](t, stepLargest)
	alpha, scale := device.Scalar[T](t.Launch, stepAlpha), device.Scalar[T](t.Launch, stepScale)
	n := networkOf[T](t, stepCoef, stepX, stepWrap)
	cols, floor := n.cols, NetworkFloor[T]()
	w, flow := newWindow[T](cols), make([]T, cols)
	set := func(r int) {
		if i := n.at(r); i >= 0 {
			advance(w.row(r), x[i*cols:], p[i*cols:], alpha, floor)
		}
	}
	set(t.Rows.Lo - 1)
	set(t.Rows.Lo)
	for r := t.Rows.Lo; r < t.Rows.Hi && !t.Done(); r++ {
		set(r + 1)
		l := n.links(r)
		up, mid, down := n.around(w, r)
		l.flows(flow, up, mid, down, 0, 1)
		row, right, most := f[r*cols:][:cols], b[r*cols:][:cols], T(0)
		for j, c := range mid {
			v := (right[j] + flow[j]) - T(l.loss[j]*c)
			if l.inverse[j] == 0 || magnitude(v) < floor {
				v = 0
			}
			if a := T(magnitude(v) * l.inverse[j]); a > most {
				most = a
			}
			s := float32(T(v * scale))
			if magnitude(s) < contract.NetworkFloor32 {
				s = 0
			}
			row[j] = s
		}
		copy(out[r*cols:][:cols], mid)
		largest[r] = most
	}
}

// advance sets dst to x + alpha·p.
func advance[T device.Float](dst, x, p []T, alpha, floor T) {
	x, p = x[:len(dst)], p[:len(dst)]
	for j := range dst {
		v := x[j] + T(alpha*p[j])
		if magnitude(v) < floor {
			v = 0
		}
		dst[j] = v
	}
}

// magnitude returns |x|.
func magnitude[T device.Float](x T) T { return T(math.Abs(float64(x))) }

const lanes = contract.ResidualLanes

// mixedDot returns Σ a·b as Dot describes.
func mixedDot[T device.Float](a []float32, b []T) (sum T) {
	for lo := 0; lo < len(b); lo += contract.ResidualSegment {
		hi := min(lo+contract.ResidualSegment, len(b))
		var part [base.MaxLanes]T
		x, y := a[lo:hi], b[lo:hi]
		for j := range x {
			part[j&(lanes-1)] += T(T(x[j]) * y[j])
		}
		sum += base.JoinLanes(&part, lanes)
	}
	return sum
}

// dotRow is mixedDot of one type.
func dotRow[T device.Float](a, b []T) (sum T) {
	for lo := 0; lo < len(b); lo += contract.ResidualSegment {
		hi := min(lo+contract.ResidualSegment, len(b))
		var part [base.MaxLanes]T
		x, y := a[lo:hi], b[lo:hi]
		for j := range x {
			part[j&(lanes-1)] += T(x[j] * y[j])
		}
		sum += base.JoinLanes(&part, lanes)
	}
	return sum
}
