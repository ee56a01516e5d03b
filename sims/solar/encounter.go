package solar

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
)

// search finds the events of a run, one step after the other. It allocates memory only while more pairs meet in a step
// than ever before.
type search struct {
	EventOptions
	gm, radii []float64 // those of the Simulation
	epoch     *Phase    // that of the Simulation, until prepare has seen it
	hill      []float64 // Hill radii, if CloseHill is set
	ids       []int     // places of the bodies at the epoch
	bodies    int       // at the epoch
	skip      []uint64  // bits of pairs at the epoch without approaches, or nil
	escaped   []bool
	touching  [][2]int // pairs whose contact is known

	from    Phase     // start of the step
	reach   []float64 // for each body, what it can contribute to a distance at which a pair matters
	near    []candidate
	found   []found
	contact struct {
		found
		met   bool
		state Phase
	}
	refinement
}

// found is an event of bodies i < j, or of body i if j is negative, at t+low days since the epoch.
type found struct {
	kind                    EventKind
	t, low                  float64
	i, j                    int
	distance, speed, energy float64
}

// candidate is a pair i < j that may have met in a step.
type candidate struct {
	i, j     int
	approach float64 // largest distance of an approach; 0 for none
	contact  float64 // sum of the radii; 0 if there is no contact to look for
	before   bool    // the bodies approach each other at the start of the step
	after    bool    // and at its end
	turned   int     // number of its last approach in found, or -1
}

// reachSlack makes the reach of bodies larger than that of their cubic paths.
const reachSlack = 1.25

// prepare sets what follows from the state at the epoch.
func (w *search) prepare(sys *System) error {
	n := len(sys.Bodies)
	w.bodies, w.ids = n, make([]int, n)
	for i := range w.ids {
		w.ids[i] = i
	}
	w.escaped, w.reach, w.hill = make([]bool, n), make([]float64, n), make([]float64, n)
	w.resize(n)
	w.course, w.probe = newRadau15(0, 0), newRadau15(0, 0)
	if w.CloseHill > 0 {
		hillRadii(w.hill, w.gm, w.epoch)
	}
	if w.Close > 0 || w.CloseHill > 0 {
		return w.exclude(sys)
	}
	return nil
}

// resize makes room for the states of n bodies.
func (w *search) resize(n int) {
	for _, p := range []*Phase{&w.from, &w.contact.state, &w.at, &w.before, &w.trial} {
		p.resize(3 * n)
	}
	w.pull = make([]float64, 3*n)
}

// exclude marks the pairs without approaches.
func (w *search) exclude(sys *System) error {
	if w.Bound && len(w.Pairs) == 0 {
		return nil
	}
	n := w.bodies
	w.skip = make([]uint64, (n*n+63)/64)
	if len(w.Pairs) == 0 {
		for i := range n {
			for j := i + 1; j < n; j++ {
				if bound(w.gm, w.epoch, i, j) {
					w.skip[(i*n+j)/64] |= 1 << ((i*n + j) % 64)
				}
			}
		}
		return nil
	}
	for k := range w.skip {
		w.skip[k] = math.MaxUint64
	}
	for _, pair := range w.Pairs {
		if err := w.include(sys, pair); err != nil {
			return err
		}
	}
	return nil
}

// include admits one of Pairs.
func (w *search) include(sys *System, pair [2]string) error {
	var at [2]int
	for k, name := range pair {
		if at[k] = sys.Index(name); at[k] < 0 && name != "" {
			return fmt.Errorf("%w: no body %q for approaches", ErrInput, name)
		}
	}
	if at[0] == at[1] {
		return fmt.Errorf("%w: approaches of %q and %q are not of two bodies", ErrInput, pair[0], pair[1])
	}
	n := w.bodies
	for i := range n {
		for j := i + 1; j < n; j++ {
			if (at[0] < 0 || at[0] == i || at[0] == j) && (at[1] < 0 || at[1] == i || at[1] == j) {
				w.skip[(i*n+j)/64] &^= 1 << ((i*n + j) % 64)
			}
		}
	}
	return nil
}

// bound reports whether the energy of two bodies in their centre of mass is negative.
func bound(gm []float64, p *Phase, i, j int) bool {
	d, u := p.relative(i, j)
	return float64(dot3(&u, &u)*norm(d[:])) < float64(2*(gm[i]+gm[j]))
}

// relative returns the position and velocity of body j relative to body i.
func (p *Phase) relative(i, j int) (d, u [3]float64) {
	for k := range 3 {
		a, b := 3*i+k, 3*j+k
		d[k] = (p.X[b] - p.X[a]) + (p.XLow[b] - p.XLow[a])
		u[k] = (p.V[b] - p.V[a]) + (p.VLow[b] - p.VLow[a])
	}
	return d, u
}

func dot3(a, b *[3]float64) float64 {
	return float64(a[0]*b[0]) + float64(a[1]*b[1]) + float64(a[2]*b[2])
}

// hillRadii sets the Hill radii of bodies around the one with most mass, and 0 for that.
func hillRadii(out, gm []float64, p *Phase) {
	star := 0
	for i, g := range gm {
		if g > gm[star] {
			star = i
		}
	}
	for i, g := range gm {
		out[i] = 0
		if i == star || g == 0 {
			continue
		}
		d, u := p.relative(star, i)
		a := norm(d[:])
		if inverse := 2/a - dot3(&u, &u)/(gm[star]+g); inverse > 0 { // the vis-viva equation
			a = 1 / inverse
		}
		out[i] = float64(a * cubeRoot(g/float64(3*gm[star])))
	}
}

// overlap reports whether two bodies touch.
func overlap(p *Phase, radii []float64, i, j int) bool {
	sum := radii[i] + radii[j]
	d, _ := p.relative(i, j)
	return sum > 0 && norm(d[:]) <= sum
}

// step finds the events of the step from the state from to the state p, in the order of their dates. The next
// step begins at p. If contact.met is set, the step ends with a contact, and found has what was before.
func (w *search) step(ctx context.Context, rhs *Acceleration, p *Phase) error {
	w.near, w.found, w.contact.met = w.near[:0], w.found[:0], false
	h := (p.T - w.from.T) + (p.TLow - w.from.TLow)
	if h == 0 {
		return nil
	}
	if w.Close > 0 || w.CloseHill > 0 || w.OnCollision != "" {
		w.pairs(p, h)
	}
	if len(w.near) > 0 {
		if err := w.refine(ctx, rhs, p); err != nil {
			return fmt.Errorf("refinement of an encounter: %w", err)
		}
	}
	if w.Escape > 0 {
		w.escapes(p, h)
	}
	if w.contact.met {
		w.cut(h)
	} else {
		w.part(p, h)
		w.from.copyFrom(p)
	}
	slices.SortStableFunc(w.found, func(a, b found) int {
		order := cmp.Or(cmp.Compare(a.t, b.t), cmp.Compare(a.low, b.low))
		if h < 0 {
			return -order
		}
		return order
	})
	return nil
}

// cut drops events after the contact.
func (w *search) cut(h float64) {
	w.found = slices.DeleteFunc(w.found, func(f found) bool {
		late := float64(h*(f.t-w.contact.t)) > 0
		if late && f.kind == Escape {
			w.escaped[f.i] = false
		}
		return late
	})
}

// part forgets contacts of pairs that are apart and recede.
func (w *search) part(p *Phase, h float64) {
	w.touching = slices.DeleteFunc(w.touching, func(pair [2]int) bool {
		d, u := p.relative(pair[0], pair[1])
		return norm(d[:]) > w.radii[pair[0]]+w.radii[pair[1]] && float64(dot3(&d, &u)*h) >= 0
	})
}

// pairs sets near to the pairs that may have met in the step of h days to p.
func (w *search) pairs(p *Phase, h float64) {
	x := w.from.X
	for i := range w.gm {
		w.reach[i] = w.excursion(p, i, h)
	}
	for i, mine := range w.reach[:len(w.gm)] {
		xi, yi, zi := x[3*i], x[3*i+1], x[3*i+2]
		rest := x[3*i+3:]
		for k, yours := range w.reach[i+1 : len(w.gm)] {
			if len(rest) < 3 {
				break
			}
			dx, dy, dz := rest[0]-xi, rest[1]-yi, rest[2]-zi
			rest = rest[3:]
			limit := mine + yours
			if float64(dx*dx)+float64(dy*dy)+float64(dz*dz) <= float64(limit*limit) {
				w.consider(p, i, i+1+k, h)
			}
		}
	}
}

// excursion returns how far body i moves from where it is at the start of the step, and half of the distance at which a pair
// matters.
func (w *search) excursion(p *Phase, i int, h float64) float64 {
	var a, b, move [3]float64
	for k := range 3 {
		q := 3*i + k
		move[k] = p.X[q] - w.from.X[q]
		a[k], b[k] = move[k]-float64(h*w.from.V[q]), move[k]-float64(h*p.V[q])
	}
	bend := norm(a[:]) + norm(b[:])
	far := norm(move[:]) + bend // at least the length of h·v at both ends
	half := max(float64(0.5*w.Close), float64(w.CloseHill*w.hill[i]))
	if w.OnCollision != "" {
		half = max(half, w.radii[i])
	}
	return float64(reachSlack*far) + half
}

// limits returns the largest distance of an approach of a pair, and the sum of radii at which it collides; 0 for none.
func (w *search) limits(i, j int) (approach, contact float64) {
	bit := w.ids[i]*w.bodies + w.ids[j]
	if w.skip == nil || w.skip[bit/64]>>(bit%64)&1 == 0 {
		approach = max(w.Close, float64(w.CloseHill*max(w.hill[i], w.hill[j])))
	}
	if w.OnCollision != "" && !slices.Contains(w.touching, [2]int{i, j}) {
		contact = w.radii[i] + w.radii[j]
	}
	return approach, contact
}

// consider adds a pair to near if it may have met in the step of h days to p.
func (w *search) consider(p *Phase, i, j int, h float64) {
	approach, contact := w.limits(i, j)
	if approach == 0 && contact == 0 {
		return
	}
	path := pathOf(&w.from, p, i, j, h)
	least, turns := path.least()
	slack := path.slack()
	within := func(r float64) bool { return r > 0 && least <= float64((r+slack)*(r+slack)) }
	meets := within(contact) || turns && within(approach)
	before, after := path.rate(0) < 0, path.rate(1) < 0
	if before && !after && !meets { // a fast flyby, which both ends may see from far away
		q, gm := max(approach, contact), w.gm[i]+w.gm[j]
		meets = pericentreWithin(&w.from, i, j, gm, q) || pericentreWithin(p, i, j, gm, q)
	}
	if meets {
		w.near = append(w.near, candidate{i, j, approach, contact, before, after, -1})
	}
}

// pericentreWithin reports whether the orbit of two bodies around each other comes within q, or nearly: whether L² is at
// most q²·v², with the speed v at q that follows from the energy.
func pericentreWithin(p *Phase, i, j int, gm, q float64) bool {
	d, u := p.relative(i, j)
	r2, v2, f := dot3(&d, &d), dot3(&u, &u), dot3(&d, &u)
	spin := float64(r2*v2) - float64(f*f)
	q *= 1.1
	energy := v2 - 2*gm/math.Sqrt(r2) // twice the energy
	return spin <= float64(q*(float64(q*energy)+float64(2*gm)))
}
