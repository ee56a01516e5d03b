package pairs

import "offload/internal/ieee"

// Go is the form in plain Go: the definition of the others.
func Go[T Float]() Routines[T] {
	return Routines[T]{Ordered: ordered[T], Lanes: lanes[T], Both: both[T], Add: add[T]}
}

// weight is w = 1/(r²·√r²), or 0 where r² = 0.
//
//	r² = fma(dx, dx, fma(dy, dy, fma(dz, dz, ε²)))
func weight[T Float](dx, dy, dz, eps2 T) T {
	r2 := ieee.FMA(dx, dx, ieee.FMA(dy, dy, ieee.FMA(dz, dz, eps2)))
	if r2 == 0 {
		return 0
	}
	return 1 / T(r2*ieee.Sqrt(r2))
}

func ordered[T Float](targets *Tile[T], n int, sources *Tile[T], m int, eps2 T, out *Sums[T]) {
	for i := range n {
		x, y, z := targets.X[i], targets.Y[i], targets.Z[i]
		var ax, ay, az T
		for j := range m {
			dx, dy, dz := sources.X[j]-x, sources.Y[j]-y, sources.Z[j]-z
			s := T(sources.GM[j] * weight(dx, dy, dz, eps2))
			ax, ay, az = ieee.FMA(s, dx, ax), ieee.FMA(s, dy, ay), ieee.FMA(s, dz, az)
		}
		out.X[i], out.Y[i], out.Z[i] = ax, ay, az
	}
}

func lanes[T Float](targets *Tile[T], first, n int, sources *Tile[T], eps2 T, out *Sums[T], _ *Strides[T]) {
	mask := Lanes[T]() - 1
	for i := first; i < first+n; i++ {
		x, y, z := targets.X[i], targets.Y[i], targets.Z[i]
		var a [3][8]T
		for j := range Size {
			dx, dy, dz := sources.X[j]-x, sources.Y[j]-y, sources.Z[j]-z
			s, l := T(sources.GM[j]*weight(dx, dy, dz, eps2)), j&mask
			a[0][l], a[1][l], a[2][l] = ieee.FMA(s, dx, a[0][l]), ieee.FMA(s, dy, a[1][l]), ieee.FMA(s, dz, a[2][l])
		}
		out.X[i], out.Y[i], out.Z[i] = join(&a[0], mask+1), join(&a[1], mask+1), join(&a[2], mask+1)
	}
}

func both[T Float](a, b *Tile[T], m int, eps2 T, toA, toB *Sums[T], _ *Strides[T]) {
	mask := Lanes[T]() - 1
	*toA = Sums[T]{}
	for j := range m {
		x, y, z, gm := b.X[j], b.Y[j], b.Z[j], b.GM[j]
		var back [3][8]T
		for i := range Size {
			dx, dy, dz := x-a.X[i], y-a.Y[i], z-a.Z[i]
			w := weight(dx, dy, dz, eps2)
			s, q, l := T(gm*w), T(a.GM[i]*w), i&mask
			toA.X[i], toA.Y[i], toA.Z[i] = ieee.FMA(s, dx, toA.X[i]), ieee.FMA(s, dy, toA.Y[i]), ieee.FMA(s, dz, toA.Z[i])
			back[0][l], back[1][l], back[2][l] = ieee.FMA(q, -dx, back[0][l]), ieee.FMA(q, -dy, back[1][l]), ieee.FMA(q, -dz, back[2][l])
		}
		toB.X[j], toB.Y[j], toB.Z[j] = join(&back[0], mask+1), join(&back[1], mask+1), join(&back[2], mask+1)
	}
}

// join adds the upper half of the first n lanes to the lower half until one is
// left.
func join[T Float](lanes *[8]T, n int) T {
	for n /= 2; n > 0; n /= 2 {
		for l := range n {
			lanes[l] += lanes[l+n]
		}
	}
	return lanes[0]
}

func add[T Float](sum, carry, part *Sums[T]) {
	addColumn(&sum.X, &carry.X, &part.X)
	addColumn(&sum.Y, &carry.Y, &part.Y)
	addColumn(&sum.Z, &carry.Z, &part.Z)
}

func addColumn[T Float](sum, carry, part *[Size + 8]T) {
	for i := range sum {
		s, e := ieee.TwoSum(sum[i], part[i])
		sum[i] = s
		carry[i] += e
	}
}
