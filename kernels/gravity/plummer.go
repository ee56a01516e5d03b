package gravity

import (
	"math"
	"math/rand/v2"
	"offload/device"
	"offload/kernels/internal/base"
)

// Plummer returns n bodies of a Plummer sphere (Plummer, MNRAS 71, 460, 1911) of total gm
// 1 and scale radius 1, as rows (x, y, z, gm), cut off at about 22 scale radii. The
// bodies depend on n and seed only, on every platform. Plummer panics if n is negative or
// too large for a slice.
func Plummer[T device.Float](n int, seed uint64) []T {
	r := rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))
	bodies := make([]T, base.Elements(n, BodyWidth))
	for i := range n {
		radius := plummerRadius(r)
		x, y, z, length := pointInBall(r)
		scale := radius / length
		b := bodies[i*BodyWidth:][:BodyWidth]
		b[0], b[1], b[2], b[3] = T(x*scale), T(y*scale), T(z*scale), T(1/float64(n))
	}
	return bodies
}

// plummerRadius draws r = c/√(1 − c²), where c³ is the enclosed mass; the largest of
// three uniform numbers has the distribution of c.
func plummerRadius(r *rand.Rand) float64 {
	for {
		c := max(base.Uniform(r), base.Uniform(r), base.Uniform(r))
		if c < 0.999 {
			return c / math.Sqrt(1-float64(c*c))
		}
	}
}

// pointInBall draws a point of the unit ball, not too near its centre, and its
// distance from there.
func pointInBall(r *rand.Rand) (x, y, z, length float64) {
	for {
		x, y, z = 2*base.Uniform(r)-1, 2*base.Uniform(r)-1, 2*base.Uniform(r)-1
		square := float64(x*x) + float64(y*y) + float64(z*z)
		if square <= 1 && square >= 1e-4 {
			return x, y, z, math.Sqrt(square)
		}
	}
}
