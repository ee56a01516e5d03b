// Package base has helpers for kernels: precisions, sums in lanes, and data for examples.
package base

import (
	"fmt"
	"math"
	"math/rand/v2"
	"offload/device"
	"offload/internal/contract"
	"offload/shaders"
)

// Pick returns the kernel of a pair that computes in type t; nil for another type.
func Pick(t device.Type, k32, k64 *device.Kernel) *device.Kernel {
	switch t {
	case device.Float32:
		return k32
	case device.Float64:
		return k64
	}
	return nil
}

// Name returns base with the precision, such as force.f64.
func Name[T device.Float](base string) string {
	return base + "." + device.TypeOf[T]().String()
}

// PerPrecision returns single for float32 and double for float64.
func PerPrecision[T device.Float](single, double float64) T {
	if device.TypeOf[T]() == device.Float32 {
		return T(single)
	}
	return T(double)
}

// MinNormal returns the smallest normal number.
func MinNormal[T device.Float]() T { return PerPrecision[T](0x1p-126, 0x1p-1022) }

// MaxFinite returns the largest finite number.
func MaxFinite[T device.Float]() T {
	return PerPrecision[T](math.MaxFloat32, math.MaxFloat64)
}

// ShaderPrecision returns the precision of shaders for T.
func ShaderPrecision[T device.Float]() shaders.Precision {
	if device.TypeOf[T]() == device.Float32 {
		return shaders.Single
	}
	return shaders.Double
}

// MaxLanes is the largest number of strided partial sums of any kernel.
const MaxLanes = max(contract.VectorBytes/4, contract.ResidualLanes)

// JoinLanes adds the upper half of the first n lanes to the lower half until
// one is left.
func JoinLanes[T device.Float](lanes *[MaxLanes]T, n int) T {
	for n /= 2; n > 0; n /= 2 {
		for l := range n {
			lanes[l] += lanes[l+n]
		}
	}
	return lanes[0]
}

// Poison returns n elements of a value that no kernel computes.
func Poison[T device.Float](n int) []T {
	s := make([]T, n)
	for i := range s {
		s[i] = -12345.678
	}
	return s
}

// Uniform draws a multiple of 2^-53 in [0, 1).
func Uniform(r *rand.Rand) float64 { return float64(r.Uint64()>>11) * 0x1p-53 }

// Elements returns rows·cols. It panics if one of them is negative or the product
// overflows.
func Elements(rows, cols int) int {
	if rows < 0 || cols < 0 || cols > 0 && rows > math.MaxInt/cols {
		panic(fmt.Sprintf("kernels: a matrix of %d × %d elements", rows, cols))
	}
	return rows * cols
}

// CeilDiv returns n/d, rounded up.
func CeilDiv(n, d int) int { return (n + d - 1) / d }
