package solar

import "math"

// escapes finds the bodies that escaped in the step of h days to p. It is the part with less mass that escapes.
func (w *search) escapes(p *Phase, h float64) {
	mass := 0.0
	for _, g := range w.gm {
		mass += g
	}
	if !(mass > 0) {
		return
	}
	x0, v0 := centre(w.gm, mass, &w.from)
	x1, v1 := centre(w.gm, mass, p)
	for i, g := range w.gm {
		if rest := mass - g; w.escaped[i] || !(rest > 0 && rest >= g) {
			continue
		}
		// The distance from the barycentre of the others is longer than that from the barycentre of all.
		scale := mass / (mass - g)
		d1, u1 := fromCentre(p, i, &x1, &v1, scale)
		if !w.free(&d1, &u1, mass) {
			continue
		}
		w.escaped[i] = true
		d0, u0 := fromCentre(&w.from, i, &x0, &v0, scale)
		f := found{kind: Escape, t: p.T, low: p.TLow, i: i, j: -1, distance: norm(d1[:]), speed: norm(u1[:])}
		switch {
		case w.free(&d0, &u0, mass): // at the start of the run
			f.t, f.low, f.distance, f.speed = w.from.T, w.from.TLow, norm(d0[:]), norm(u0[:])
		case norm(d0[:]) < w.Escape:
			path := cubic(&d0, &u0, &d1, &u1, h)
			f.interpolate(&path, &w.from, h, w.Escape)
		}
		w.found = append(w.found, f)
	}
}

// interpolate sets the date and the state to where the distance grows to r.
func (f *found) interpolate(path *path, from *Phase, h, r float64) {
	lo, hi := 0.0, 1.0
	for range 53 {
		mid := float64(0.5 * (lo + hi))
		if path.squared(mid) < float64(r*r) {
			lo = mid
		} else {
			hi = mid
		}
	}
	x, v := path.at(hi)
	f.t, f.low = from.T+float64(hi*h), 0
	f.distance, f.speed = norm(x[:]), norm(v[:])/math.Abs(h)
}

// free reports whether a body at d with velocity u, relative to the others, has escaped.
func (w *search) free(d, u *[3]float64, mass float64) bool {
	r2 := dot3(d, d)
	return r2 > float64(w.Escape*w.Escape) && dot3(u, u) > float64(2*mass)/math.Sqrt(r2)
}

// centre returns the position and velocity of the barycentre.
func centre(gm []float64, mass float64, p *Phase) (x, v [3]float64) {
	for i, g := range gm {
		for k := range 3 {
			x[k] += float64(g * p.X[3*i+k])
			v[k] += float64(g * p.V[3*i+k])
		}
	}
	for k := range 3 {
		x[k] /= mass
		v[k] /= mass
	}
	return x, v
}

// fromCentre returns scale times the position and velocity of body i relative to the barycentre.
func fromCentre(p *Phase, i int, x, v *[3]float64, scale float64) (d, u [3]float64) {
	for k := range 3 {
		d[k] = float64(scale * (p.X[3*i+k] - x[k]))
		u[k] = float64(scale * (p.V[3*i+k] - v[k]))
	}
	return d, u
}
