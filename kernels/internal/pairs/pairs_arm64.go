//go:build !purego

package pairs

// ordered32 is Ordered; n is rounded up to two vectors.
//
//go:noescape
func ordered32(targets *float32, n int, sources *float32, m int, eps2 float32, out *float32)

// lanes32 is Lanes.
//
//go:noescape
func lanes32(targets *float32, first int, n int, sources *float32, eps2 float32, out *float32, strides *byte)

// both32 is Both.
//
//go:noescape
func both32(a *float32, b *float32, m int, eps2 float32, toA *float32, toB *float32, strides *byte)

// add32 is Add.
//
//go:noescape
func add32(sum *float32, carry *float32, part *float32)

// ordered64 is Ordered; n is rounded up to two vectors.
//
//go:noescape
func ordered64(targets *float64, n int, sources *float64, m int, eps2 float64, out *float64)

// lanes64 is Lanes.
//
//go:noescape
func lanes64(targets *float64, first int, n int, sources *float64, eps2 float64, out *float64, strides *byte)

// both64 is Both.
//
//go:noescape
func both64(a *float64, b *float64, m int, eps2 float64, toA *float64, toB *float64, strides *byte)

// add64 is Add.
//
//go:noescape
func add64(sum *float64, carry *float64, part *float64)
