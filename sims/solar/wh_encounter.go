package solar

import (
	"context"
	"errors"
	"fmt"
	"math"
)

// encounter is the state of all bodies while two are near each other, and radau15 moves those with mass. A step of it
// depends on the state at its start alone. Bodies without mass go on as before: half a step along a Kepler orbit around
// the star, a kick by the planets where they are then, and the other half.
type encounter struct {
	state Phase
	heavy Phase // the star and the planets
	rhs   Acceleration
	maps  []float64 // of the step, for bodies without mass
}

func newEncounter(sys *jacobi, p *Phase, twist float64) *encounter {
	e := &encounter{}
	e.state.resize(len(p.X))
	e.state.copyFrom(p)
	e.heavy.resize(3 * (sys.massive + 1))
	gm := sys.gm[:sys.massive+1]
	e.rhs.Field = Newton(gm)
	if twist != 0 {
		e.rhs.Correction = &centralTerm{gm: gm, twist: twist}
	}
	return e
}

// centralTerm is the pull of the potential -3(GM)²/(c²r²) of body 0.
type centralTerm struct {
	gm    []float64
	twist float64 // 6·GM/c²
}

func (c *centralTerm) Add(x, _, a []float64) {
	for i := 1; i < len(c.gm); i++ {
		var d [3]float64
		for k := range d {
			d[k] = x[3*i+k] - x[k]
		}
		r2 := float64(d[0]*d[0]) + float64(d[1]*d[1]) + float64(d[2]*d[2])
		s := float64(c.twist / float64(r2*r2))
		for k := range d {
			a[3*i+k] -= float64(float64(s*c.gm[0]) * d[k])
			a[k] += float64(float64(s*c.gm[i]) * d[k])
		}
	}
}

// meet begins an encounter at the end of the last step.
func (w *wisdomHolman) meet() {
	if w.span.k > 0 {
		w.state(&w.out)
	}
	w.settle()
	w.meeting, w.direct = newEncounter(w.sys, &w.out, w.twist), true
	if w.span.k == 0 { // bodies without mass were half a step ahead and come back with the rounding of particles
		w.sys.leaveLight(w.synchronized(), &w.meeting.state)
	}
}

// encounter does a step in which two bodies are near each other.
func (w *wisdomHolman) encounter(ctx context.Context) error {
	e, sys, h := w.meeting, w.sys, w.span.step()
	integ := newRadau15(0, 0)
	sys.gather(&e.state, &e.heavy)
	// In two halves even if there are no bodies without mass, so that these change no bit of the others.
	if err := integ.Advance(ctx, &e.rhs, &e.heavy, float64(0.5*h), nil); err != nil {
		return w.broken(err)
	}
	light := sys.massive < len(sys.order)
	if light || w.table != nil {
		sys.enter(&e.state, w.spare)
		w.spare.Record(&e.maps)
		e.maps = e.maps[:0]
		w.spare.SetDrift(float64(0.5 * h))
		w.spare.SetKick(h, w.twist)
		w.spare.Drift()
		sys.enterPlanets(&e.heavy, true, w.spare)
		w.spare.KickLight()
		w.spare.Drift()
		w.spare.Record(nil)
	}
	if err := integ.Advance(ctx, &e.rhs, &e.heavy, h, nil); err != nil {
		return w.broken(err)
	}
	if w.table != nil {
		*w.table = append(*w.table, e.maps...)
	}
	sys.scatter(&e.heavy, &e.state)
	if light {
		sys.leaveLight(w.spare, &e.state)
	}
	return nil
}

// broken returns the error of an encounter with the body's number and the time of the whole.
func (w *wisdomHolman) broken(err error) error {
	if d, ok := errors.AsType[*Divergence](err); ok {
		t, _ := w.span.now()
		body := w.sys.star
		if d.Body > 0 {
			body = w.sys.order[d.Body-1]
		}
		return &Divergence{Body: body, T: t, Reason: d.Reason}
	}
	return fmt.Errorf("wh: %w", err)
}

// gather sets heavy to the star and the planets of p, in their order, at time 0.
func (j *jacobi) gather(p, heavy *Phase) {
	heavy.T, heavy.TLow = 0, 0
	for n := range j.massive + 1 {
		j.move(heavy, n, p, j.body(n))
	}
}

// scatter is the inverse of gather.
func (j *jacobi) scatter(heavy, p *Phase) {
	for n := range j.massive + 1 {
		j.move(p, j.body(n), heavy, n)
	}
}

// body returns the number of the star for 0, and of planet n-1 otherwise.
func (j *jacobi) body(n int) int {
	if n == 0 {
		return j.star
	}
	return j.order[n-1]
}

func (j *jacobi) move(to *Phase, n int, from *Phase, m int) {
	copy(to.X[3*n:3*n+3], from.X[3*m:])
	copy(to.XLow[3*n:3*n+3], from.XLow[3*m:])
	copy(to.V[3*n:3*n+3], from.V[3*m:])
	copy(to.VLow[3*n:3*n+3], from.VLow[3*m:])
}

// part ends the encounter if no two bodies are near, nor will be soon, or were just now.
func (w *wisdomHolman) part() {
	e, sys := w.meeting, w.sys
	around := float64(4 * math.Abs(w.span.step()))
	for n := -1; n < sys.massive; n++ {
		for m := n + 1; m < sys.massive; m++ {
			i, limit := sys.star, w.low
			if n >= 0 {
				i, limit = sys.order[n], w.reach[n]+w.reach[m]
			}
			x := difference(e.state.X, e.state.XLow, sys.order[m], i)
			v := difference(e.state.V, e.state.VLow, sys.order[m], i)
			if nearest(x, v, around) < limit {
				return
			}
		}
	}
	sys.enter(&e.state, w.planets)
	w.ahead()
	w.meeting, w.direct = nil, false
}

// nearest returns the least distance within a time before and after for uniform motion.
func nearest(x, v [3]float64, around float64) float64 {
	v2 := float64(v[0]*v[0]) + float64(v[1]*v[1]) + float64(v[2]*v[2])
	xv := float64(x[0]*v[0]) + float64(x[1]*v[1]) + float64(x[2]*v[2])
	t := 0.0
	if v2 > 0 {
		t = min(max(-xv/v2, -around), around)
	}
	for k := range x {
		x[k] += float64(t * v[k])
	}
	return norm(x[:])
}
