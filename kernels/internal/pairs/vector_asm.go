//go:build (amd64 || arm64) && !purego

package pairs

// vector returns the form in assembly.
func vector[T Float]() Routines[T] {
	if r, ok := any(single()).(Routines[T]); ok {
		return r
	}
	return any(double()).(Routines[T])
}
