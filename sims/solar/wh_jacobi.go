package solar

import (
	"cmp"
	"fmt"
	"slices"

	"offload/internal/wh"
)

// jacobi is a system in Jacobi coordinates. The star is the body with the most mass, or none if no body has mass; planets
// follow by their semi-major axis at the start, and then bodies without mass, whose coordinates are relative to the star.
type jacobi struct {
	star    int       // number of the star among the bodies, or -1
	order   []int     // numbers of the bodies beside the star
	gm      []float64 // of the star and the bodies in that order
	masses  []float64 // GM of all bodies by their numbers
	total   float64   // sum of gm
	massive int       // number of planets
	size    []float64 // semi-major axis of each planet, or distance if its orbit is not an ellipse

	place, speed dd3 // of the barycentre at the start
}

func newJacobi(gm []float64, p *Phase) *jacobi {
	j := &jacobi{star: -1, masses: gm}
	for i, g := range gm {
		if g > 0 && (j.star < 0 || g > gm[j.star]) {
			j.star = i
		}
	}
	size := make([]float64, len(gm))
	for i := range gm {
		if i == j.star {
			continue
		}
		j.order = append(j.order, i)
		if gm[i] > 0 {
			j.massive++
			size[i] = axis(p, i, j.star, gm[i]+gm[j.star])
		}
	}
	slices.SortStableFunc(j.order, func(a, b int) int {
		if (gm[a] > 0) != (gm[b] > 0) {
			return cmp.Compare(gm[b], gm[a])
		}
		return cmp.Compare(size[a], size[b])
	})
	j.arrange()
	for _, i := range j.order[:j.massive] {
		j.size = append(j.size, size[i])
	}
	var mass dd
	for i, g := range gm {
		mass = mass.add(dd{hi: g})
		j.place = j.place.add(ddRow(p.X, p.XLow, i).scale(g))
		j.speed = j.speed.add(ddRow(p.V, p.VLow, i).scale(g))
	}
	if mass.hi > 0 {
		j.place, j.speed = j.place.div(mass), j.speed.div(mass)
	}
	return j
}

// arrange sets gm in the order of the bodies, and the total.
func (j *jacobi) arrange() {
	j.gm = append(j.gm[:0], 0)
	if j.star >= 0 {
		j.gm[0] = j.masses[j.star]
	}
	j.total = j.gm[0]
	for _, i := range j.order {
		j.gm = append(j.gm, j.masses[i])
		j.total += j.masses[i]
	}
}

// axis returns the semi-major axis of body i's orbit around the star, or its distance if the orbit
// is not an ellipse.
func axis(p *Phase, i, star int, gm float64) float64 {
	x, v := difference(p.X, p.XLow, i, star), difference(p.V, p.VLow, i, star)
	r, speed := norm(x[:]), norm(v[:])
	if beta := float64(2*gm)/r - float64(speed*speed); beta > 0 {
		return gm / beta
	}
	return r
}

// difference returns the difference of two bodies' values hi+low.
func difference(hi, low []float64, i, j int) (d [3]float64) {
	for k := range d {
		d[k] = (hi[3*i+k] - hi[3*j+k]) + (low[3*i+k] - low[3*j+k])
	}
	return d
}

// relative returns the difference of two bodies' values hi+low, rounded once: it undoes offset, so that bodies without mass
// have the bits of particles, which stay relative to the star.
func relative(hi, low []float64, i, j int) [3]float64 {
	return ddRow(hi, low, i).sub(ddRow(hi, low, j)).round()
}

// twist returns 6·GM/c² if the correction is the star's first post-Newtonian term, and 0 if there is none.
//
// In the method, the term is the potential -3(GM)²/(c²r²), which gives the same advance of the perihelion and depends on
// positions alone (Nobili & Roxburgh 1986, IAU Symp. 114, 105; Saha & Tremaine 1994, AJ 108, 1962).
func (j *jacobi) twist(c Correction) (float64, error) {
	if c == nil {
		return 0, nil
	}
	if s, ok := c.(*schwarzschild); ok && s.sun == j.star {
		return float64(6*j.gm[0]) / float64(LightSpeed*LightSpeed), nil
	}
	return 0, fmt.Errorf("%w: wh knows no correction but Schwarzschild's for the body with the most mass", ErrInput)
}

// boundPair is the error for two bodies, of which one has mass, that orbit each other within their Hill sphere.
type boundPair struct{ i, j int }

func (b *boundPair) Error() string {
	return fmt.Sprintf("%v: bodies %d and %d orbit each other, which wh does not follow", ErrInput, b.i, b.j)
}

// Unwrap returns ErrInput.
func (b *boundPair) Unwrap() error { return ErrInput }

// bound returns two bodies that orbit each other in the Hill sphere of the heavier one, or -1 twice.
func (j *jacobi) bound(p *Phase) (int, int) {
	for n, a := range j.order[:j.massive] {
		far := difference(p.X, p.XLow, a, j.star)
		r := norm(far[:])
		r3 := float64(r * float64(r*r))
		for m, b := range j.order {
			if m == n || m < j.massive && (j.gm[m+1] > j.gm[n+1] || j.gm[m+1] == j.gm[n+1] && m < n) {
				continue // the other one is the heavier
			}
			x, v := difference(p.X, p.XLow, b, a), difference(p.V, p.VLow, b, a)
			d, speed, gm := norm(x[:]), norm(v[:]), j.gm[n+1]+j.gm[m+1]
			if float64(d*float64(d*d)) < float64(r3*gm)/float64(3*j.gm[0]) && float64(float64(speed*speed)*d) < float64(2*gm) {
				return min(a, b), max(a, b)
			}
		}
	}
	return -1, -1
}

func (j *jacobi) planets(form *wh.Form) *wh.Planets {
	return wh.New(j.gm[0], j.gm[1:j.massive+1], len(j.order)-j.massive, form)
}

// enter sets the planets, and the bodies without mass, to the state p.
func (j *jacobi) enter(p *Phase, planets *wh.Planets) {
	j.enterPlanets(p, false, planets)
	for n := j.massive; n < len(j.order); n++ {
		i := j.order[n]
		if j.star >= 0 {
			planets.Set(n, relative(p.X, p.XLow, i, j.star), relative(p.V, p.VLow, i, j.star))
		} else {
			planets.Set(n, [3]float64(p.X[3*i:]), [3]float64(p.V[3*i:]))
		}
	}
	planets.Fill()
}

// enterPlanets sets the planets alone. The state p is that of all bodies, or as from gather.
func (j *jacobi) enterPlanets(p *Phase, gathered bool, planets *wh.Planets) {
	sum := j.gm[0]
	var sx, sv [3]float64 // Σ gm·(x - x_star) of the planets so far
	for n := range j.massive {
		i, star := j.order[n], j.star
		if gathered {
			i, star = n+1, 0
		}
		x, v := difference(p.X, p.XLow, i, star), difference(p.V, p.VLow, i, star)
		g := j.gm[n+1]
		var jx, jv [3]float64
		for k := range 3 {
			jx[k], jv[k] = x[k]-sx[k]/sum, v[k]-sv[k]/sum
			sx[k] += float64(g * x[k])
			sv[k] += float64(g * v[k])
		}
		sum += g
		planets.Set(n, jx, jv)
	}
}

// leave sets p to the state of planets, which are synchronized, a time after the start.
func (j *jacobi) leave(planets *wh.Planets, since float64, p *Phase) {
	sum := j.gm[0]
	var cx, cv, mx, mv [3]float64
	for n := range j.massive { // relative to the star, until its place is known
		x, v := planets.Get(n)
		g := j.gm[n+1]
		sum += g
		share := g / sum
		for k := range 3 {
			jx, jv := x[k], v[k]
			x[k] += cx[k]
			v[k] += cv[k]
			cx[k] += float64(share * jx)
			cv[k] += float64(share * jv)
			mx[k] += float64(g * x[k])
			mv[k] += float64(g * v[k])
		}
		copy(p.X[3*j.order[n]:], x[:])
		copy(p.V[3*j.order[n]:], v[:])
	}
	var x0, v0 dd3
	for k := range 3 {
		x0[k], v0[k] = j.place[k].add(j.speed[k].scale(since)), j.speed[k]
		if j.massive > 0 {
			x0[k] = x0[k].sub(dd{hi: mx[k] / j.total})
			v0[k] = v0[k].sub(dd{hi: mv[k] / j.total})
		}
	}
	if j.star >= 0 {
		p.set(j.star, x0, v0)
	}
	for _, i := range j.order[:j.massive] {
		p.set(i, offset(x0, [3]float64(p.X[3*i:])), offset(v0, [3]float64(p.V[3*i:])))
	}
	j.leaveLight(planets, p)
}

// leaveLight sets the bodies without mass in p, in which the star is set.
func (j *jacobi) leaveLight(planets *wh.Planets, p *Phase) {
	var x0, v0 dd3
	if j.star >= 0 {
		x0, v0 = ddRow(p.X, p.XLow, j.star), ddRow(p.V, p.VLow, j.star)
	}
	for n := j.massive; n < len(j.order); n++ {
		x, v := planets.Get(n)
		p.set(j.order[n], offset(x0, x), offset(v0, v))
	}
}

// offset returns a + b.
func offset(a dd3, b [3]float64) dd3 {
	for k := range a {
		a[k] = a[k].add(dd{hi: b[k]})
	}
	return a
}

// set sets the state of body i.
func (p *Phase) set(i int, x, v dd3) {
	for k := range 3 {
		p.X[3*i+k], p.XLow[3*i+k] = x[k].hi, x[k].lo
		p.V[3*i+k], p.VLow[3*i+k] = v[k].hi, v[k].lo
	}
}
