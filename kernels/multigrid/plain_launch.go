package multigrid

import "offload/device"

// Grid is a grid with its equation: the scalars of a launch.
type Grid[T device.Float] struct {
	N, M  int // intervals, of the rows and of the columns; even
	Flags int
	// Cx and Cy are the weights of the neighbours in the row and in the column, with
	// 2·Cx + 2·Cy = 1; see grid.JacobiWeights.
	Cx, Cy T
}

// Rows returns the number of launch rows, which is that of the rows of the coarse grid.
func (g Grid[T]) Rows() int { return g.N/2 + 1 }

// Edges returns the number of values on the edges, in the order top, bottom, left, right.
// The corners occur twice; those of top and bottom count.
func (g Grid[T]) Edges() int { return 2*(g.N+1) + 2*(g.M+1) }

func (g Grid[T]) scalars() [5]device.Arg {
	return [5]device.Arg{device.Int(g.N), device.Int(g.M), device.Int(g.Flags), device.Val(g.Cx), device.Val(g.Cy)}
}

func (g Grid[T]) launch(k *device.Kernel, buffers ...device.Arg) *device.Launch {
	s := g.scalars()
	return &device.Launch{Kernel: k, Args: append(buffers, s[:]...), Rows: device.Range{Hi: g.Rows()}}
}

// NewStart returns a launch of Start for all rows of g. The arguments are matrices with at
// least one row for each launch row. Those that the flags exclude are not read: guess with
// FromZero, side without HasSource, edges without HasEdges.
func NewStart[T device.Float](g Grid[T], guess, side, edges, state, coarse, norms device.Arg) *device.Launch {
	return g.launch(Start(device.TypeOf[T]()), guess, side, edges, state, coarse, norms)
}

// NewCycle returns a launch of Cycle for all rows of g; see NewStart.
func NewCycle[T device.Float](g Grid[T], in, correction, side, edges, out, coarse, norms device.Arg) *device.Launch {
	return g.launch(Cycle(device.TypeOf[T]()), in, correction, side, edges, out, coarse, norms)
}

// NewFinish returns a launch of Finish for all rows of g; see NewStart.
func NewFinish[T device.Float](g Grid[T], in, correction, side, edges, out, norms device.Arg) *device.Launch {
	return g.launch(Finish(device.TypeOf[T]()), in, correction, side, edges, out, norms)
}

// LargestNorms returns the largest of the first and of the second norms of all rows.
func LargestNorms[T device.Float](norms []T) (residual, correction T) {
	for i := 0; i+1 < len(norms); i += NormsWidth {
		residual, correction = max(residual, norms[i]), max(correction, norms[i+1])
	}
	return residual, correction
}
