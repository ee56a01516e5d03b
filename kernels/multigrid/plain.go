package multigrid

import (
	"offload/device"
	"offload/kernels/internal/base"
	"offload/shaders"
)

// Parameters of Start, in binding order: device arrays first, then scalars.
const (
	startGuess  = iota // solution of the coarse grid, natural rows; not read with FromZero
	startSide          // right side
	startEdges         // edges
	startState         // state
	startCoarse        // coarse side
	startNorms         // norms, the second one 0
	startN             // n, m, flags, cx, cy
)

// Parameters of Cycle.
const (
	cycleIn         = iota // state
	cycleCorrection        // correction
	cycleSide
	cycleEdges
	cycleOut // state
	cycleCoarse
	cycleNorms
	cycleN // n, m, flags, cx, cy
)

// Parameters of Finish.
const (
	finishIn = iota // state
	finishCorrection
	finishSide
	finishEdges
	finishOut // solution
	finishNorms
	finishN // n, m, flags, cx, cy
)

var (
	start32, start64   = newStart[float32](), newStart[float64]()
	cycle32, cycle64   = newCycle[float32](), newCycle[float64]()
	finish32, finish64 = newFinish[float32](), newFinish[float64]()
)

// Start returns the kernel that begins a cycle: first guess, two sweeps, residual and
// restriction.
func Start(t device.Type) *device.Kernel { return base.Pick(t, start32, start64) }

// Cycle returns the kernel between two visits to the coarse grid: correction, one sweep that
// ends a cycle and two that begin the next, residual and restriction.
func Cycle(t device.Type) *device.Kernel { return base.Pick(t, cycle32, cycle64) }

// Finish returns the kernel that ends a cycle: correction, one sweep, residual.
func Finish(t device.Type) *device.Kernel { return base.Pick(t, finish32, finish64) }

// Plain returns Start, Cycle and Finish, each in float32 and float64.
func Plain() []*device.Kernel {
	return []*device.Kernel{start32, start64, cycle32, cycle64, finish32, finish64}
}

// halo returns the number of launch rows that so many half-sweeps and a residual reach.
func halo(halves int) int { return (halves + 2) / 2 }

func scalars[T device.Float](array []device.Param) []device.Param {
	t := device.TypeOf[T]()
	return append(array,
		device.Param{Name: "n", Type: device.Int32, Access: device.Value},
		device.Param{Name: "m", Type: device.Int32, Access: device.Value},
		device.Param{Name: "flags", Type: device.Int32, Access: device.Value},
		device.Param{Name: "cx", Type: t, Access: device.Value},
		device.Param{Name: "cy", Type: t, Access: device.Value})
}

func readRows(name string, t device.Type, rows int) device.Param {
	return device.Param{Name: name, Type: t, Access: device.ReadRows, Halo: func(*device.Launch) int { return rows }}
}

// plainOf returns the common arguments of a launch whose scalars begin at first.
func plainOf[T device.Float](t *device.Tile, first, side, edges int) plain[T] {
	n, m, flags := plainScalars(t.Launch, first)
	return plain[T]{
		tile: t,
		n:    n, m: m, flags: flags,
		cx:    device.Scalar[T](t.Launch, first+3),
		cy:    device.Scalar[T](t.Launch, first+4),
		f:     device.View[T](t, side),
		half:  t.Width(side) / 4,
		edges: device.View[T](t, edges),
	}
}

func newStart[T device.Float]() *device.Kernel {
	t := device.TypeOf[T]()
	shapes := []shape{
		{startGuess, 1, HalfWidth, interpolates},
		{startSide, 4, HalfWidth, hasSource},
		{startState, 2, HalfWidth, nil},
		{startCoarse, 2, coarseHalf, nil},
	}
	k := &device.Kernel{
		Name: base.Name[T]("start"),
		Unit: "points",
		Params: scalars[T]([]device.Param{
			startGuess:  readRows("guess", t, halo(startHalves)+2),
			startSide:   readRows("side", t, halo(startHalves)),
			startEdges:  {Name: "edges", Type: t, Access: device.ReadAll},
			startState:  {Name: "state", Type: t, Access: device.WriteRows},
			startCoarse: {Name: "coarse", Type: device.Float32, Access: device.WriteRows},
			startNorms:  {Name: "norms", Type: t, Access: device.WriteRows},
		}),
		Contract: func(tile *device.Tile) {
			p := plainOf[T](tile, startN, startSide, startEdges)
			p.load(tile.Rows, halo(startHalves))
			if p.flags&FromZero == 0 {
				p.interpolate(device.View[T](tile, startGuess), tile.Width(startGuess))
			}
			p.sweep(startHalves)
			norms := device.View[T](tile, startNorms)
			for I := tile.Rows.Lo; I < tile.Rows.Hi; I++ {
				p.storeState(device.View[T](tile, startState), tile.Width(startState)/2, I)
				norms[2*I] = p.storeCoarse(device.View[float32](tile, startCoarse), tile.Width(startCoarse)/2, I)
				norms[2*I+1] = 0
			}
		},
		Host:   startStage[T]().host(),
		Check:  plainCheck[T](startEdges, startNorms, startN, shapes...),
		Cost:   plainCost(startHalves, startN, shapes...),
		Shader: plainShader[T](shaders.Start, startHalves, map[int]int{startState: 2, startCoarse: 4}),
	}
	k.Examples = func(n int) []*device.Call { return plainExamples[T](k, shapes, startNorms, n) }
	return k
}

func newCycle[T device.Float]() *device.Kernel {
	t := device.TypeOf[T]()
	shapes := []shape{
		{cycleIn, 2, HalfWidth, nil},
		{cycleCorrection, 1, HalfWidth, nil},
		{cycleSide, 4, HalfWidth, hasSource},
		{cycleOut, 2, HalfWidth, nil},
		{cycleCoarse, 2, coarseHalf, nil},
	}
	k := &device.Kernel{
		Name: base.Name[T]("cycle"),
		Unit: "points",
		Params: scalars[T]([]device.Param{
			cycleIn:         readRows("in", t, halo(cycleHalves)),
			cycleCorrection: readRows("correction", device.Float32, halo(cycleHalves)+1),
			cycleSide:       readRows("side", t, halo(cycleHalves)),
			cycleEdges:      {Name: "edges", Type: t, Access: device.ReadAll},
			cycleOut:        {Name: "out", Type: t, Access: device.WriteRows},
			cycleCoarse:     {Name: "coarse", Type: device.Float32, Access: device.WriteRows},
			cycleNorms:      {Name: "norms", Type: t, Access: device.WriteRows},
		}),
		Contract: func(tile *device.Tile) {
			p := plainOf[T](tile, cycleN, cycleSide, cycleEdges)
			c, width := device.View[float32](tile, cycleCorrection), tile.Width(cycleCorrection)
			p.load(tile.Rows, halo(cycleHalves))
			p.correct(device.View[T](tile, cycleIn), tile.Width(cycleIn)/2, c, width)
			p.sweep(cycleHalves)
			norms := device.View[T](tile, cycleNorms)
			for I := tile.Rows.Lo; I < tile.Rows.Hi; I++ {
				p.storeState(device.View[T](tile, cycleOut), tile.Width(cycleOut)/2, I)
				norms[2*I] = p.storeCoarse(device.View[float32](tile, cycleCoarse), tile.Width(cycleCoarse)/2, I)
				norms[2*I+1] = largestOf[T](c, width, p.m/2+1, I)
			}
		},
		Host:   cycleStage[T]().host(),
		Check:  plainCheck[T](cycleEdges, cycleNorms, cycleN, shapes...),
		Cost:   plainCost(cycleHalves, cycleN, shapes...),
		Shader: plainShader[T](shaders.Cycle, cycleHalves, map[int]int{cycleOut: 2, cycleCoarse: 4}),
	}
	k.Examples = func(n int) []*device.Call { return plainExamples[T](k, shapes, cycleNorms, n) }
	return k
}

func newFinish[T device.Float]() *device.Kernel {
	t := device.TypeOf[T]()
	shapes := []shape{
		{finishIn, 2, HalfWidth, nil},
		{finishCorrection, 1, HalfWidth, nil},
		{finishSide, 4, HalfWidth, hasSource},
		{finishOut, 2, points, nil},
	}
	k := &device.Kernel{
		Name: base.Name[T]("finish"),
		Unit: "points",
		Params: scalars[T]([]device.Param{
			finishIn:         readRows("in", t, halo(finishHalves)),
			finishCorrection: readRows("correction", device.Float32, halo(finishHalves)+1),
			finishSide:       readRows("side", t, halo(finishHalves)),
			finishEdges:      {Name: "edges", Type: t, Access: device.ReadAll},
			finishOut:        {Name: "out", Type: t, Access: device.WriteRows},
			finishNorms:      {Name: "norms", Type: t, Access: device.WriteRows},
		}),
		Contract: func(tile *device.Tile) {
			p := plainOf[T](tile, finishN, finishSide, finishEdges)
			c, width := device.View[float32](tile, finishCorrection), tile.Width(finishCorrection)
			p.load(tile.Rows, halo(finishHalves))
			p.correct(device.View[T](tile, finishIn), tile.Width(finishIn)/2, c, width)
			p.sweep(finishHalves)
			norms := device.View[T](tile, finishNorms)
			for I := tile.Rows.Lo; I < tile.Rows.Hi; I++ {
				p.storeSolution(device.View[T](tile, finishOut), tile.Width(finishOut)/2, I)
				norms[2*I] = max(p.residual(2*I, nil), p.residual(2*I+1, nil))
				norms[2*I+1] = largestOf[T](c, width, p.m/2+1, I)
			}
		},
		Host:   finishStage[T]().host(),
		Check:  plainCheck[T](finishEdges, finishNorms, finishN, shapes...),
		Cost:   plainCost(finishHalves, finishN, shapes...),
		Shader: plainShader[T](shaders.Finish, finishHalves, map[int]int{finishOut: 1}),
	}
	k.Examples = func(n int) []*device.Call { return plainExamples[T](k, shapes, finishNorms, n) }
	return k
}
