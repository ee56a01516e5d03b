package solar

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Orbit is the osculating orbit of a body about another, its primary. Angles are in degrees and referred to the ecliptic
// of J2000.
type Orbit struct {
	Name, Primary string
	A, Q, E       float64 // semi-major axis (au; negative for a hyperbola), distance of the pericentre (au), eccentricity
	I, Node, Peri float64 // inclination, longitude of the ascending node, argument of the pericentre
	M             float64 // mean anomaly; NaN for a parabola
	Period        float64 // days; +Inf if the body does not come back
}

// Orbits returns the orbits of the bodies of a snapshot whose states are referred to ICRF, in its order, each about its
// primary: of the more massive bodies whose Hill spheres hold it, the one with the smallest. The most massive body has
// no orbit, and its Hill sphere holds all. The orbit in the plane of the ecliptic has its node in the direction of the
// equinox, and that of a circle its pericentre where the body is. Without masses there are no orbits.
//
// The elements are those of two bodies with the sum of their GM, as in Murray & Dermott, Solar System Dynamics (1999),
// section 2.8.
func Orbits(s Snapshot) []Orbit {
	primaries := primariesOf(s.Bodies)
	var all []Orbit
	for i := range s.Bodies {
		if p := primaries[i]; p >= 0 {
			b, centre := &s.Bodies[i], &s.Bodies[p]
			o := orbitOf(toEcliptic(minus(b.X, centre.X)), toEcliptic(minus(b.V, centre.V)), centre.GM+b.GM)
			o.Name, o.Primary = b.Name, centre.Name
			all = append(all, o)
		}
	}
	return all
}

func minus(a, b [3]float64) [3]float64 { return [3]float64{a[0] - b[0], a[1] - b[1], a[2] - b[2]} }

func dot(a, b [3]float64) float64 {
	return float64(a[0]*b[0]) + float64(a[1]*b[1]) + float64(a[2]*b[2])
}

func cross(a, b [3]float64) [3]float64 {
	return [3]float64{
		float64(a[1]*b[2]) - float64(a[2]*b[1]),
		float64(a[2]*b[0]) - float64(a[0]*b[2]),
		float64(a[0]*b[1]) - float64(a[1]*b[0]),
	}
}

// primariesOf returns the index of each body's primary, or -1.
func primariesOf(bodies []State) []int {
	primaries, hill := make([]int, len(bodies)), make([]float64, len(bodies))
	order := make([]int, len(bodies))
	for i := range order {
		order[i], primaries[i] = i, -1
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case bodies[a].GM > bodies[b].GM:
			return -1
		case bodies[a].GM < bodies[b].GM:
			return 1
		}
		return 0
	})
	var heavier []int // bodies with mass that come before
	for _, i := range order {
		b := &bodies[i]
		var r float64
		for _, h := range heavier {
			d := minus(b.X, bodies[h].X)
			if away := norm(d[:]); away < hill[h] && (primaries[i] < 0 || hill[h] < hill[primaries[i]]) {
				primaries[i], r = h, away
			}
		}
		if b.GM > 0 {
			hill[i] = math.Inf(1)
			if p := primaries[i]; p >= 0 {
				hill[i] = float64(r * cubeRoot(b.GM/float64(3*bodies[p].GM)))
			}
			heavier = append(heavier, i)
		}
	}
	return primaries
}

// orbitOf returns the orbit of a state relative to the primary, for mu > 0.
func orbitOf(x, v [3]float64, mu float64) (o Orbit) {
	h := cross(x, v)
	r, spin, flat := norm(x[:]), norm(h[:]), math.Sqrt(float64(h[0]*h[0])+float64(h[1]*h[1]))
	parameter := float64(spin*spin) / mu
	// The eccentricity's components along the body's direction, and ahead of it.
	along, ahead := parameter/r-1, float64(spin/mu)*float64(dot(x, v)/r)
	o.E = math.Sqrt(float64(along*along) + float64(ahead*ahead))
	o.Q = parameter / (1 + o.E)
	o.A = 1 / (2/r - dot(v, v)/mu)
	o.I = degreesOf(atan2(flat, h[2]))
	node := [3]float64{1}
	if flat > 0 {
		node = [3]float64{-h[1] / flat, h[0] / flat, 0}
	}
	o.Node = degreesOf(atan2(node[1], node[0]))
	latitude := atan2(x[1], x[0]) // from the node, of a fall in a line
	if spin > 0 {
		latitude = atan2(dot(cross(h, node), x)/spin, dot(node, x))
	}
	o.Peri = degreesOf(latitude - atan2(ahead, along))
	o.M, o.Period = math.NaN(), math.Inf(1)
	switch {
	case o.E < 1 && o.A > 0:
		// Times e. On an orbit near a circle, anomaly and pericentre must have the same errors.
		cosE, sinE := 1-r/o.A, dot(x, v)/math.Sqrt(float64(mu*o.A))
		if o.E < 0.5 {
			b := math.Sqrt(float64((1 - o.E) * (1 + o.E)))
			cosE, sinE = (along+float64(o.E*o.E))/(1+along), float64(b*ahead)/(1+along)
		}
		o.M = degreesOf(atan2(sinE, cosE) - sinE)
		o.Period = float64(float64(4*halfPi)*o.A) * math.Sqrt(o.A/mu)
	case o.E > 1 && o.A < 0:
		sinh := dot(x, v) / math.Sqrt(float64(-mu*o.A)) // times e
		o.M = float64((sinh - inverseSinh(sinh/o.E)) * perRadian)
	}
	return o
}

// state returns the position and velocity on the orbit, referred to the ecliptic, for the GM of both bodies. days is the
// time since the pericentre; if it is NaN, the mean anomaly counts.
func (o *Orbit) state(mu, days float64) (x, v [3]float64) {
	var along, across, alongV, acrossV float64 // in the plane of the orbit, from the pericentre
	switch {
	case o.E < 1:
		a := o.Q / (1 - o.E)
		n := math.Sqrt(mu/a) / a
		m := math.Remainder(o.M, 360)
		m = float64(m * degree)
		if days == days {
			m = float64(n * math.Remainder(days, float64(4*halfPi)/n))
		}
		m = min(max(m, -2*halfPi), 2*halfPi)
		E := eccentricAnomaly(m, o.E)
		s, c := sincos(E)
		half, _ := sincos(E / 2)
		versine := 2 * float64(half*half) // 1 - cos E
		b := float64(a * math.Sqrt(float64((1-o.E)*(1+o.E))))
		fall := (1 - o.E) + float64(o.E*versine) // r/a
		fromFocus := c - o.E
		if c > 0.5 {
			fromFocus = (1 - o.E) - versine
		}
		along, across = float64(a*fromFocus), float64(b*s)
		alongV, acrossV = -float64(float64(a*n)*s)/fall, float64(float64(b*n)*c)/fall
	case o.E > 1:
		a := o.Q / (o.E - 1)
		n := math.Sqrt(mu/a) / a
		m := float64(o.M * degree)
		if days == days {
			m = float64(n * days)
		}
		H := hyperbolicAnomaly(m, o.E)
		s, _, c := hyperbolic(math.Abs(H))
		s = math.Copysign(s, H)
		b := float64(a * math.Sqrt(float64((o.E-1)*(o.E+1))))
		fall := float64(o.E*c) - 1
		along, across = float64(a*(o.E-c)), float64(b*s)
		alongV, acrossV = -float64(float64(a*n)*s)/fall, float64(float64(b*n)*c)/fall
	default:
		// Barker's equation, D + D³/3 = W, for the tangent of half the true anomaly.
		w := float64(math.Sqrt(mu/(2*o.Q)) / o.Q * days)
		d := barker(w)
		speed := math.Sqrt(2*mu/o.Q) / (1 + float64(d*d))
		along, across = float64(o.Q*(1-float64(d*d))), float64(2*o.Q)*d
		alongV, acrossV = -float64(speed*d), speed
	}
	p, q := o.axes()
	for k := range 3 {
		x[k] = float64(along*p[k]) + float64(across*q[k])
		v[k] = float64(alongV*p[k]) + float64(acrossV*q[k])
	}
	return x, v
}

// barker solves d + d³/3 = w.
func barker(w float64) float64 {
	target := math.Abs(w)
	d := min(target, upperCubeRoot(float64(3*target)+math.SmallestNonzeroFloat64))
	for range 200 { // the left side is convex, and d above the solution
		square := float64(d * d)
		next := d - ((d-target)+float64(square*d)/3)/(1+square)
		if !(next < d) {
			break
		}
		d = next
	}
	return math.Copysign(d, w)
}

// axes returns the directions of the pericentre, and of the motion there.
func (o *Orbit) axes() (p, q [3]float64) {
	si, ci := sincosDegrees(o.I)
	sn, cn := sincosDegrees(o.Node)
	sp, cp := sincosDegrees(o.Peri)
	p = [3]float64{float64(cn*cp) - float64(float64(sn*sp)*ci), float64(sn*cp) + float64(float64(cn*sp)*ci), float64(sp * si)}
	q = [3]float64{-float64(cn*sp) - float64(float64(sn*cp)*ci), float64(float64(cn*cp)*ci) - float64(sn*sp), float64(cp * si)}
	return p, q
}

// elementColumns are the columns of WriteElements.
const elementColumns = "jd_tdb,body,centre,a_au,q_au,e,i_deg,node_deg,peri_deg,M_deg,period_d,gm_au3_d2"

// WriteElements writes the orbits of the bodies of snapshots as a CSV table that ReadSystem reads. The most massive body
// is left out; if it is the Sun, ReadSystem adds it with DE405's GM.
func WriteElements(w io.Writer, snaps ...Snapshot) error {
	out := csv.NewWriter(w)
	err := out.Write(strings.Split(elementColumns, ","))
	for _, snap := range snaps {
		gm := make(map[string]float64, len(snap.Bodies))
		for _, b := range snap.Bodies {
			gm[b.Name] = b.GM
		}
		for _, o := range Orbits(snap) {
			row := []string{formatJD(snap.JD), o.Name, o.Primary}
			for _, x := range []float64{o.A, o.Q, o.E, o.I, o.Node, o.Peri, o.M, o.Period, gm[o.Name]} {
				row = append(row, strings.TrimPrefix(strconv.FormatFloat(x, 'g', 17, 64), "NaN"))
			}
			if err == nil {
				err = out.Write(row)
			}
		}
	}
	if out.Flush(); err == nil {
		err = out.Error()
	}
	if err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	return nil
}
