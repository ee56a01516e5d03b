//go:build !purego

package ceiling

import "golang.org/x/sys/cpu"

// avx2 is the name of the instruction set of the loops in avx2_amd64.s.
const avx2 = "avx2"

// hasAVX2 reports whether this machine has AVX2 and FMA.
func hasAVX2() bool { return cpu.X86.HasAVX2 && cpu.X86.HasFMA }

// A piece of work takes a few microseconds.
const (
	vectorsARound = 4 // of pairs, as generated
	roundsOfPiece = 1 << 10
	sweepsOfPiece = 32
)

// pairsVector returns a function for pieces of work with vectors of pairs, or nil if the
// machine lacks AVX2.
func pairsVector[T Float]() (work func() piece, set string) {
	switch {
	case !hasAVX2():
		return nil, ""
	case sizeOf[T]() == 4:
		return func() piece {
			in, sums := pairsInput[float32](), [6][8]float32{}
			return func() float64 {
				pairsAVX2x32(roundsOfPiece, &in, &sums)
				return 2 * 8 * vectorsARound * roundsOfPiece
			}
		}, avx2
	}
	return func() piece {
		in, sums := pairsInput[float64](), [6][4]float64{}
		return func() float64 {
			pairsAVX2x64(roundsOfPiece, &in, &sums)
			return 2 * 4 * vectorsARound * roundsOfPiece
		}
	}, avx2
}

// sweepVector returns a function for pieces of work with vectors of points, or nil if
// the machine lacks AVX2.
func sweepVector[T Float]() (work func() piece, set string) {
	switch {
	case !hasAVX2():
		return nil, ""
	case sizeOf[T]() == 4:
		return func() piece {
			var in, out [sweepBytes / 4]float32
			sweepInput(in[:])
			weights := [2]float32{0.25, 1}
			return func() float64 {
				sweepAVX2x32(sweepsOfPiece, &out, &in, &weights)
				return sweepsOfPiece * sweepRows * sweepInner / 4
			}
		}, avx2
	}
	return func() piece {
		var in, out [sweepBytes / 8]float64
		sweepInput(in[:])
		weights := [2]float64{0.25, 1}
		return func() float64 {
			sweepAVX2x64(sweepsOfPiece, &out, &in, &weights)
			return sweepsOfPiece * sweepRows * sweepInner / 8
		}
	}, avx2
}
