// Package pairs has the inner loops of gravity: sums over the pairs of bodies of two
// tiles, in the order of the contract of package gravity. The Go functions define the
// results of the assembly.
package pairs

import (
	"unsafe"

	"offload/internal/contract"
	"offload/internal/ieee"
)

// Go returns the form in plain Go, which defines the others.
func Go[T Float]() Routines[T] {
	return Routines[T]{Ordered: ordered[T], Lanes: lanes[T], Both: both[T], Add: add[T]}
}

// weight returns w = 1/(r²·√r²), or 0 if r² = 0.
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

// Float is the type of a body's numbers.
type Float = ieee.Float

// Size is the number of bodies in a tile.
const Size = contract.SourceTile

// Tile holds up to Size bodies, column by column.
type Tile[T Float] struct{ X, Y, Z, GM [Size]T }

// Sums holds the accelerations of a tile's bodies due to another tile, with room for
// whole vectors.
type Sums[T Float] struct{ X, Y, Z [Size + 8]T }

// Strides is scratch: for each of a tile's bodies the strided partial sums of its
// components, a vector of 32 bytes each, and two rings of values computed ahead of their
// use.
type Strides[T Float] struct {
	lanes [Size][3][32]byte
	_     [2 * 8][32]byte
}

// Lanes returns the number of strided partial sums: the lanes of a vector of 32 bytes.
func Lanes[T Float]() int { return contract.VectorBytes / int(unsafe.Sizeof(T(0))) }

// Load copies rows (x, y, z, gm) to the tile and returns their number.
func (t *Tile[T]) Load(rows []T) int {
	n := 0
	for ; len(rows) >= 4; n, rows = n+1, rows[4:] {
		t.X[n], t.Y[n], t.Z[n], t.GM[n] = rows[0], rows[1], rows[2], rows[3]
	}
	return n
}

// Pad fills the tile after its first n ≥ 1 bodies with massless ones at the position of
// the first, which add nothing to a sum.
func (t *Tile[T]) Pad(n int) {
	for i := n; i < Size; i++ {
		t.X[i], t.Y[i], t.Z[i], t.GM[i] = t.X[0], t.Y[0], t.Z[0], 0
	}
}

// Routines are the inner loops in one form.
type Routines[T Float] struct {
	// Ordered sums sources 0 to m for targets 0 to n, source by source:
	//
	//	out_i = Σ_j gm_j·w·d
	//
	// It may read and set targets and sums up to the next multiple of 16.
	Ordered func(targets *Tile[T], n int, sources *Tile[T], m int, eps2 T, out *Sums[T])

	// Lanes sums a full tile of sources for n targets from first on, in strided lanes
	// joined by halves. It may set sums of up to three more bodies.
	Lanes func(targets *Tile[T], first, n int, sources *Tile[T], eps2 T, out *Sums[T], s *Strides[T])

	// Both evaluates each pair of the full tile a with bodies 0 to m > 0 of the later,
	// padded tile b once: toA as Ordered does for a's bodies, toB as Lanes for b's. It may
	// set sums of up to three more bodies in toB.
	Both func(a, b *Tile[T], m int, eps2 T, toA, toB *Sums[T], s *Strides[T])

	// Add adds part to sum, number by number, and the rounding error to carry.
	Add func(sum, carry, part *Sums[T])
}
