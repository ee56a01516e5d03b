// Package pairs has the inner loops of gravity: sums over the pairs of bodies of
// two tiles, in the order that the contract of package kernels fixes. The Go
// functions define what the assembly computes.
package pairs

import (
	"unsafe"

	"offload/internal/ieee"
)

// Float is a type that bodies are made of.
type Float = ieee.Float

// Size is the number of bodies in a tile.
const Size = 256

// Tile holds up to Size bodies, column by column.
type Tile[T Float] struct{ X, Y, Z, GM [Size]T }

// Sums holds the accelerations of a tile's bodies due to another tile, with room
// for what is rounded up to vectors.
type Sums[T Float] struct{ X, Y, Z [Size + 8]T }

// Strides is scratch: for each of a tile's bodies the strided partial sums of its
// components, a vector of 32 bytes each, and two
// rings of what is computed ahead of its use.
type Strides[T Float] struct {
	lanes [Size][3][32]byte
	_     [2 * 8][32]byte
}

// Lanes is the number of strided partial sums: a vector of 32 bytes.
func Lanes[T Float]() int { return 32 / int(unsafe.Sizeof(T(0))) }

// Load copies rows (x, y, z, gm) to the tile and returns their number.
func (t *Tile[T]) Load(rows []T) int {
	n := 0
	for ; len(rows) >= 4; n, rows = n+1, rows[4:] {
		t.X[n], t.Y[n], t.Z[n], t.GM[n] = rows[0], rows[1], rows[2], rows[3]
	}
	return n
}

// Pad fills the tile behind its first n ≥ 1 bodies with massless ones in the place
// of the first, which add nothing to a sum.
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

	// Lanes sums a full tile of sources for n targets from the first on, in
	// strided lanes joined by halves. It may set sums up to three bodies further.
	Lanes func(targets *Tile[T], first, n int, sources *Tile[T], eps2 T, out *Sums[T], s *Strides[T])

	// Both evaluates each pair of the full tile a with bodies 0 to m > 0 of the
	// later tile b, which is padded, once: toA as Ordered does for a's bodies, toB
	// as Lanes for b's. It may set toB up to three bodies further.
	Both func(a, b *Tile[T], m int, eps2 T, toA, toB *Sums[T], s *Strides[T])

	// Add adds part to sum, number by number, and the rounding error to carry.
	Add func(sum, carry, part *Sums[T])
}
