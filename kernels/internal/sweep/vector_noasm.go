//go:build !amd64 || purego

package sweep

// HasVector reports whether this processor can run Vector.
func HasVector() bool { return false }

// Vector returns an empty form: this build has none for AVX2.
func Vector[T Float](Update) (f Form[T]) { return f }
