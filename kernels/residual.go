package kernels

import (
	"math"

	"offload/device"
	"offload/internal/ieee"
)

// residualSegment is the number of columns whose squares form one partial sum.
const residualSegment = 256

// rowResidual is the largest |last − before| of a row and the sum of the
// squares. Squares below squareFloor count as zero. Columns are summed in
// segments of 256, within a segment in 8 strided lanes, column j in lane j mod 8,
// which are joined by halves; segments are added from left to right.
func rowResidual[T device.Float](last, before []T) (largest, squares T) {
	floor := squareFloor[T]()
	for lo := 0; lo < len(last); lo += residualSegment {
		hi := min(lo+residualSegment, len(last))
		var lanes [maxLanes]T
		for j := lo; j < hi; j++ {
			d := last[j] - before[j]
			if a := ieee.Abs(d); a > largest {
				largest = a
			}
			if s := T(d * d); !(s < floor) {
				lanes[j&(maxLanes-1)] += s
			}
		}
		squares += joinLanes(&lanes, maxLanes)
	}
	return largest, squares
}

// Residual joins the residuals of all rows of a grid: the largest change of any
// point in the last sweep, and the 2-norm of the changes, √Σ(u′ − u)². The sums
// of the rows are added in float64 by halves of the row range. If any value was
// NaN, both are.
func Residual[T device.Float](rows []T) (largest, norm2 float64) {
	for i := 0; i < len(rows); i += ResidualWidth {
		largest = max(largest, float64(rows[i]))
	}
	sum := sumSquares(rows)
	if sum != sum {
		return sum, sum
	}
	return largest, math.Sqrt(sum)
}

func sumSquares[T device.Float](rows []T) float64 {
	n := len(rows) / ResidualWidth
	switch n {
	case 0:
		return 0
	case 1:
		return float64(rows[1])
	}
	half := n / 2 * ResidualWidth
	return sumSquares(rows[:half]) + sumSquares(rows[half:])
}
