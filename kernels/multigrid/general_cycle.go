package multigrid

import (
	"offload/device"
	"offload/internal/contract"
	"offload/shaders"
)

// The kernels of a multigrid cycle, in float32.

var (
	smooth   = newSmooth()
	restrict = newRestrict()
	prolong  = newProlong()
)

// Smooth returns the kernel of one red-black sweep. A point (i, j) is red if i + j is
// even. First red points change, then black ones, each to
//
//	u′ = u + ((f + s(u)) − loss·u)·inverse
//
// where s is the flow between neighbours, with the values before the first or second half
// of the sweep: neighbours of the same colour, diagonal or across an edge that wraps, count
// with their old values. Values of u′ below the floor become 0. If the scalar zero is 1, u
// counts as 0 everywhere.
func Smooth() *device.Kernel { return smooth }

// Parameters in binding order.
const (
	smoothU = iota
	smoothF
	smoothCoef
	smoothOut
	smoothWrap
	smoothZero
)

// NewSmooth returns a launch of Smooth for all rows of its matrices, which have one shape;
// that of coef has Planes4 or Planes8 times the columns. wrap reports whether rows wrap.
// If zero is set, u counts as 0.
func NewSmooth(u, f, coef, out device.Arg, wrap, zero bool) *device.Launch {
	return &device.Launch{Kernel: smooth, Rows: device.Range{Hi: u.NumRows()}, Args: []device.Arg{
		smoothU: u, smoothF: f, smoothCoef: coef, smoothOut: out, smoothWrap: flag(wrap), smoothZero: flag(zero)}}
}

func newSmooth() *device.Kernel {
	k := &device.Kernel{
		Name: "smooth.f32",
		Params: []device.Param{
			smoothU:    {Name: "u", Type: device.Float32, Access: device.ReadRows, Halo: rowHalo(smoothU, smoothWrap, 2)},
			smoothF:    {Name: "f", Type: device.Float32, Access: device.ReadRows, Halo: rowHalo(smoothU, smoothWrap, 1)},
			smoothCoef: {Name: "coef", Type: device.Float32, Access: device.ReadRows, Halo: rowHalo(smoothU, smoothWrap, 2)},
			smoothOut:  {Name: "out", Type: device.Float32, Access: device.WriteRows},
			smoothWrap: {Name: "wrap", Type: device.Int32, Access: device.Value},
			smoothZero: {Name: "zero", Type: device.Int32, Access: device.Value},
		},
		Contract: smoothContract,
		Host:     networkHost(planGrid[float32], smoothHost),
		Check: func(l *device.Launch) error {
			if z := device.Scalar[int32](l, smoothZero); z != 0 && z != 1 {
				return device.Invalidf("kernel %s: zero is %d, not 0 or 1", l.Kernel.Name, z)
			}
			return checkNetwork(l, smoothCoef, smoothWrap, -1, 0, smoothU, smoothF, smoothOut)
		},
		Cost: networkCost(smoothU, 15, 4*(3+Planes4)),
		Unit: "points",
	}
	k.Shader = tilesShader()
	k.Examples = func(n int) []*device.Call { return smoothExamples(k, n) }
	return k
}

func smoothContract(t *device.Tile) {
	u, f, out := device.View[float32](t, smoothU), device.View[float32](t, smoothF), device.View[float32](t, smoothOut)
	zero := device.Scalar[int32](t.Launch, smoothZero) == 1
	n := networkOf[float32](t, smoothCoef, smoothU, smoothWrap)
	cols := n.cols
	w, flow := newWindow[float32](cols), make([]float32, cols)
	row := func(m []float32, i int) []float32 { return m[i*cols:][:cols] }
	red := func(r int) { // the first half of the sweep
		i := n.at(r)
		if i < 0 {
			return
		}
		l, dst := n.links(i), w.row(r)
		if zero {
			firstRed(dst, row(f, i), l.inverse, i&1)
			return
		}
		mid := row(u, i)
		up, down := mid, mid
		if above := n.at(i - 1); above >= 0 {
			up = row(u, above)
		}
		if below := n.at(i + 1); below >= 0 {
			down = row(u, below)
		}
		copy(dst, mid)
		l.flows(flow, up, mid, down, i&1, 2)
		l.relax(dst, mid, row(f, i), flow, i&1)
	}
	red(t.Rows.Lo - 1)
	red(t.Rows.Lo)
	for r := t.Rows.Lo; r < t.Rows.Hi && !t.Done(); r++ {
		red(r + 1)
		l, dst := n.links(r), row(out, r)
		up, mid, down := n.around(w, r)
		copy(dst, mid)
		l.flows(flow, up, mid, down, 1-r&1, 2)
		l.relax(dst, mid, row(f, r), flow, 1-r&1)
	}
}

// firstRed sets dst to a row after the first half of a sweep from 0, whose red points
// begin at first.
func firstRed(dst, f, inverse []float32, first int) {
	clear(dst)
	f, inverse = f[:len(dst)], inverse[:len(dst)]
	for j := first; j < len(dst); j += 2 {
		if v := f[j] * inverse[j]; !(magnitude(v) < contract.NetworkFloor32) {
			dst[j] = v
		}
	}
}

// relax sets every second point of dst, beginning with first.
func (l *links[T]) relax(dst, mid, f, flow []T, first int) {
	n, floor := len(dst), NetworkFloor[T]()
	mid, f, flow, loss, inverse := mid[:n], f[:n], flow[:n], l.loss[:n], l.inverse[:n]
	for j := first; j < n; j += 2 {
		v := mid[j] + T(((f[j]+flow[j])-T(loss[j]*mid[j]))*inverse[j])
		if magnitude(v) < floor {
			v = 0
		}
		dst[j] = v
	}
}

// Between a grid and the next coarser one, one or both of the axes are halved. Along a
// halved axis the fine index x lies at the coarse index x/2 if it is even, and between
// (x−1)/2, its parent a, and (x+1)/2, its parent b, if it is odd. Coarse indices are
// taken modulo the coarse size, where a parent beyond the last has weight 0 unless the
// axis wraps. So these ends are possible for n fine points:
//
//	coarse points  n    end
//	(n+1)/2        odd  the last point is a coarse one
//	n/2            even the last point has one parent, or two if the axis wraps
//	n/2 + 1        even the last point is at the last coarse one: weights 0 and 1
//	(n−1)/2        odd  the last point is at the first coarse one; only if the axis wraps
//
// A launch row of Restrict and Prolong is a coarse row. If rows are halved, fine matrices
// are passed with two rows in one, which means an even number of rows, the last of them
// unused if rows are odd; the scalars fine and coarse hold the numbers of rows in use.
//
// Weights are a matrix with a row for each launch row. It holds planes, each of as many
// numbers as the fine columns, or half of them, rounded up, if columns are halved. Point
// (i, j) has its weights at row i/2 of the matrix and index j/2 of planes, or i and j along
// an axis that is not halved. The planes are for points with an even row and an even
// column 1: that of the point at (a, a); even row and odd column 2: parents a, b; odd row
// and even column 2: a, b; odd row and odd column 4: (row a, column a), (a, b), (b, a),
// (b, b). If only columns are halved they are the first 3 of these; if only rows are
// halved, the first one and the two for odd rows.
const (
	HalveCols = 1 // in the scalar axes: columns are halved
	HalveRows = 2 // in the scalar axes: rows are halved
)

// WeightPlanes returns the number of planes of weights.
func WeightPlanes(axes int) int {
	if axes == HalveCols|HalveRows {
		return 9
	}
	return 3
}

// Restrict returns the kernel that forms the right side of the next coarser grid:
//
//	r   = (f + s(u)) − loss·u
//	out = Σ weight·r
//
// in all fine points with the coarse point as a parent, added one by one to 0 in this
// order: rows 2i−1, 2i, 2i+1, and for i = 0 of rows that wrap then 2n−1 and 2n, where n is
// the number of coarse rows; within a row columns in the same order, columns always
// wrapping. Rows and columns beyond the fine grid are left out. Along an axis that is not
// halved there is one index. Values of out below the floor become 0.
func Restrict() *device.Kernel { return restrict }

// Prolong returns the kernel that adds the correction of the next coarser grid:
//
//	u′ = u + w·c                                    at coarse points
//	u′ = u + (wa·ca + wb·cb)                        between two
//	u′ = u + ((waa·caa + wab·cab) + (wba·cba + wbb·cbb)) between four
//
// where a row of parents after the last counts as the first if rows wrap, else as the last.
// Values of u′ below the floor become 0. Unused rows keep their values.
func Prolong() *device.Kernel { return prolong }

const (
	restrictU = iota
	restrictF
	restrictCoef
	restrictWeights
	restrictOut
	restrictFine
	restrictCoarse
	restrictAxes
	restrictWrap
)

const (
	prolongC = iota
	prolongWeights
	prolongU
	prolongFine
	prolongCoarse
	prolongAxes
	prolongWrap
)

// NewRestrict returns a launch of Restrict for the coarse rows. If rows are halved, the
// matrices u, f and coef have two rows in one. wrap reports whether rows wrap.
func NewRestrict(u, f, coef, weights, out device.Arg, fine, coarse, axes int, wrap bool) *device.Launch {
	return &device.Launch{Kernel: restrict, Rows: device.Range{Hi: coarse}, Args: []device.Arg{
		restrictU: u, restrictF: f, restrictCoef: coef, restrictWeights: weights, restrictOut: out,
		restrictFine: device.Int(fine), restrictCoarse: device.Int(coarse), restrictAxes: device.Int(axes), restrictWrap: flag(wrap)}}
}

// NewProlong returns a launch of Prolong for the fine rows. If rows are halved, u has two
// rows in one. c needs as many rows as the launch, even if fewer are in use.
func NewProlong(c, weights, u device.Arg, fine, coarse, axes int, wrap bool) *device.Launch {
	rows := fine
	if axes&HalveRows != 0 {
		rows = (fine + 1) / 2
	}
	return &device.Launch{Kernel: prolong, Rows: device.Range{Hi: rows}, Args: []device.Arg{
		prolongC: c, prolongWeights: weights, prolongU: u,
		prolongFine: device.Int(fine), prolongCoarse: device.Int(coarse), prolongAxes: device.Int(axes), prolongWrap: flag(wrap)}}
}

func newRestrict() *device.Kernel {
	halo := rowHalo(restrictU, restrictWrap, 2)
	near := rowHalo(restrictU, restrictWrap, 1)
	k := &device.Kernel{
		Name: "restrict.f32",
		Params: []device.Param{
			restrictU:       {Name: "u", Type: device.Float32, Access: device.ReadRows, Halo: halo},
			restrictF:       {Name: "f", Type: device.Float32, Access: device.ReadRows, Halo: near},
			restrictCoef:    {Name: "coef", Type: device.Float32, Access: device.ReadRows, Halo: halo},
			restrictWeights: {Name: "weights", Type: device.Float32, Access: device.ReadRows, Halo: near},
			restrictOut:     {Name: "out", Type: device.Float32, Access: device.WriteRows},
			restrictFine:    {Name: "fine", Type: device.Int32, Access: device.Value},
			restrictCoarse:  {Name: "coarse", Type: device.Int32, Access: device.Value},
			restrictAxes:    {Name: "axes", Type: device.Int32, Access: device.Value},
			restrictWrap:    {Name: "wrap", Type: device.Int32, Access: device.Value},
		},
		Contract: restrictContract,
		Host:     networkHost(planRestrict, restrictHost),
		Check:    checkRestrict,
		Cost:     networkCost(restrictU, 18, 4*(2+Planes4)+3*4),
		Unit:     "points",
	}
	k.Shader = pointsShader(shaders.Restrict(), restrictOut)
	k.Examples = func(n int) []*device.Call { return restrictExamples(k, n) }
	return k
}

func newProlong() *device.Kernel {
	k := &device.Kernel{
		Name: "prolong.f32",
		Params: []device.Param{
			prolongC:       {Name: "c", Type: device.Float32, Access: device.ReadRows, Halo: rowHalo(prolongC, prolongWrap, 1)},
			prolongWeights: {Name: "weights", Type: device.Float32, Access: device.ReadRows},
			prolongU:       {Name: "u", Type: device.Float32, Access: device.UpdateRows},
			prolongFine:    {Name: "fine", Type: device.Int32, Access: device.Value},
			prolongCoarse:  {Name: "coarse", Type: device.Int32, Access: device.Value},
			prolongAxes:    {Name: "axes", Type: device.Int32, Access: device.Value},
			prolongWrap:    {Name: "wrap", Type: device.Int32, Access: device.Value},
		},
		Contract: prolongContract,
		Host:     networkHost(planProlong, prolongHost),
		Check:    checkProlong,
		Cost:     networkCost(prolongU, 5, 8+3*4),
		Unit:     "points",
	}
	k.Shader = pointsShader(shaders.Prolong(), prolongU)
	k.Examples = func(n int) []*device.Call { return prolongExamples(k, n) }
	return k
}

func restrictContract(t *device.Tile) {
	l := t.Launch
	u, f, out := device.View[float32](t, restrictU), device.View[float32](t, restrictF), device.View[float32](t, restrictOut)
	m := transferOf(l, restrictFine, t.Width(restrictU), t.Width(restrictOut), device.View[float32](t, restrictWeights))
	n := newNetwork(device.View[float32](t, restrictCoef), m.fine, m.cols, t.Width(restrictCoef)/t.Width(restrictU), m.wrap)
	w, flow := newWindow[float32](m.cols), make([]float32, m.cols)
	held := [3]int{-1, -1, -1} // which row of the fine grid each row of w is
	residual := func(y int) []float32 {
		dst := w.row(y)
		if held[(y+3)%3] == y {
			return dst
		}
		held[(y+3)%3] = y
		c := n.links(y)
		row := func(m []float32, i int) []float32 { return m[i*n.cols:][:n.cols] }
		mid, right := row(u, y), row(f, y)
		up, down := mid, mid
		if i := n.at(y - 1); i >= 0 {
			up = row(u, i)
		}
		if i := n.at(y + 1); i >= 0 {
			down = row(u, i)
		}
		c.flows(flow, up, mid, down, 0, 1)
		for j, v := range mid {
			dst[j] = (right[j] + flow[j]) - float32(c.loss[j]*v)
		}
		return dst
	}
	for i := t.Rows.Lo; i < t.Rows.Hi && !t.Done(); i++ {
		sum := out[i*m.coarseCols:][:m.coarseCols]
		clear(sum)
		m.children(i, func(y, which int) { m.gather(sum, residual(y), y, which) })
		for j, v := range sum {
			if magnitude(v) < contract.NetworkFloor32 {
				sum[j] = 0
			}
		}
	}
}

func prolongContract(t *device.Tile) {
	l := t.Launch
	c, u := device.View[float32](t, prolongC), device.View[float32](t, prolongU)
	m := transferOf(l, prolongFine, t.Width(prolongU), t.Width(prolongC), device.View[float32](t, prolongWeights))
	row := func(i int) []float32 { return c[m.parent(i)*m.coarseCols:][:m.coarseCols] }
	for i := t.Rows.Lo; i < t.Rows.Hi && !t.Done(); i++ {
		if m.axes&HalveRows == 0 {
			m.spread(u[i*m.cols:][:m.cols], row(i), row(i), i, 0)
			continue
		}
		for y := 2 * i; y < min(2*i+2, m.fine); y++ {
			m.spread(u[y*m.cols:][:m.cols], row(i), row(i+1), y, 0)
		}
	}
}
