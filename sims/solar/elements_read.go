package solar

import (
	"fmt"
	"math"
	"slices"
)

// elementRow is an orbit in a table.
type elementRow struct {
	Orbit
	days  float64 // since the pericentre; NaN if the mean anomaly is given
	frame Frame
}

// hasElements reports whether the table is one of orbits.
func (t *table) hasElements() bool {
	return (t.hasIn("a", length) || t.hasIn("q", length)) && t.has("e")
}

// elementRows returns the function that reads the current row of a table of orbits.
func (t *table) elementRows(o ReadOptions) (func() (record, error), error) {
	t.wanted = "jd_tdb,body,a_au or q_au,e,i_deg,node_deg,peri_deg,M_deg or tp_jd"
	identity, err := t.identity(o.Units)
	if err != nil {
		return nil, err
	}
	bare, err := o.Units.bare(length)
	if err != nil {
		return nil, err
	}
	size, pericentre := "a", t.hasIn("q", length)
	if pericentre {
		size = "q"
	}
	columns := make([]column, 1, 6)
	if columns[0], err = t.wantIn(size, length, bare); err != nil {
		return nil, err
	}
	anomaly, passage := "M_deg", !t.has("M_deg") && t.has("tp_jd")
	if passage {
		anomaly = "tp_jd"
	}
	for _, name := range []string{"e", "i_deg", "node_deg", "peri_deg", anomaly} {
		c, err := t.want(name)
		if err != nil {
			return nil, err
		}
		columns = append(columns, c)
	}
	var centre *column
	for _, name := range []string{"centre", "center"} {
		if t.has(name) && centre == nil {
			c, err := t.want(name)
			if err != nil {
				return nil, err
			}
			centre = &c
		}
	}
	frame := o.Frame
	if frame == "" {
		frame = Ecliptic
	}
	return func() (record, error) {
		r, err := t.who(&identity)
		if err != nil {
			return r, err
		}
		row := &elementRow{frame: frame, days: math.NaN()}
		var last float64
		for i, to := range []*float64{&row.Q, &row.E, &row.I, &row.Node, &row.Peri, &last} {
			if *to, err = t.number(columns[i]); err != nil {
				return r, err
			}
		}
		if !pericentre {
			row.A, row.Q = row.Q, float64(row.Q*(1-row.E))
		}
		switch {
		case row.E < 0:
			return r, t.fault("e", fmt.Sprintf("%g is negative", row.E))
		case row.E == 1 && !(pericentre && passage):
			return r, t.fault("e", "a parabola requires q_au and tp_jd")
		case !(row.Q > 0) || math.IsInf(row.Q, 1):
			return r, t.fault(columns[0].name, "the distance of the pericentre is not a positive number; the semi-major axis of a hyperbola is negative")
		}
		if row.M = last; passage {
			row.days = r.jd - last
		}
		r.orbit, r.centre = row, target{name: SunName}
		if centre != nil && t.text(*centre) != "" {
			r.centre.name, r.centre.id = targetOf(t.text(*centre))
		}
		return r, t.bulk(&identity, &r)
	}, nil
}

// place gives the records of orbits their positions and velocities, those of their centres included. A centre that is
// not among the bodies is put before them, at the origin and at rest; there can be one of those, if all bodies have
// orbits.
func place(all []record, known *masses) ([]record, error) {
	if !slices.ContainsFunc(all, func(r record) bool { return r.orbit != nil }) {
		return all, nil
	}
	centres := make([]int, len(all))
	missing := -1
	for i := range all {
		if centres[i] = -1; all[i].orbit == nil {
			continue
		}
		centres[i] = slices.IndexFunc(all, all[i].centre.is)
		if centres[i] < 0 && missing < 0 {
			missing = i
		}
		if centres[i] >= 0 {
			continue
		}
		stated := slices.ContainsFunc(all, func(r record) bool { return r.orbit == nil })
		if stated || all[i].centre != all[missing].centre {
			return nil, faultAt(all[i].line, "centre", fmt.Sprintf("%s, to which the orbit of %s refers, is not among the bodies", all[i].centre, all[i].Name))
		}
	}
	if missing >= 0 {
		r, err := atOrigin(all[missing].centre, &all[missing], known)
		if err != nil {
			return nil, err
		}
		all = append([]record{r}, all...)
		centres = append([]int{-1}, centres...)
		for i := range centres[1:] {
			centres[i+1]++
		}
	}
	done := make([]bool, len(all))
	for i := range all {
		if err := follow(all, centres, done, i); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// follow places the centres of a body, the outermost first, and then the body.
func follow(all []record, centres []int, done []bool, i int) error {
	chain := []int{}
	for ; !done[i] && all[i].orbit != nil; i = centres[i] {
		if slices.Contains(chain, i) {
			return faultAt(all[i].line, "centre", fmt.Sprintf("the orbit of %s refers to its own", all[i].Name))
		}
		chain = append(chain, i)
	}
	for _, j := range slices.Backward(chain) {
		r, centre := &all[j], &all[centres[j]]
		x, v := r.orbit.state(centre.GM+r.GM, r.orbit.days)
		if r.orbit.frame == Ecliptic {
			x, v = toEquator(x), toEquator(v)
		}
		for k := range 3 {
			r.X[k], r.V[k] = centre.X[k]+x[k], centre.V[k]+v[k]
		}
		done[j] = true
	}
	return nil
}

// atOrigin returns a body that is a centre, for which a record asks.
func atOrigin(t target, asks *record, known *masses) (record, error) {
	gm, ok := known.find(t.name, t.id)
	if !ok {
		return record{}, faultAt(asks.line, "centre", fmt.Sprintf("no GM is known for %s; add its state, or refer to another centre", t))
	}
	return record{Body: Body{Name: t.name, GM: gm}, id: t.id, gm: true, jd: asks.jd, line: asks.line}, nil
}
