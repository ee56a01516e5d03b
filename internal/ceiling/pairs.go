package ceiling

import (
	"context"
	"math"
)

// Float is a precision.
type Float interface{ float32 | float64 }

// Pairs is the rate of gravitational interactions, per second, of a loop that
// has a force kernel's arithmetic and no memory: one evaluation serves both
// bodies of a pair and counts as two interactions. Set names the instructions.
func Pairs[T Float](ctx context.Context, workers int) (rate float64, set string, err error) {
	work, set := pairsVector[T]()
	if work == nil {
		work, set = pairsScalar[T], compiled
	}
	rate, err = best(ctx, workers, func(int) piece { return work() })
	return rate, set, err
}

// pairsInput are coordinates and masses of the kind that a kernel meets, and the
// 1 of 1/(r²·√r²): numbers without the zeros that would let √ and ÷ end early.
func pairsInput[T Float]() [5]T {
	return [5]T{T(math.Sqrt2), T(math.Ln2), T(math.Pi / 8), T(-math.E / 3), 1}
}

// pairsGo computes pairs as a compiler makes them, with fused operations where
// the architecture always has them:
//
//	d  = (c₀ − c₁, c₁ − c₂, c₂ − c₃)
//	r² = d₀² + d₁² + d₂² + c₀
//	w  = c₄ / (r²·√r²)
//	s += (c₂·w)·d, t −= (c₃·w)·d
//
// The pairs take turns with the inputs, so that nothing is the same for all of
// them and could be computed once.
func pairsGo[T Float](pairs int, in *[4][5]T, sums *[6]T) {
	s0, s1, s2, t0, t1, t2 := sums[0], sums[1], sums[2], sums[3], sums[4], sums[5]
	for i := range pairs {
		c := &in[i%len(in)]
		d0, d1, d2 := c[0]-c[1], c[1]-c[2], c[2]-c[3]
		square := d0*d0 + (d1*d1 + (d2*d2 + c[0]))
		w := c[4] / (square * T(math.Sqrt(float64(square))))
		s, t := c[2]*w, c[3]*w
		s0, s1, s2 = s0+s*d0, s1+s*d1, s2+s*d2
		t0, t1, t2 = t0-t*d0, t1-t*d1, t2-t*d2
	}
	*sums = [6]T{s0, s1, s2, t0, t1, t2}
}

// pairsOfPiece is a few microseconds of work.
const pairsOfPiece = 1 << 12

// pairsScalar is a piece of work for one worker, with pairsGo.
func pairsScalar[T Float]() piece {
	one := pairsInput[T]()
	in, sums := [4][5]T{one, one, one, one}, [6]T{}
	return func() float64 {
		pairsGo(pairsOfPiece, &in, &sums)
		return 2 * pairsOfPiece
	}
}
