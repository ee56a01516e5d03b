package main

import (
	"math"

	"gonum.org/v1/gonum/spatial/barneshut"
	"gonum.org/v1/gonum/spatial/r3"
)

// theta is the opening angle of the tree.
const theta = 0.5

func (b body) Coord3() r3.Vec { return r3.Vec{X: b.x, Y: b.y, Z: b.z} }

// Mass is the unit of mass, of which all bodies have the same: gonum 0.17 divides
// the place of a single body in a cell by its mass.
func (b body) Mass() float64 { return 1 }

// softened is the acceleration of p1 by m2 at a distance of v.
func softened(p1, p2 barneshut.Particle3, m1, m2 float64, v r3.Vec) r3.Vec {
	r2 := r3.Dot(v, v) + eps2
	return r3.Scale(m2/(r2*math.Sqrt(r2)), v)
}

// tree builds a tree and sums the accelerations of all bodies with it.
func tree(n, _ int) work {
	bodies := plummer(n)
	acc := make([]r3.Vec, n)
	return work{
		run: func() error {
			particles := make([]barneshut.Particle3, n)
			for i := range bodies {
				particles[i] = &bodies[i]
			}
			volume, err := barneshut.NewVolume(particles)
			if err != nil {
				return err
			}
			for i, p := range particles {
				acc[i] = r3.Scale(bodies[i].gm, volume.ForceOn(p, theta, softened))
			}
			return nil
		},
		items: float64(n) * float64(n),
		check: func() float64 { return relativeError(bodies, acc) },
	}
}

// relativeError is the RMS over bodies of |a − direct| / |direct|.
func relativeError(bodies []body, acc []r3.Vec) float64 {
	direct := make([][3]float64, len(bodies))
	accelerate(bodies, direct)
	sum := 0.0
	for i, d := range direct {
		want := r3.Vec{X: d[0], Y: d[1], Z: d[2]}
		sum += r3.Norm2(r3.Sub(acc[i], want)) / r3.Norm2(want)
	}
	return math.Sqrt(sum / float64(len(bodies)))
}
