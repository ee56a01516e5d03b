//go:build !amd64 || purego

package sweep

// HasVector reports whether this processor can run Vector.
func HasVector() bool { return false }

// Vector is the form for AVX2, which is not there.
func Vector[T Float](Update) (f Form[T]) { return f }
