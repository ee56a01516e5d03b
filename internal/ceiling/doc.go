// Package ceiling measures what the cores and the memory of this machine can do
// at most: loops with the instructions that a kernel cannot do without, and
// nothing else. A kernel's rate divided by such a rate tells how much there is
// left to gain, whatever the machine is, as long as it is no busier for one than
// for the other.
//
// Each ceiling is the best of a few short windows on all workers at once. It
// holds for vectors of the named instruction set; wider ones may pass it.
package ceiling

//go:generate sh -c "cd _asm && go run . -out ../avx2_amd64.s -stubs ../avx2_amd64.go -pkg ceiling"

// compiled names the instructions of what is written in Go.
const compiled = "go"
