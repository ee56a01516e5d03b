package ceiling

import "context"

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

// Updates is the rate of a five-point stencil, in points per second, on a block
// that stays in the first-level cache, with equal weights: three sums and a product. The points
// are stored so that neighbours in a row stand in neighbouring vectors, which
// spares a sweep the loads across cache lines. There is no floor. Set names the
// instructions.
func Updates[T Float](ctx context.Context, workers int) (rate float64, set string, err error) {
	work, set := sweepVector[T]()
	if work == nil {
		work, set = sweepScalar[T], compiled
	}
	rate, err = best(ctx, workers, func(int) piece { return work() })
	return rate, set, err
}

// sweepGo computes the inner points of a block, whose rows have width points with
// margin ones at each side; so far are neighbours from each other:
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

// sweepScalar is a piece of work for one worker, with sweepGo.
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

// sizeOf is the size of an element in bytes.
func sizeOf[T Float]() int {
	if _, single := any(T(0)).(float32); single {
		return 4
	}
	return 8
}
