//go:build !amd64 || purego

package pairs

// HasAVX2 tells whether AVX2 can be used here.
func HasAVX2() bool { return false }

// AVX2 is the form for 256-bit vectors with fused multiply-add; not in this build.
func AVX2[T Float]() Routines[T] { return Routines[T]{} }
