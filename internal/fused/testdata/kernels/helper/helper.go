// Package helper has functions that kernels of another package call.
package helper

// Square is called as part of a sum.
func Square(x float64) float64 { return x * x } // fused

// Area is called, and its result is no part of a sum.
func Area(x, y float64) float64 { return x * y }

// Muladd is called.
func Muladd(x, y, z float64) float64 { return add(x*y, z) } // fused

func add(a, b float64) float64 { return a + b }

// Unused is called by nothing.
func Unused(x, y, z float64) float64 { return x*y + z }
