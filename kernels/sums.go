package kernels

import (
	"offload/device"
	"offload/internal/ieee"
)

// maxLanes is the largest number of strided partial sums of any kernel.
const maxLanes = 8

// gravityLanes is the number of strided partial sums in an earlier tile: the
// width of a 256-bit vector.
func gravityLanes[T device.Float]() int { return 32 / device.TypeOf[T]().Size() }

// joinLanes adds the upper half of the first n lanes to the lower half until
// one is left.
func joinLanes[T device.Float](lanes *[maxLanes]T, n int) T {
	for n /= 2; n > 0; n /= 2 {
		for l := range n {
			lanes[l] += lanes[l+n]
		}
	}
	return lanes[0]
}

// carriedSum adds numbers and carries the rounding errors in a second sum.
type carriedSum[T device.Float] struct{ sum, carry T }

func (s *carriedSum[T]) add(x T) {
	var e T
	s.sum, e = ieee.TwoSum(s.sum, x)
	s.carry += e
}

func (s *carriedSum[T]) value() T { return s.sum + s.carry }

// vectorSum is a carriedSum of three components.
type vectorSum[T device.Float] struct{ x, y, z carriedSum[T] }

func (s *vectorSum[T]) add(x, y, z T) {
	s.x.add(x)
	s.y.add(y)
	s.z.add(z)
}

func (s *vectorSum[T]) store(dst []T) {
	dst[0], dst[1], dst[2] = s.x.value(), s.y.value(), s.z.value()
}
