//go:build !purego

package pairs

//go:generate sh -c "cd _asm && go run ./neon -out ../pairs_arm64.s"

// Vector returns the form for the 128-bit vectors that every arm64 processor has, and its
// name.
func Vector[T Float]() (r Routines[T], name string, ready func() bool) {
	return vector[T](), "neon", nil
}

func single() Routines[float32] {
	return Routines[float32]{
		Ordered: func(t *Tile[float32], n int, s *Tile[float32], m int, eps2 float32, out *Sums[float32]) {
			ordered32(&t.X[0], n, &s.X[0], m, eps2, &out.X[0])
		},
		Lanes: func(t *Tile[float32], first, n int, s *Tile[float32], eps2 float32, out *Sums[float32], strides *Strides[float32]) {
			lanes32(&t.X[0], first, n, &s.X[0], eps2, &out.X[0], &strides.lanes[0][0][0])
		},
		Both: func(a, b *Tile[float32], m int, eps2 float32, toA, toB *Sums[float32], strides *Strides[float32]) {
			both32(&a.X[0], &b.X[0], m, eps2, &toA.X[0], &toB.X[0], &strides.lanes[0][0][0])
		},
		Add: func(sum, carry, part *Sums[float32]) { add32(&sum.X[0], &carry.X[0], &part.X[0]) },
	}
}

func double() Routines[float64] {
	return Routines[float64]{
		Ordered: func(t *Tile[float64], n int, s *Tile[float64], m int, eps2 float64, out *Sums[float64]) {
			ordered64(&t.X[0], n, &s.X[0], m, eps2, &out.X[0])
		},
		Lanes: func(t *Tile[float64], first, n int, s *Tile[float64], eps2 float64, out *Sums[float64], strides *Strides[float64]) {
			lanes64(&t.X[0], first, n, &s.X[0], eps2, &out.X[0], &strides.lanes[0][0][0])
		},
		Both: func(a, b *Tile[float64], m int, eps2 float64, toA, toB *Sums[float64], strides *Strides[float64]) {
			both64(&a.X[0], &b.X[0], m, eps2, &toA.X[0], &toB.X[0], &strides.lanes[0][0][0])
		},
		Add: func(sum, carry, part *Sums[float64]) { add64(&sum.X[0], &carry.X[0], &part.X[0]) },
	}
}
