package plate

import (
	"math"

	"offload/device"
	"offload/kernels/grid"
)

// The Jacobi iteration multiplies its slowest mode, sin(πi/p)·sin(πj/q) with p
// = cols − 1 and q = rows − 1, by ρ = 2cx·cos(π/p) + 2cy·cos(π/q) in each sweep
// (Young, Iterative Solution of Large Linear Systems, 1971, chapter 4).

// spectralGap is 1 − ρ = 4cx·sin²(π/2p) + 4cy·sin²(π/2q), or a little less, for
// a grid; 1 where it has no inner points. It uses no function of package math
// whose last bit depends on the processor, because it decides where runs end.
func spectralGap(rows, cols int, dx, dy float64) float64 {
	if rows < 3 || cols < 3 {
		return 1
	}
	cx, cy := grid.JacobiWeights[float64](dx, dy)
	sx, sy := lowSine(cols-1), lowSine(rows-1)
	return float64(4*cx*float64(sx*sx)) + float64(4*cy*float64(sy*sy))
}

// lowSine is x − x³/6 for x = π/2n, which is at most sin x.
func lowSine(n int) float64 {
	x := math.Pi / (2 * float64(n))
	return float64(x * (1 - float64(x*x)/6))
}

// survival bounds the largest value that k sweeps leave of a change of 1: it is
// at most survival·ρ^k, with (4/π)² for the square wave's first mode in each
// direction.
const survival = 1.63

// sweepsFor is a number of sweeps in which exact arithmetic brings the residual
// of a grid with that gap from at most spread to tol; ln 2 < 0.7 sweeps per gap
// for each halving.
func sweepsFor(spread, tol, gap float64) float64 {
	_, halvings := math.Frexp(min(survival*spread/tol, math.MaxFloat64))
	return 0.7 * float64(max(halvings, 1)) / gap
}

// stagnation finds the point from where only rounding errors are left. In exact
// arithmetic the largest change never grows, and 2/gap sweeps leave survival·e⁻²
// = 0.22 of it; where they leave more than half, it will go no lower.
type stagnation struct {
	window int     // sweeps
	mark   float64 // the residual from where to count
	since  int     // the sweep where it was seen
}

func newStagnation(gap float64, batch int) *stagnation {
	return &stagnation{window: toInt(2/gap) + batch, mark: math.Inf(1)}
}

// stuck takes the residual after that many sweeps.
func (s *stagnation) stuck(sweeps int, residual float64) bool {
	if residual <= s.mark/2 {
		s.mark, s.since = residual, sweeps
	}
	return sweeps-s.since >= s.window
}

// resolution is the smallest residual that means something at temperatures of
// that magnitude: half the distance between neighbouring numbers, below which a
// change is lost.
func resolution[T device.Float](magnitude float64) float64 {
	return magnitude * float64(perPrecision[T](0x1p-24, 0x1p-53))
}

// toInt rounds up and keeps away from overflow.
func toInt(x float64) int {
	return int(math.Ceil(min(x, math.MaxInt/4)))
}
