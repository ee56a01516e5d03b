//go:build !linux

package sweep

import "testing"

// guarded is memory of n elements; only Linux guards it.
func guarded[T Float](_ testing.TB, n int, _ bool) []T { return make([]T, n) }
