//go:build amd64 && !purego

package ceiling

import "testing"

// The vector loops compute the same as the loops in Go.
func TestVectorsAgree(t *testing.T) {
	if !hasAVX2() {
		t.Skip("this machine has no AVX2")
	}
	var sums32 [6][8]float32
	in32 := pairsInput[float32]()
	pairsAVX2x32(2, &in32, &sums32)
	comparePairs(t, in32, func(i, lane int) float32 { return sums32[i][lane] }, 8)
	var sums64 [6][4]float64
	in64 := pairsInput[float64]()
	pairsAVX2x64(2, &in64, &sums64)
	comparePairs(t, in64, func(i, lane int) float64 { return sums64[i][lane] }, 4)

	var a, out32 [sweepBytes / 4]float32
	sweepInput(a[:])
	sweepAVX2x32(1, &out32, &a, &[2]float32{0.375, 1})
	compareSweep(t, out32[:], a[:], 0.375)
	var b, out64 [sweepBytes / 8]float64
	sweepInput(b[:])
	sweepAVX2x64(1, &out64, &b, &[2]float64{0.375, 1})
	compareSweep(t, out64[:], b[:], 0.375)
}

func comparePairs[T Float](t *testing.T, in [5]T, got func(i, lane int) T, lanes int) {
	t.Helper()
	var want [6]T
	pairsGo(2*vectorsARound, &[4][5]T{in, in, in, in}, &want)
	for i := range want {
		for lane := range lanes {
			if g := got(i, lane); !near(g, want[i]) {
				t.Errorf("%T: sum %d of lane %d is %g, want %g", g, i, lane, g, want[i])
			}
		}
	}
}

func compareSweep[T Float](t *testing.T, got, in []T, c T) {
	t.Helper()
	want, size := make([]T, len(in)), sizeOf[T]()
	sweepGo(want, in, sweepStride/size, sweepMargin/size, c)
	for i := range want {
		if !near(got[i], want[i]) {
			t.Fatalf("%T: point %d is %g, want %g", got[i], i, got[i], want[i])
		}
	}
}
