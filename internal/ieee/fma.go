// Package ieee provides the floating-point operations of numeric contracts, each
// rounded once, to nearest even, on every CPU and with every compiler setting. To keep
// a product from being fused with a sum, write T(x*y)+z: the conversion forbids it.
package ieee

import (
	"math"
	"unsafe"
)

// Float is a type of floating-point numbers.
type Float interface {
	float32 | float64
}

// FMA returns x·y + z, rounded once.
func FMA[T Float](x, y, z T) T {
	if unsafe.Sizeof(x) == 8 {
		return T(math.FMA(float64(x), float64(y), float64(z)))
	}
	return T(FMA32(float32(x), float32(y), float32(z)))
}

// FMA32 returns x·y + z, rounded once. The product is exact in float64. The sum is
// rounded to float64 and then to float32, which can only be wrong if the first rounding
// gives a value halfway between two float32 numbers, or below the normal range, where
// the spacing differs.
func FMA32(x, y, z float32) float32 {
	const (
		dropped   = 1<<29 - 1 // bits of a float64 that a float32 lacks
		half      = 1 << 28
		sign      = 1 << 63
		minNormal = 0x3810000000000000 // 2^-126
	)
	p := float64(float64(x) * float64(y))
	s := p + float64(z)
	bits := math.Float64bits(s)
	if bits&dropped == half || bits&^sign < minNormal {
		return fma32Odd(p, float64(z))
	}
	return float32(s)
}

// fma32Odd returns p + z, rounded to odd in float64 and then to float32. Rounding to
// odd records whether the sum is inexact, so that with more than two spare bits the
// second rounding is that of the exact sum (Boldo and Melquiond, “When double rounding
// is odd”, 2005).
//
//go:noinline
func fma32Odd(p, z float64) float32 {
	s, e := TwoSum(p, z)
	bits := math.Float64bits(s)
	if e != 0 && bits&1 == 0 {
		if (e > 0) == (s > 0) {
			bits++
		} else {
			bits--
		}
	}
	return float32(math.Float64frombits(bits))
}

// Sqrt returns the square root of x. For float32 the float64 root rounds to the same
// value as the exact one, because 53 ≥ 2·24 + 2 bits (Figueroa, 1995).
func Sqrt[T Float](x T) T {
	return T(math.Sqrt(float64(x)))
}

// TwoSum returns s = x + y, rounded, and the error e = (x + y) − s, exactly
// (Knuth, The Art of Computer Programming, volume 2, section 4.2.2).
func TwoSum[T Float](x, y T) (s, e T) {
	s = x + y
	z := s - x
	return s, (x - (s - z)) + (y - z)
}

// Abs returns |x|.
func Abs[T Float](x T) T {
	return T(math.Abs(float64(x)))
}
