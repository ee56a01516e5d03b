// Package multigrid has the kernels of multigrid solvers for the stationary heat equation
// on a rectangle.
//
// Start, Cycle and Finish serve the plain problem: fixed edges, one material, and a grid of n
// × m intervals, n and m even, whose points (i, j), 0 ≤ i ≤ n, 0 ≤ j ≤ m, satisfy
//
//	u = cy·(up + down) + cx·(left + right) + f
//
// inside; see Laplacian of package grid for cx and cy. A point is red if i + j is even, else
// black. A half-sweep replaces the points of one colour by the right side. The residual of a
// point is the change that it would undergo.
//
// The coarse grid consists of the points (2I, 2J). The coarse right side is twice the residual
// there, which is half weighting: after a black half-sweep black points have no residual.
// Corrections are interpolated linearly, first guesses cubically, and at black points only,
// because a red half-sweep follows.
//
// # Layout
//
// A row of a grid is stored in one piece (natural order) or as two half-rows: element t of the
// red half of row i is point j = 2t if i is even, else 2t + 1, and vice versa for the black
// half. Launch rows are rows of the coarse grid: row I stands for the rows 2I and 2I + 1 of the
// grid, whose number is padded to an even one. With h elements from one half-row to the next,
//
//	state        2h: the black halves of rows 2I and 2I + 1
//	right side   4h: red and black half of row 2I, red and black half of row 2I + 1
//	solution     the natural rows 2I and 2I + 1
//	coarse side  the red and the black half of row I of the coarse grid's right side
//	correction   natural row I of the coarse grid
//	norms        2: the largest |residual| of the red points of both rows, and the largest
//	             |correction| of row I
//
// Kernels set elements behind the last point of a row, and the padding row behind row n, to
// zero, and never read them. Matrices that the flags exclude are not read, and may have any
// width.
// Corrections, and the right sides of coarse grids, are float32.
package multigrid

import (
	"offload/device"
	"offload/internal/contract"
	"offload/kernels/internal/base"
)

// NormsWidth is the number of norms of a launch row.
const NormsWidth = 2

// HalfWidth returns the number of elements of a half-row of a grid of m intervals, without
// padding.
func HalfWidth(m int) int { return m/2 + 1 }

// Flags of a launch.
const (
	HasSource = 1 << iota // there is a right side f; else it counts as zero
	HasEdges              // the edges have given values; else they are zero
	FromZero              // Start: the first guess is zero inside; else it is interpolated
)

// Sweeps of the kernels, in half-sweeps that begin with red.
const (
	startHalves  = 4 // two sweeps
	cycleHalves  = 6 // one sweep of the old cycle and two of the new one
	finishHalves = 2 // one sweep
)

// Floor returns the magnitude below which stored values become zero: 2^-80 in float32,
// 2^-900 in float64.
func Floor[T device.Float]() T { return floor[T]() }

func floor[T device.Float]() T { return base.PerPrecision[T](contract.Floor32, contract.Floor64) }

func flush[T device.Float](v T) T {
	if f := floor[T](); v < f && v > -f {
		return 0
	}
	return v
}
