package solar

import (
	"bufio"
	"fmt"
	"io"
)

// bodyColumns are the columns that a table of bodies has, in the order in which they are written.
const bodyColumns = "jd_tdb,body,x_au,y_au,z_au,vx_au_d,vy_au_d,vz_au_d,gm_au3_d2"

// stateColumns are the columns that a table of bodies must have.
const stateColumns = "jd_tdb,body,x_au,y_au,z_au,vx_au_d,vy_au_d,vz_au_d"

const radiusColumn = "radius_au"

// ReadBodies reads an initial state from a table with one row per body, as ReadSystem does without options.
func ReadBodies(r io.Reader) (*System, error) {
	return ReadSystem(ReadOptions{}, Source{Reader: r})
}

// ReadStates reads states from a table written by WriteStates, with the columns of ReadBodies. It groups rows by date,
// in the order in which dates first appear. GM is 0 where the table has no such column. Errors are as for ReadSystem.
func ReadStates(r io.Reader) ([]Snapshot, error) {
	t, err := openTable(bounded(r, MaxTableBytes), stateColumns)
	if err != nil {
		return nil, err
	}
	c, err := t.cartesian("")
	if err != nil {
		return nil, err
	}
	var snaps []Snapshot
	var names []map[string]bool
	at := map[float64]int{}
	for {
		err := t.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		b, err := t.record(c)
		if err != nil {
			return nil, err
		}
		i, ok := at[b.jd]
		if !ok {
			i, at[b.jd] = len(snaps), len(snaps)
			snaps, names = append(snaps, Snapshot{JD: b.jd}), append(names, map[string]bool{})
		}
		if err := admit(names[i], &b, len(snaps[i].Bodies)); err != nil {
			return nil, err
		}
		snaps[i].Bodies = append(snaps[i].Bodies, b.state())
	}
	if len(snaps) == 0 {
		return nil, t.fault("body", "no bodies follow the header")
	}
	return snaps, nil
}

// record is a body in a table: its state, or its orbit about another.
type record struct {
	Body
	jd     float64
	id     int         // its number at JPL, or 0
	gm     bool        // the table has its GM
	centre target      // to which the state or the orbit refers
	orbit  *elementRow // nil if the record has the state

	line int
}

// target is a body as JPL names it. The zero value is none.
type target struct {
	name string
	id   int
}

// barycentre reports whether the target is no body: none, the Solar System's barycentre, or a planet's.
func (t target) barycentre() bool {
	return t == target{} || t.id == 0 && t.name == ssb || t.id > 0 && t.id < 10
}

// ssb is JPL's name for the barycentre of the Solar System, whose number is 0.
const ssb = "Solar System Barycenter"

// is reports whether the target is the body of the record.
func (t target) is(r record) bool {
	name, id := targetOf(r.Name)
	if r.id != 0 {
		id = r.id
	}
	return t.id != 0 && t.id == id || (t.id == 0 || id == 0) && sameBody(t.name, name)
}

// inertial reports whether the target is the barycentre of the Solar System, or none is named.
func (t target) inertial() bool { return t.id == 0 && (t.name == "" || t.name == ssb) }

func (t target) String() string {
	if t.name == "" {
		return "no named centre"
	}
	if t.id == 0 {
		return t.name
	}
	return fmt.Sprintf("%s (%d)", t.name, t.id)
}

// cartesianColumns are the columns of a table of positions and velocities.
type cartesianColumns struct {
	identity identityColumns
	x, v     [3]column
}

// identityColumns are the columns that every table of bodies has.
type identityColumns struct {
	jd, name   column
	jpl        bool // names are those of JPL, such as "Mars (499)"
	gm, radius *column
}

// identity finds the columns of date, name, GM and radius. Those of the vectors that astroquery writes have other names.
func (t *table) identity(units Units) (c identityColumns, err error) {
	jd, name := "jd_tdb", "body"
	if c.jpl = t.has("targetname") && t.has("datetime_jd") && !t.has(jd) && !t.has(name); c.jpl {
		jd, name = "datetime_jd", "targetname"
	}
	if c.jd, err = t.want(jd); err != nil {
		return c, err
	}
	if c.name, err = t.want(name); err != nil {
		return c, err
	}
	for _, optional := range []struct {
		to   **column
		name string
		d    dimension
	}{{&c.gm, "gm", massive}, {&c.radius, "radius", length}} {
		if !t.hasIn(optional.name, optional.d) {
			continue
		}
		bare, err := units.bare(optional.d)
		if err != nil {
			return c, err
		}
		found, err := t.wantIn(optional.name, optional.d, bare)
		if err != nil {
			return c, err
		}
		*optional.to = &found
	}
	return c, nil
}

// cartesian finds the columns of a table of positions and velocities.
func (t *table) cartesian(units Units) (c cartesianColumns, err error) {
	if c.identity, err = t.identity(units); err != nil {
		return c, err
	}
	c.x, c.v, err = t.vectors(units, c.identity.jpl)
	return c, err
}

// vectors finds the columns of position and velocity. Columns without a unit are in au and au/day if JPL's.
func (t *table) vectors(units Units, jpl bool) (x, v [3]column, err error) {
	near, err := units.bare(length)
	if err != nil {
		return x, v, err
	}
	fast, err := units.bare(speed)
	if err != nil {
		return x, v, err
	}
	if jpl && units == "" {
		near = &unit{"", AU / horizonsAU}
		fast = near
	}
	for k, name := range []string{"x", "y", "z"} {
		if x[k], err = t.wantIn(name, length, near); err != nil {
			return x, v, err
		}
	}
	for k, name := range []string{"vx", "vy", "vz"} {
		if v[k], err = t.wantIn(name, speed, fast); err != nil {
			return x, v, err
		}
	}
	return x, v, nil
}

// record reads the current row of a table of positions and velocities.
func (t *table) record(c cartesianColumns) (r record, err error) {
	if r, err = t.who(&c.identity); err != nil {
		return r, err
	}
	for k := range 3 {
		if r.X[k], err = t.number(c.x[k]); err != nil {
			return r, err
		}
		if r.V[k], err = t.number(c.v[k]); err != nil {
			return r, err
		}
	}
	return r, t.bulk(&c.identity, &r)
}

// who reads date and name of the current row.
func (t *table) who(c *identityColumns) (r record, err error) {
	r.line, r.Name = t.line, t.text(c.name)
	if c.jpl {
		r.Name, r.id = targetOf(r.Name)
	}
	if reason := nameFault(r.Name); reason != "" {
		return r, t.fault(c.name.name, reason)
	}
	if r.jd, err = t.number(c.jd); err != nil {
		return r, err
	}
	if !validJD(r.jd) {
		return r, t.fault(c.jd.name, fmt.Sprintf("%g is not a Julian date within ±%g", r.jd, MaxJD))
	}
	return r, nil
}

// bulk reads GM and radius of the current row, if the table has them.
func (t *table) bulk(c *identityColumns, r *record) (err error) {
	for _, optional := range []struct {
		column *column
		to     *float64
	}{{c.gm, &r.GM}, {c.radius, &r.Radius}} {
		if optional.column == nil {
			continue
		}
		if *optional.to, err = t.number(*optional.column); err != nil {
			return err
		}
		if *optional.to < 0 {
			return t.fault(optional.column.name, fmt.Sprintf("%g is negative", *optional.to))
		}
	}
	r.gm = c.gm != nil
	return nil
}

// admit returns an error for a second body of the same name or more than MaxBodies.
func admit(names map[string]bool, r *record, have int) error {
	if names[r.Name] {
		return faultAt(r.line, "body", fmt.Sprintf("%q appears twice", r.Name))
	}
	if have >= MaxBodies {
		return faultAt(r.line, "body", fmt.Sprintf("more than %d bodies", MaxBodies))
	}
	names[r.Name] = true
	return nil
}

// readTable reads the bodies of a table with separators: states or, if it has their columns, orbits.
func readTable(in *bufio.Reader, o ReadOptions) ([]record, error) {
	t, err := openTable(in, stateColumns)
	if err != nil {
		return nil, err
	}
	next, err := t.rows(o)
	if err != nil {
		return nil, err
	}
	var all []record
	for {
		err := t.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		r, err := next()
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	if len(all) == 0 {
		return nil, t.fault("body", "no bodies follow the header")
	}
	return all, nil
}

// rows returns the function that reads the current row.
func (t *table) rows(o ReadOptions) (func() (record, error), error) {
	if t.hasElements() {
		return t.elementRows(o)
	}
	c, err := t.cartesian(o.Units)
	if err != nil {
		return nil, err
	}
	return func() (record, error) {
		r, err := t.record(c)
		if o.Frame == Ecliptic {
			r.X, r.V = toEquator(r.X), toEquator(r.V)
		}
		return r, err
	}, nil
}
