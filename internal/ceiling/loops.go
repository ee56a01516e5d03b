package ceiling

import (
	"context"
	"math"
)

// Float is a precision.
type Float interface{ float32 | float64 }

// Pairs returns the rate, in gravitational interactions per second, of a loop with the
// arithmetic of a force kernel and no memory access: one evaluation is for both bodies
// of a pair and counts as two interactions. Set is the name of the instruction set.
func Pairs[T Float](ctx context.Context, workers int) (rate float64, set string, err error) {
	work, set := pairsVector[T]()
	if work == nil {
		work, set = pairsScalar[T], compiled
	}
	rate, err = best(ctx, workers, func(int) piece { return work() })
	return rate, set, err
}

// pairsInput returns realistic coordinates and masses, and the 1 of 1/(r²·√r²). Their
// significands do not end in zeros, which would speed up √ and ÷.
func pairsInput[T Float]() [5]T {
	return [5]T{T(math.Sqrt2), T(math.Ln2), T(math.Pi / 8), T(-math.E / 3), 1}
}

// pairsGo computes pairs in plain Go, which the compiler fuses on architectures that
// always have fused operations:
//
//	d  = (c₀ − c₁, c₁ − c₂, c₂ − c₃)
//	r² = d₀² + d₁² + d₂² + c₀
//	w  = c₄ / (r²·√r²)
//	s += (c₂·w)·d, t −= (c₃·w)·d
//
// The pairs rotate through the inputs, so that the compiler cannot hoist a part that is
// the same for all.
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

// pairsOfPiece is the number of pairs of a piece: a few microseconds of work.
const pairsOfPiece = 1 << 12

// pairsScalar returns a piece of work for one worker, with pairsGo.
func pairsScalar[T Float]() piece {
	one := pairsInput[T]()
	in, sums := [4][5]T{one, one, one, one}, [6]T{}
	return func() float64 {
		pairsGo(pairsOfPiece, &in, &sums)
		return 2 * pairsOfPiece
	}
}

// The block of a sweep: inner points of 16 rows, 480 bytes each, with a row or 32
// bytes at each side. Input and output together fill six tenths of a first-level
// cache of 32 KiB.
const (
	sweepRows   = 16
	sweepInner  = 480 // bytes of the inner points of a row
	sweepMargin = 32  // bytes before and after them
	sweepStride = sweepInner + 2*sweepMargin
	sweepBytes  = (sweepRows + 2) * sweepStride
)

// Updates returns the rate, in points per second, of a five-point stencil with equal
// weights (three sums and a product, no floor) on a block in the first-level cache. The
// points are stored so that neighbours in a row are in neighbouring vectors, which
// avoids loads across cache lines. Set is the name of the instruction set.
func Updates[T Float](ctx context.Context, workers int) (rate float64, set string, err error) {
	work, set := sweepVector[T]()
	if work == nil {
		work, set = sweepScalar[T], compiled
	}
	rate, err = best(ctx, workers, func(int) piece { return work() })
	return rate, set, err
}

// sweepGo computes the inner points of a block, whose rows have width points, margin of
// them at each side; margin is also the distance between left and right neighbours:
//
//	v = c·((up + down) + (left + right))
func sweepGo[T Float](out, in []T, width, margin int, c T) {
	inner := width - 2*margin
	for row := 1; row <= sweepRows; row++ {
		at := row*width + margin
		up, down := in[at-width:][:inner], in[at+width:][:inner]
		left, right := in[at-margin:][:inner], in[at+margin:][:inner]
		to := out[at:][:inner]
		for j := range to {
			to[j] = c * ((up[j] + down[j]) + (left[j] + right[j]))
		}
	}
}

// sweepScalar returns a piece of work for one worker, with sweepGo.
func sweepScalar[T Float]() piece {
	size := sizeOf[T]()
	in, out := sweepInput(make([]T, sweepBytes/size)), make([]T, sweepBytes/size)
	return func() float64 {
		sweepGo(out, in, sweepStride/size, sweepMargin/size, 0.25)
		return float64(sweepRows * sweepInner / size)
	}
}

// sweepInput fills a block with temperatures.
func sweepInput[T Float](block []T) []T {
	for i := range block {
		block[i] = T(1 + i%97)
	}
	return block
}

// sizeOf returns the size of an element in bytes.
func sizeOf[T Float]() int {
	if _, single := any(T(0)).(float32); single {
		return 4
	}
	return 8
}
