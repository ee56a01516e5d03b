//go:build !purego

package pairs

//go:generate sh -c "cd _asm && go run . -out ../pairs_amd64.s -stubs ../pairs_amd64.go -pkg pairs"

import "golang.org/x/sys/cpu"

// Vector is the form for this processor's vectors, 256-bit ones with fused
// multiply-add, its name, and whether this machine has them.
func Vector[T Float]() (r Routines[T], name string, ready func() bool) {
	return vector[T](), "avx2", func() bool { return cpu.X86.HasAVX2 && cpu.X86.HasFMA }
}
