package solar

import "math"

// Checkpoint returns the counts, the span, and the coordinates half a step ahead.
func (w *wisdomHolman) Checkpoint() []float64 {
	values := append(w.stats.values(), w.span.values()...)
	if w.kept != nil {
		return append(values, w.kept...)
	}
	if w.sys == nil || w.span.k >= w.span.n {
		return values
	}
	direct := 0.0
	if w.direct {
		direct = 1
	}
	values = append(values, direct)
	for k := range 3 {
		values = append(values, w.sys.place[k].hi, w.sys.place[k].lo, w.sys.speed[k].hi, w.sys.speed[k].lo)
	}
	for n, i := range w.sys.order {
		x, v := w.planets.Get(n)
		size := 0.0
		if n < w.sys.massive {
			size = w.sys.size[n]
		}
		values = append(append(append(values, float64(i), size), x[:]...), v[:]...)
	}
	return values
}

// Lengths of what a checkpoint holds beside counts and span: for the system, and for each body but the star.
const (
	whSystem = 13
	whBody   = 8
)

// Restore implements Integrator. The masses are known only in Advance, which uses what is kept here.
func (w *wisdomHolman) Restore(values []float64, p *Phase) error {
	const head = statsLen + spanLen
	if len(values) < head || p == nil || !p.whole() || !finite(values) {
		return errCheckpoint(w.Name())
	}
	stats, counted := statsOf(values)
	span, divided := spanOf(values[statsLen:head])
	rest := values[head:]
	if !counted || !divided || len(rest) > 0 && !whFits(rest, len(p.X)/3) {
		return errCheckpoint(w.Name())
	}
	w.stats, w.span, w.kept, w.sys, w.led = stats, span, nil, nil, false
	if len(rest) > 0 {
		w.kept = append([]float64(nil), rest...)
	}
	w.out.resize(len(p.X))
	w.out.copyFrom(p)
	return nil
}

// whFits reports whether v is the part of a checkpoint about n bodies: each at most once in the order.
func whFits(v []float64, n int) bool {
	bodies := (len(v) - whSystem) / whBody
	if len(v) < whSystem || len(v) != whSystem+whBody*bodies || bodies != n && bodies != n-1 || v[0] != 0 && v[0] != 1 {
		return false
	}
	seen := make([]bool, n)
	for b := range bodies {
		i := v[whSystem+whBody*b]
		if !(i >= 0 && i < float64(n)) || i != math.Trunc(i) || seen[int(i)] {
			return false
		}
		seen[int(i)] = true
	}
	return true
}

// restore sets the order of the bodies, and the barycentre, to those of a checkpoint. It reports false if they do not fit
// the masses.
func (j *jacobi) restore(kept []float64) bool {
	bodies := kept[whSystem:]
	if len(bodies) != whBody*len(j.order) {
		return false
	}
	for n := range j.order {
		i := int(bodies[whBody*n])
		if i == j.star || (j.masses[i] > 0) != (n < j.massive) {
			return false
		}
		j.order[n] = i
		if n < j.massive {
			if j.size[n] = bodies[whBody*n+1]; !(j.size[n] > 0) {
				return false
			}
		}
	}
	j.arrange()
	for k := range 3 {
		v := kept[1+4*k:]
		j.place[k], j.speed[k] = dd{v[0], v[1]}, dd{v[2], v[3]}
	}
	return true
}

// recall sets the planets to what is kept of a checkpoint with the state p.
func (w *wisdomHolman) recall(p *Phase) {
	if w.kept[0] == 1 {
		w.meeting, w.direct = newEncounter(w.sys, p, w.twist), true
		return
	}
	for n := range w.sys.order {
		v := w.kept[whSystem+whBody*n+2:]
		w.planets.Set(n, [3]float64(v), [3]float64(v[3:]))
	}
	w.planets.Fill()
	w.ready()
}
