// Package wh has the two maps of a Wisdom–Holman step (1991, AJ 102, 1528) in Jacobi coordinates: Kick by the planets'
// interactions, and Drift along Kepler orbits. Planets are in blocks of eight, one lane of a vector each. Any number of
// bodies without mass Follow them by tables of their maps.
//
// The functions in Go are the contract: they fix every operation and its order, and the forms in assembly give the same
// bits. Any units will do in which GM, length and time agree.
package wh

import (
	"math"
	"unsafe"
)

// Lanes is the number of planets in a block.
const Lanes = 8

// Vector is a number for each planet of a block.
type Vector [Lanes]float64

// Block is eight planets and the constants of their steps, which Planets computes. The forms in assembly know its layout.
type Block struct {
	X, V [3]Vector // Jacobi coordinates

	// With η the sum of GM from the star up to this planet, and η' that of those before it:
	Mass     Vector    // GM
	Orbit    Vector    // GM of the planet's Kepler orbit, which is η
	Share    Vector    // GM/η
	Inner    Vector    // 1/η'
	Own      Vector    // h·η
	Central  Vector    // h·GM₀·η/η'
	Pull     Vector    // h·GM
	Reaction Vector    // h·GM₀·GM
	Near     [4]Vector // square of the distance to the planet 1, 2, 3, 4 lanes ahead below which Steps ends
	Low      Vector    // square of the distance to the star below which Steps ends
	Twist    Vector    // 6·GM₀/c², or 0 without relativity
	H        Vector    // h, the length of a step
	Reach    Vector    // distance, whose sum for two planets is the root of Near

	// Of the current kick:
	D, U     [3]Vector // positions relative to the star, and the planet's own part of the change of the velocity
	Q        [3]Vector // pull of the star on the planet, times the planet's GM; then the sum of that over the planets outside
	To, From [3]Vector // pulls of other planets
	Sum      [3]Vector // of the planets up to this one, or from this one on

	R, Inverse Vector // of bodies without mass after a kick: the distance to the star, and its inverse

	Table   Table
	Scratch [24]Vector // of the forms in assembly
}

// Table has the constants of quick for the forms in assembly.
type Table struct {
	Zero, One, Two, Half, Five, Sixth, Twelfth Vector
	Magnitude                                  Vector // all bits but the sign
	MaxZ, MaxShift, MaxBend, MaxTurn           Vector
	C2, C3                                     [terms]Vector
}

// terms is the number of terms of the Stumpff functions' series.
const terms = 8

// The bounds of quick; see there.
const (
	maxZ     = 0.5
	maxShift = 0x1p-10
	maxBend  = 0x1p-9
	maxTurn  = 0x1p-16
)

// newBlocks returns n blocks, at addresses that are multiples of a vector's size.
func newBlocks(n int) []*Block {
	const size, vector = unsafe.Sizeof(Block{}), unsafe.Sizeof(Vector{})
	memory := make([]byte, uintptr(n)*size+vector)
	skip := -uintptr(unsafe.Pointer(unsafe.SliceData(memory))) % vector
	blocks := make([]*Block, n)
	for i := range blocks {
		blocks[i] = (*Block)(unsafe.Pointer(&memory[skip+uintptr(i)*size]))
		blocks[i].fillTable()
	}
	return blocks
}

func (b *Block) fillTable() {
	t := &b.Table
	for l := range Lanes {
		t.One[l], t.Two[l], t.Half[l], t.Five[l], t.Sixth[l], t.Twelfth[l] = 1, 2, 0.5, 5, 1./6, 1./12
		t.Magnitude[l] = math.Float64frombits(1<<63 - 1)
		t.MaxZ[l], t.MaxShift[l], t.MaxBend[l], t.MaxTurn[l] = maxZ, maxShift, maxBend, maxTurn
		for k := range terms {
			t.C2[k][l], t.C3[k][l] = stumpff2[k], stumpff3[k]
		}
	}
}

// stumpff2 and stumpff3 are the coefficients of c₂(z) = Σ (-z)^k/(2k+2)! and c₃(z) = Σ (-z)^k/(2k+3)!.
var (
	stumpff2 = [terms]float64{1. / 2, -1. / 24, 1. / 720, -1. / 40320, 1. / 3628800, -1. / 479001600, 1. / 87178291200, -1. / 20922789888000}
	stumpff3 = [terms]float64{1. / 6, -1. / 120, 1. / 5040, -1. / 362880, 1. / 39916800, -1. / 6227020800, 1. / 1307674368000, -1. / 355687428096000}
)
