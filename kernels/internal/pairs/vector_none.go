//go:build (!amd64 && !arm64) || purego

package pairs

// Vector is the form for this processor's vectors, of which this build has none.
func Vector[T Float]() (r Routines[T], name string, ready func() bool) {
	return r, "", func() bool { return false }
}
