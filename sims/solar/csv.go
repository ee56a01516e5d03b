package solar

import (
	"fmt"
	"io"
)

// Columns of a table of bodies and of a table of states, in the order they are written.
func bodyColumns() []string {
	return []string{"jd_tdb", "body", "x_au", "y_au", "z_au", "vx_au_d", "vy_au_d", "vz_au_d", "gm_au3_d2"}
}

func stateColumns() []string { return bodyColumns()[:8] }

// Positions in bodyColumns.
const (
	colJD   = 0
	colName = 1
	colX    = 2
	colV    = 5
	colGM   = 8
)

// ReadBodies reads an initial state: comma-separated, one row a body, under a header that names the columns jd_tdb,
// body, gm_au3_d2, x_au, y_au, z_au, vx_au_d, vy_au_d and vz_au_d in any order. Other columns are ignored and lines
// that begin with # are comments. Every row has the same jd_tdb.
//
// An error about the table wraps ErrInput and names line and column.
func ReadBodies(r io.Reader) (*System, error) {
	t, err := openTable(r, bodyColumns())
	if err != nil {
		return nil, err
	}
	sys, names := &System{}, map[string]bool{}
	for {
		err := t.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		b, jd, err := t.body()
		if err != nil {
			return nil, err
		}
		if err := t.admit(names, b.Name, len(sys.Bodies)); err != nil {
			return nil, err
		}
		if len(sys.Bodies) == 0 {
			sys.Epoch = jd
		} else if jd != sys.Epoch {
			return nil, t.fault("jd_tdb", fmt.Sprintf("%s differs from the first row's %s", formatJD(jd), formatJD(sys.Epoch)))
		}
		sys.Bodies = append(sys.Bodies, b)
	}
	if len(sys.Bodies) == 0 {
		return nil, t.fault("body", "no bodies follow the header")
	}
	return sys, nil
}

// ReadStates reads states, as WriteStates writes them: the columns of ReadBodies without gm_au3_d2. Rows are grouped
// by date, in the order in which dates first appear. Errors are those of ReadBodies.
func ReadStates(r io.Reader) ([]Snapshot, error) {
	t, err := openTable(r, stateColumns())
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
		s, jd, err := t.state()
		if err != nil {
			return nil, err
		}
		i, ok := at[jd]
		if !ok {
			i, at[jd] = len(snaps), len(snaps)
			snaps, names = append(snaps, Snapshot{JD: jd}), append(names, map[string]bool{})
		}
		if err := t.admit(names[i], s.Name, len(snaps[i].Bodies)); err != nil {
			return nil, err
		}
		snaps[i].Bodies = append(snaps[i].Bodies, s)
	}
	if len(snaps) == 0 {
		return nil, t.fault("body", "no bodies follow the header")
	}
	return snaps, nil
}

// body reads the current row with its GM.
func (t *table) body() (Body, float64, error) {
	s, jd, err := t.state()
	if err != nil {
		return Body{}, 0, err
	}
	gm, err := t.number(colGM)
	if err != nil {
		return Body{}, 0, err
	}
	if gm < 0 {
		return Body{}, 0, t.fault("gm_au3_d2", fmt.Sprintf("%g is negative", gm))
	}
	return Body{Name: s.Name, GM: gm, X: s.X, V: s.V}, jd, nil
}

// state reads the current row without its GM.
func (t *table) state() (State, float64, error) {
	s := State{Name: t.text(colName)}
	if reason := nameFault(s.Name); reason != "" {
		return State{}, 0, t.fault("body", reason)
	}
	jd, err := t.number(colJD)
	if err != nil {
		return State{}, 0, err
	}
	if !validJD(jd) {
		return State{}, 0, t.fault("jd_tdb", fmt.Sprintf("%g is not a Julian date within ±%g", jd, MaxJD))
	}
	for k := range 3 {
		if s.X[k], err = t.number(colX + k); err != nil {
			return State{}, 0, err
		}
		if s.V[k], err = t.number(colV + k); err != nil {
			return State{}, 0, err
		}
	}
	return s, jd, nil
}

// admit refuses a second body of the same name and more than MaxBodies.
func (t *table) admit(names map[string]bool, name string, have int) error {
	if names[name] {
		return t.fault("body", fmt.Sprintf("%q appears twice", name))
	}
	if have >= MaxBodies {
		return t.fault("body", fmt.Sprintf("more than %d bodies", MaxBodies))
	}
	names[name] = true
	return nil
}
