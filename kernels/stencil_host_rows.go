package kernels

import (
	"math"

	"offload/device"
)

// jacobiHostRow is jacobiRow with one comparison for the floor instead of two, of
// which the first is a matter of luck where signs are mixed.
func jacobiHostRow[T device.Float](dst, up, mid, down []T, cx, cy T) {
	n := len(mid)
	dst, up, down = dst[:n], up[:n], down[:n]
	floor := float64(flushBelow[T]())
	dst[0], dst[n-1] = mid[0], mid[n-1]
	left, here := mid[0], mid[1]
	for j := 1; j < n-1; j++ {
		right := mid[j+1]
		v := T(cy*(up[j]+down[j])) + T(cx*(left+right))
		if math.Abs(float64(v)) < floor {
			v = 0
		}
		dst[j] = v
		left, here = here, right
	}
}

// heatHostRow is heatRow with one comparison for the floor.
func heatHostRow[T device.Float](dst, up, mid, down []T, cx, cy T) {
	n := len(mid)
	dst, up, down = dst[:n], up[:n], down[:n]
	floor := float64(flushBelow[T]())
	dst[0], dst[n-1] = mid[0], mid[n-1]
	left, here := mid[0], mid[1]
	for j := 1; j < n-1; j++ {
		right, twice := mid[j+1], here+here
		v := here + (T(cy*((up[j]+down[j])-twice)) + T(cx*((left+right)-twice)))
		if math.Abs(float64(v)) < floor {
			v = 0
		}
		dst[j] = v
		left, here = here, right
	}
}
