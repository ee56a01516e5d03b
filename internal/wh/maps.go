package wh

import "math"

// Maps for bodies without mass are a table of rows of four numbers. Each map has these for n planets:
//
//	h, own, twist, kick    length of the drift; that of the kick times the star's GM; 6·GM/c² or 0; 0 for a drift alone
//	sx, sy, sz, 0          change of the velocity by the acceleration of the star itself
//	x, y, z, pull          n times: place of a planet relative to the star, and its GM times the length of the kick
//
// A map is a kick, and then a drift; one of length 0 is none.

// MapWidth is the number of elements of a row of a map.
const MapWidth = 4

// MapRows returns the number of rows of a map for n planets.
func MapRows(n int) int { return n + 2 }

// Follow moves a body without mass, of position x and velocity v relative to a star of the given gm, by maps for n
// planets.
func Follow(x, v *[3]float64, maps []float64, n int, gm float64) {
	for size := MapWidth * MapRows(n); len(maps) >= size; maps = maps[size:] {
		m := maps[:size:size]
		if m[3] != 0 {
			kick(x, v, m)
		}
		if h := m[0]; h != 0 {
			Kepler(x, v, gm, h)
		}
	}
}

// light does the kick of a map for n planets for eight bodies without mass.
func (b *Block) light(m []float64, n int) {
	m = m[:MapWidth*MapRows(n)]
	for l := range Lanes {
		x, v := b.lane(l)
		kick(&x, &v, m)
		b.setLane(l, x, v)
	}
}

// padMap fills a map of n planets up to eight, with some that add nothing: they are far away, and without mass.
func padMap(m []float64, n int) {
	for row := MapRows(n); row < MapRows(Lanes); row++ {
		// The sum of any number and -0 is that number, which it is not for 0.
		copy(m[row*MapWidth:], []float64{0x1p1000, 0x1p1000, 0x1p1000, math.Copysign(0, -1)})
	}
}

// kick does the kick of a map: the pulls of the planets, from first to last, and the relativistic pull of the star.
func kick(x, v *[3]float64, m []float64) {
	own, twist := m[1], m[2]
	to := [3]float64(m[MapWidth:])
	for p := m[2*MapWidth:]; len(p) >= MapWidth; p = p[MapWidth:] {
		dx, dy, dz := p[0]-x[0], p[1]-x[1], p[2]-x[2]
		r2 := math.FMA(dx, dx, math.FMA(dy, dy, float64(dz*dz)))
		pull := float64(p[3] * (1 / float64(r2*math.Sqrt(r2))))
		to[0] = math.FMA(pull, dx, to[0])
		to[1] = math.FMA(pull, dy, to[1])
		to[2] = math.FMA(pull, dz, to[2])
	}
	x2 := math.FMA(x[0], x[0], math.FMA(x[1], x[1], float64(x[2]*x[2])))
	w := 1 / float64(x2*math.Sqrt(x2))
	w = float64(float64(own*w) * float64(twist*float64(w*x2)))
	for k := range 3 {
		v[k] += math.FMA(-w, x[k], to[k])
	}
}
