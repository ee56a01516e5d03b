//go:build !purego

package pairs

//go:generate sh -c "cd _asm && go run . -out ../pairs_amd64.s -stubs ../pairs_amd64.go -pkg pairs"

import "golang.org/x/sys/cpu"

// Vector returns the form for 256-bit vectors with fused multiply-add, its name, and a
// function that reports whether this machine has them.
func Vector[T Float]() (r Routines[T], name string, ready func() bool) {
	return vector[T](), "avx2", func() bool { return cpu.X86.HasAVX2 && cpu.X86.HasFMA }
}

func single() Routines[float32] {
	return Routines[float32]{
		Ordered: func(t *Tile[float32], n int, s *Tile[float32], m int, eps2 float32, out *Sums[float32]) {
			if eps2 > 0 {
				orderedSoft32(&t.X[0], n, &s.X[0], m, eps2, &out.X[0])
			} else {
				ordered32(&t.X[0], n, &s.X[0], m, eps2, &out.X[0])
			}
		},
		Lanes: func(t *Tile[float32], first, n int, s *Tile[float32], eps2 float32, out *Sums[float32], strides *Strides[float32]) {
			if eps2 > 0 {
				lanesSoft32(&t.X[0], first, n, &s.X[0], eps2, &out.X[0], &strides.lanes[0][0][0])
			} else {
				lanes32(&t.X[0], first, n, &s.X[0], eps2, &out.X[0], &strides.lanes[0][0][0])
			}
		},
		Both: func(a, b *Tile[float32], m int, eps2 float32, toA, toB *Sums[float32], strides *Strides[float32]) {
			if eps2 > 0 {
				bothSoft32(&a.X[0], &b.X[0], m, eps2, &toA.X[0], &toB.X[0], &strides.lanes[0][0][0])
			} else {
				both32(&a.X[0], &b.X[0], m, eps2, &toA.X[0], &toB.X[0], &strides.lanes[0][0][0])
			}
		},
		Add: func(sum, carry, part *Sums[float32]) { add32(&sum.X[0], &carry.X[0], &part.X[0]) },
	}
}

func double() Routines[float64] {
	return Routines[float64]{
		Ordered: func(t *Tile[float64], n int, s *Tile[float64], m int, eps2 float64, out *Sums[float64]) {
			if eps2 > 0 {
				orderedSoft64(&t.X[0], n, &s.X[0], m, eps2, &out.X[0])
			} else {
				ordered64(&t.X[0], n, &s.X[0], m, eps2, &out.X[0])
			}
		},
		Lanes: func(t *Tile[float64], first, n int, s *Tile[float64], eps2 float64, out *Sums[float64], strides *Strides[float64]) {
			if eps2 > 0 {
				lanesSoft64(&t.X[0], first, n, &s.X[0], eps2, &out.X[0], &strides.lanes[0][0][0])
			} else {
				lanes64(&t.X[0], first, n, &s.X[0], eps2, &out.X[0], &strides.lanes[0][0][0])
			}
		},
		Both: func(a, b *Tile[float64], m int, eps2 float64, toA, toB *Sums[float64], strides *Strides[float64]) {
			if eps2 > 0 {
				bothSoft64(&a.X[0], &b.X[0], m, eps2, &toA.X[0], &toB.X[0], &strides.lanes[0][0][0])
			} else {
				both64(&a.X[0], &b.X[0], m, eps2, &toA.X[0], &toB.X[0], &strides.lanes[0][0][0])
			}
		},
		Add: func(sum, carry, part *Sums[float64]) { add64(&sum.X[0], &carry.X[0], &part.X[0]) },
	}
}
