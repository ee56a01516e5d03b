//go:build !amd64 || purego

package flows

// HasVector reports whether this processor can run Vector.
func HasVector() bool { return false }

// Vector returns an empty form: this build has none.
func Vector[T Float]() (f Form[T]) { return f }
