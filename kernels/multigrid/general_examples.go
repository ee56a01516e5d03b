package multigrid

import (
	"fmt"
	"math/rand/v2"

	"offload/device"
	"offload/kernels/internal/base"
)

// example is a network of random coefficients for the examples of a kernel.
type example struct {
	rows, cols, planes int
	wrap               bool // rows wrap
	part               bool // only some rows
}

// examples returns networks of about n × n points: of four and eight neighbours, whose
// rows wrap or end, of all rows and of a range.
func examples(n int) []example {
	n = max(n, 1)
	return []example{
		{n, n + 3, Planes4, false, false}, {n + 2, n, Planes8, false, true}, {n + 1, 2*n + 1, Planes4, true, true}, {n/2 + 1, n + 1, Planes8, true, false},
		{n + 3, n/3 + 1, Planes8, false, false}, {n, 1, Planes4, false, false},
	}
}

func (e example) random() *rand.Rand { return rand.New(rand.NewPCG(uint64(e.rows), uint64(e.cols))) }

func (e example) label(what string) string {
	return fmt.Sprintf("%d × %d, %d planes, wrap %t%s", e.rows, e.cols, e.planes, e.wrap, what)
}

// launched returns the rows of a launch, of n.
func (e example) launched(n int) device.Range {
	if e.part {
		return device.Range{Lo: n / 3, Hi: n - n/4}
	}
	return device.Range{Hi: n}
}

// values returns n numbers of both signs and different magnitudes, some of them 0.
func values[T device.Float](r *rand.Rand, n int) []T {
	s := make([]T, n)
	for i := range s {
		switch v := 2*base.Uniform(r) - 1; r.IntN(8) {
		case 0:
		case 1:
			s[i] = T(v * 0x1p-50)
		default:
			s[i] = T(v)
		}
	}
	return s
}

// coefficients returns those of a network with some held points and some missing links.
// The links of the last column and row wrap.
func coefficients[T device.Float](r *rand.Rand, e example) []T {
	coef := make([]T, e.rows*e.planes*e.cols)
	for i := range coef {
		g := T(0.25 + 0.75*base.Uniform(r))
		if r.IntN(16) == 0 {
			g = 0
		}
		switch plane := i / e.cols % e.planes; {
		case plane == PlaneInverse:
			g /= 4
		case plane == PlaneLoss && r.IntN(2) == 0:
			g = 0
		case plane >= PlaneSouthEast:
			g /= 8
			if r.IntN(4) == 0 {
				g = -g
			}
		}
		coef[i] = g
	}
	return coef
}

// mat returns an input of a grid.
func mat[T device.Float](r *rand.Rand, e example) device.HostArg {
	return device.HostMat(values[T](r, e.rows*e.cols), e.cols)
}

// blank returns an output matrix.
func blank[T device.Float](rows, width int) device.HostArg {
	return device.HostMat(base.Poison[T](rows*width), width)
}

func hostFlag(set bool) device.HostArg {
	if set {
		return device.HostVal(int32(1))
	}
	return device.HostVal(int32(0))
}

func directionExamples[T device.Float](k *device.Kernel, n int) (calls []*device.Call) {
	for i, e := range examples(n) {
		r := e.random()
		beta := T(0.125) / T(i+1)
		if i == 0 {
			beta = 0
		}
		calls = append(calls, &device.Call{Label: e.label(""), Kernel: k, Rows: e.launched(e.rows), Args: []device.HostArg{
			directionZ: mat[float32](r, e), directionP: mat[T](r, e), directionCoef: device.HostMat(coefficients[T](r, e), e.planes*e.cols),
			directionF: mat[float32](r, e), directionOut: blank[T](e.rows, e.cols), directionQ: blank[T](e.rows, e.cols),
			directionSums: blank[T](e.rows, DirectionWidth), directionWrap: hostFlag(e.wrap),
			directionSigma: device.HostVal(T(0x1p-7)), directionBeta: device.HostVal(beta)}})
	}
	return calls
}

func stepExamples[T device.Float](k *device.Kernel, n int) (calls []*device.Call) {
	for i, e := range examples(n) {
		r := e.random()
		calls = append(calls, &device.Call{Label: e.label(""), Kernel: k, Rows: e.launched(e.rows), Args: []device.HostArg{
			stepX: mat[T](r, e), stepP: mat[T](r, e), stepB: mat[T](r, e), stepCoef: device.HostMat(coefficients[T](r, e), e.planes*e.cols),
			stepOut: blank[T](e.rows, e.cols), stepF: blank[float32](e.rows, e.cols), stepLargest: blank[T](e.rows, 1),
			stepWrap: hostFlag(e.wrap), stepAlpha: device.HostVal(T(i) / 3), stepScale: device.HostVal(T(16))}})
	}
	return calls
}

func dotExamples[T device.Float](k *device.Kernel, n int) (calls []*device.Call) {
	n = max(n, 1)
	for _, cols := range []int{n, 3*n + 1} {
		e := example{rows: n/2 + 1, cols: cols, part: cols != n}
		r := e.random()
		calls = append(calls, &device.Call{Label: fmt.Sprintf("%d × %d", e.rows, e.cols), Kernel: k, Rows: e.launched(e.rows), Args: []device.HostArg{
			dotZ: mat[float32](r, e), dotQ: mat[T](r, e), dotSums: blank[T](e.rows, 1)}})
	}
	return calls
}

func smoothExamples(k *device.Kernel, n int) (calls []*device.Call) {
	for i, e := range examples(n) {
		r, zero := e.random(), i%3 == 1
		calls = append(calls, &device.Call{Label: e.label(fmt.Sprintf(", zero %t", zero)), Kernel: k, Rows: e.launched(e.rows), Args: []device.HostArg{
			smoothU: mat[float32](r, e), smoothF: mat[float32](r, e), smoothCoef: device.HostMat(coefficients[float32](r, e), e.planes*e.cols),
			smoothOut: blank[float32](e.rows, e.cols), smoothWrap: hostFlag(e.wrap), smoothZero: hostFlag(zero)}})
	}
	return calls
}

// between is an example of two grids.
type between struct {
	example                // the fine grid
	axes                   int
	coarseRows, coarseCols int
	tall                   int // fine rows in one of the matrix
	height                 int // rows of the matrices
}

// pairsOfGrids returns pairs of grids with each choice of axes and each kind of end.
func pairsOfGrids(n int) (all []between) {
	odd, even := 2*(n/2)+3, 2*(n/2)+4
	for _, e := range []between{
		{example: example{rows: odd, cols: odd + 2}, axes: 3, coarseRows: odd/2 + 1, coarseCols: odd/2 + 2},                       // both ends coarse points
		{example: example{rows: even, cols: even, part: true}, axes: 3, coarseRows: even / 2, coarseCols: even / 2},               // dropped, or columns wrap
		{example: example{rows: even, cols: even}, axes: 3, coarseRows: even/2 + 1, coarseCols: even/2 + 1},                       // kept
		{example: example{rows: odd, cols: odd, wrap: true}, axes: 3, coarseRows: odd / 2, coarseCols: odd / 2},                   // merged with the first
		{example: example{rows: even, cols: even, wrap: true, part: true}, axes: 3, coarseRows: even / 2, coarseCols: even/2 + 1}, // rows wrap
		{example: example{rows: odd, cols: even, part: true}, axes: HalveCols, coarseRows: odd, coarseCols: even / 2},
		{example: example{rows: odd, cols: odd, wrap: true}, axes: HalveCols, coarseRows: odd, coarseCols: odd / 2},
		{example: example{rows: even, cols: odd, part: true}, axes: HalveRows, coarseRows: even/2 + 1, coarseCols: odd},
		{example: example{rows: odd, cols: 1, wrap: true}, axes: HalveRows, coarseRows: odd / 2, coarseCols: 1},
	} {
		e.planes = Planes4
		if len(all)%2 == 1 {
			e.planes = Planes8
		}
		e.tall, e.height = 1, e.rows
		if e.axes&HalveRows != 0 {
			e.tall, e.height = 2, e.rows/2+1
		}
		all = append(all, e)
	}
	return all
}

func (e between) label() string {
	return fmt.Sprintf("%d × %d to %d × %d, %d planes, wrap %t", e.rows, e.cols, e.coarseRows, e.coarseCols, e.planes, e.wrap)
}

// stored is the fine grid with its unused rows.
func (e between) stored() example {
	s := e.example
	s.rows = e.height * e.tall
	return s
}

// fineMat returns an input of the fine grid, in rows of the launch.
func (e between) fineMat(r *rand.Rand) device.HostArg {
	return device.HostMat(values[float32](r, e.height*e.tall*e.cols), e.tall*e.cols)
}

// weights returns random weights.
func (e between) weights(r *rand.Rand) device.HostArg {
	width := e.cols
	if e.axes&HalveCols != 0 {
		width = (e.cols + 1) / 2
	}
	width *= WeightPlanes(e.axes)
	w := make([]float32, e.height*width)
	for i := range w {
		w[i] = float32(base.Uniform(r))
	}
	return device.HostMat(w, width)
}

func restrictExamples(k *device.Kernel, n int) (calls []*device.Call) {
	for _, e := range pairsOfGrids(n) {
		r := e.random()
		calls = append(calls, &device.Call{Label: e.label(), Kernel: k, Rows: e.launched(e.coarseRows), Args: []device.HostArg{
			restrictU: e.fineMat(r), restrictF: e.fineMat(r),
			restrictCoef:    device.HostMat(coefficients[float32](r, e.stored()), e.tall*e.planes*e.cols),
			restrictWeights: e.weights(r), restrictOut: blank[float32](e.height, e.coarseCols),
			restrictFine: device.HostVal(int32(e.rows)), restrictCoarse: device.HostVal(int32(e.coarseRows)),
			restrictAxes: device.HostVal(int32(e.axes)), restrictWrap: hostFlag(e.wrap)}})
	}
	return calls
}

func prolongExamples(k *device.Kernel, n int) (calls []*device.Call) {
	for _, e := range pairsOfGrids(n) {
		r := e.random()
		rows := e.rows
		if e.axes&HalveRows != 0 {
			rows = (e.rows + 1) / 2
		}
		calls = append(calls, &device.Call{Label: e.label(), Kernel: k, Rows: e.launched(rows), Args: []device.HostArg{
			prolongC:       device.HostMat(values[float32](r, e.height*e.coarseCols), e.coarseCols),
			prolongWeights: e.weights(r), prolongU: e.fineMat(r),
			prolongFine: device.HostVal(int32(e.rows)), prolongCoarse: device.HostVal(int32(e.coarseRows)),
			prolongAxes: device.HostVal(int32(e.axes)), prolongWrap: hostFlag(e.wrap)}})
	}
	return calls
}
