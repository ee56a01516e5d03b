//go:build !purego

package pairs

//go:generate sh -c "cd _asm && go run ./neon -out ../pairs_arm64.s"

// Vector is the form for this processor's vectors, the 128-bit ones that every
// arm64 has, and its name.
func Vector[T Float]() (r Routines[T], name string, ready func() bool) {
	return vector[T](), "neon", nil
}
