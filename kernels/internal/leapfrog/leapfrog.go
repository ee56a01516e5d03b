// Package leapfrog has the inner loops of the kernel of that name in package gravity: leapfrog steps of test particles
// in the field of moving bodies. Row defines the results of the assembly.
package leapfrog

import (
	"math"

	"offload/internal/ieee"
)

// Widths of the rows of particles and bodies.
const (
	particleWidth = 6 // x, y, z, vx, vy, vz
	bodyWidth     = 4 // x, y, z, gm
)

// least is the least square of a distance that counts as one above 0.
const least = 0x1p-126

// Row advances a particle (x, y, z, vx, vy, vz) by steps of h. Bodies are rows (x, y, z, gm), count of them for each of
// steps + 1 times.
func Row(p, bodies []float64, count int, h float64) {
	half, left := h/2, len(bodies)/bodyWidth/count
	p = p[:particleWidth:particleWidth]
	kick := func(a [3]float64) {
		for c, a := range a {
			p[3+c] = math.FMA(half, a, p[3+c])
		}
	}
	kick(pull(p, bodies[:count*bodyWidth]))
	for left--; left > 0; left-- {
		for c := range 3 {
			p[c] = math.FMA(h, p[3+c], p[c])
		}
		bodies = bodies[count*bodyWidth:]
		a := pull(p, bodies[:count*bodyWidth])
		kick(a)
		if left > 1 {
			kick(a) // of the next step
		}
	}
}

// pull returns the acceleration at a place.
func pull(p, bodies []float64) (a [3]float64) {
	x, y, z := p[0], p[1], p[2]
	for ; len(bodies) >= bodyWidth; bodies = bodies[bodyWidth:] {
		dx, dy, dz := bodies[0]-x, bodies[1]-y, bodies[2]-z
		s := float64(bodies[3] * inverseCube(math.FMA(dx, dx, math.FMA(dy, dy, float64(dz*dz)))))
		a[0], a[1], a[2] = math.FMA(s, dx, a[0]), math.FMA(s, dy, a[1]), math.FMA(s, dz, a[2])
	}
	return a
}

// inverseCube returns r2^(-3/2), from an estimate in float32 and two terms of the series around it:
//
//	r2^(-3/2) = y³·(1 − e)^(-3/2) = y³·(1 + 3/2·e + 15/8·e² + …),  e = 1 − r2·y²
//
// The error is about one unit in the last place.
func inverseCube(r2 float64) float64 {
	single := float32(r2)
	if single < least {
		single = 0
	}
	y := float64(1 / ieee.Sqrt(single))
	y2 := float64(y * y)
	e := math.FMA(-r2, y2, 1)
	y3 := float64(y2 * y)
	return math.FMA(y3, float64(e*math.FMA(15./8, e, 3./2)), y3)
}

// Size is the number of particles of a block: several vectors, so that the latency of one is hidden behind others, and
// few enough for the nearest cache.
const Size = 128

// Block holds up to Size particles.
type Block struct {
	columns [particleWidth][Size]float64 // x, y, z, vx, vy, vz
	scratch [maxCount * 3 * 64]byte      // three vectors for each body
}

// maxCount is the largest number of bodies for which forms have assembly.
const maxCount = 64

// padded returns the number of particles up to which Load fills the block.
func padded(n int) int { return max(2, (n+maxGroup-1)/maxGroup) * maxGroup }

// Load copies rows of particles to the block, at least one, and returns their number. The rest of the last groups repeats
// the last one.
func (b *Block) Load(rows []float64) int {
	n := len(rows) / particleWidth
	for i := range padded(n) {
		row := rows[min(i, n-1)*particleWidth:][:particleWidth]
		for c := range b.columns {
			b.columns[c][i] = row[c]
		}
	}
	return n
}

// Store is the inverse of Load.
func (b *Block) Store(rows []float64) {
	for i := range len(rows) / particleWidth {
		row := rows[i*particleWidth:][:particleWidth]
		for c := range b.columns {
			row[c] = b.columns[c][i]
		}
	}
}

// advanceRows is Advance of a form without assembly for so many bodies.
func advanceRows(b *Block, n int, bodies []float64, count int, h float64) {
	var row [particleWidth]float64
	for i := range n {
		for c := range row {
			row[c] = b.columns[c][i]
		}
		Row(row[:], bodies, count, h)
		for c := range row {
			b.columns[c][i] = row[c]
		}
	}
}

// maxGroup is the largest number of particles that a form advances at a time.
const maxGroup = 16

// Form is one way to advance a block.
type Form struct {
	Name  string
	Ready func() bool // reports whether this machine can run it

	// Advance advances the first n ≥ 1 particles of the block as Row does, and the padding somehow; the bodies are given
	// for as many times as times.
	Advance func(b *Block, n int, bodies []float64, count, times int, h float64)
}
