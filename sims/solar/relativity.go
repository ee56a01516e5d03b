package solar

import (
	"math"
	"slices"
)

// einstein is the first post-Newtonian term of every pair of bodies.
type einstein struct {
	gm        []float64
	major     int // bodies before this one act on each other, and the others with the Sun alone
	sun       int
	newton    []float64 // accelerations that Add is given
	potential []float64 // Σ gm/r at each body
}

// EinsteinInfeldHoffmann returns the first post-Newtonian correction to the field of point masses gm (au³/day²), in
// harmonic coordinates with the origin at the barycentre and β = γ = 1 (Standish & Williams 2012, Explanatory Supplement
// to the Astronomical Almanac, eq. 8.1; Moyer 2000, Deep Space Communications Series 2, eq. 4-26). It depends on
// velocities relative to the barycentre. Accelerations within it are those that Add is given.
//
// It is not safe for concurrent use.
func EinsteinInfeldHoffmann(gm []float64) Correction { return newEinstein(gm, len(gm), 0) }

func newEinstein(gm []float64, major, sun int) *einstein {
	n := len(gm)
	return &einstein{gm: slices.Clone(gm), major: major, sun: sun, newton: make([]float64, 3*n), potential: make([]float64, n)}
}

func (e *einstein) Add(x, v, a []float64) {
	copy(e.newton, a)
	clear(e.potential)
	for i := range e.gm {
		for j, end := e.partners(i); j < end; j++ {
			d := separation(x, i, j)
			inverse := 1 / math.Sqrt(dot3(&d, &d))
			e.potential[i] += float64(e.gm[j] * inverse)
			e.potential[j] += float64(e.gm[i] * inverse)
		}
	}
	for i := range e.gm {
		for j, end := e.partners(i); j < end; j++ {
			e.pair(i, j, x, v, a)
		}
	}
}

// partners returns the range of earlier bodies with which body i acts.
func (e *einstein) partners(i int) (start, end int) {
	if i < e.major {
		return 0, i
	}
	return e.sun, e.sun + 1
}

// pair adds what bodies i and j do to each other.
func (e *einstein) pair(i, j int, x, v, a []float64) {
	const perC2 = 1 / (LightSpeed * LightSpeed)
	gi, gj := e.gm[i], e.gm[j]
	if gi == 0 && gj == 0 {
		return
	}
	d := separation(x, i, j) // from i to j
	vi, vj := [3]float64(v[3*i:]), [3]float64(v[3*j:])
	ni, nj := [3]float64(e.newton[3*i:]), [3]float64(e.newton[3*j:])
	w := [3]float64{vi[0] - vj[0], vi[1] - vj[1], vi[2] - vj[2]}
	r2 := dot3(&d, &d)
	inverse := 1 / math.Sqrt(r2)
	cube := float64(float64(inverse*inverse) * inverse)
	vi2, vj2, vij := dot3(&vi, &vi), dot3(&vj, &vj), dot3(&vi, &vj)
	di, dj := dot3(&d, &vi), dot3(&d, &vj)
	dj2, di2 := float64(dj*dj)/r2, float64(di*di)/r2

	onI := float64(gj * float64(perC2*cube))
	onJ := float64(gi * float64(perC2*cube))
	// Along the separation.
	towardJ := vi2 + float64(2*vj2) - float64(4*vij) - float64(1.5*dj2) + float64(0.5*dot3(&d, &nj)) -
		float64(4*e.potential[i]) - e.potential[j]
	towardI := vj2 + float64(2*vi2) - float64(4*vij) - float64(1.5*di2) - float64(0.5*dot3(&d, &ni)) -
		float64(4*e.potential[j]) - e.potential[i]
	// Along the relative velocity: (xi-xj)·(4vi-3vj), and the same for j.
	alongI := float64(3*dj) - float64(4*di)
	alongJ := float64(3*di) - float64(4*dj)
	pull := float64(3.5 * r2)
	for k := range 3 {
		a[3*i+k] += float64(onI * (float64(towardJ*d[k]) + float64(alongI*w[k]) + float64(pull*nj[k])))
		a[3*j+k] -= float64(onJ * (float64(towardI*d[k]) + float64(alongJ*w[k]) - float64(pull*ni[k])))
	}
}

// separation returns the vector from body i to body j.
func separation(x []float64, i, j int) [3]float64 {
	return [3]float64{x[3*j] - x[3*i], x[3*j+1] - x[3*i+1], x[3*j+2] - x[3*i+2]}
}
