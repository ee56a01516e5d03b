//go:build (!amd64 && !arm64) || purego

package pairs

// Vector returns an empty name: this build has no form with vectors.
func Vector[T Float]() (r Routines[T], name string, ready func() bool) {
	return r, "", func() bool { return false }
}
