package solar

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// bodyColumns returns the columns of a table of bodies, in the order in which they are written.
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

// ReadBodies reads an initial state from a CSV table with one row per body. Its header has the columns jd_tdb, body,
// gm_au3_d2, x_au, y_au, z_au, vx_au_d, vy_au_d and vz_au_d in any order. Other columns are ignored, and lines that
// begin with # are comments. All rows must have the same jd_tdb, and bodies with mass other places than all others.
//
// Fields are separated by commas, semicolons or tabs, whichever the header has. Where those are not commas, numbers may
// have decimal commas. Exponents may be written with D, as in Fortran.
//
// Errors about the table wrap ErrInput and give line and column.
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
	if err := sys.apart(); err != nil {
		return nil, err
	}
	return sys, nil
}

// ReadStates reads states from a table written by WriteStates, with the columns of ReadBodies except gm_au3_d2. It
// groups rows by date, in the order in which dates first appear. Errors are as for ReadBodies.
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

// admit returns an error for a second body of the same name or more than MaxBodies.
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

// MaxTableBytes is the length in bytes of the longest table that ReadBodies and ReadStates accept.
const MaxTableBytes = 32 << 20

// table reads a comma-separated table row by row and finds its cells by column name.
type table struct {
	csv     *csv.Reader
	columns []string // wanted, in canonical order
	at      []int    // at[i] is the field that holds columns[i]
	width   int      // fields in the header
	row     []string
	line    int
}

// openTable reads the header, which may have other columns too. Lines that begin with # are skipped.
func openTable(r io.Reader, columns []string) (*table, error) {
	in := bufio.NewReaderSize(&boundedReader{r: r, left: MaxTableBytes}, 1<<16)
	start, _ := in.Peek(1 << 16) // an error will come back
	if reason := foreign(start); reason != "" {
		return nil, fmt.Errorf("%w: line 1: %s", ErrInput, reason)
	}
	t := &table{csv: csv.NewReader(in), columns: columns}
	t.csv.Comma, t.csv.Comment = separator(start), '#'
	t.csv.FieldsPerRecord = -1
	t.csv.ReuseRecord = true
	if err := t.read(); err == io.EOF {
		return nil, fmt.Errorf("%w: line 1: the table is empty; the header must have %s", ErrInput, strings.Join(columns, ","))
	} else if err != nil {
		return nil, err
	}
	t.width = len(t.row)
	for _, name := range columns {
		i, err := t.find(name)
		if err != nil {
			return nil, err
		}
		t.at = append(t.at, i)
	}
	return t, nil
}

// foreign returns what is wrong with a table that begins in a way that is known from elsewhere, or "".
func foreign(start []byte) string {
	switch {
	case bytes.HasPrefix(start, []byte("\xff\xfe")), bytes.HasPrefix(start, []byte("\xfe\xff")):
		return "the table is in UTF-16; save it in UTF-8"
	case bytes.Contains(start, []byte("$$SOE")) || bytes.HasPrefix(bytes.TrimLeft(start, " *\r\n"), []byte("JDTDB")):
		return "this is a vector table of JPL Horizons, which has one body and no GM; copy its vectors to a table of bodies"
	}
	return ""
}

// separator returns the separator that is most frequent in the first line that is not a comment.
func separator(start []byte) rune {
	for line := range bytes.Lines(start) {
		if line[0] == '#' || len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		best, most := ',', 0
		for _, r := range ",;\t" {
			if n := bytes.Count(line, []byte(string(r))); n > most {
				best, most = r, n
			}
		}
		return best
	}
	return ','
}

// find returns the index of the header's field with that name.
func (t *table) find(name string) (int, error) {
	at := -1
	for i, field := range t.row {
		if i == 0 {
			field = strings.TrimPrefix(field, "\ufeff") // spreadsheets put a byte order mark first
		}
		if strings.TrimSpace(field) != name {
			continue
		}
		if at >= 0 {
			return 0, t.fault(name, "appears twice in the header")
		}
		at = i
	}
	if at < 0 {
		return 0, t.fault(name, "is missing; the header must have "+strings.Join(t.columns, ","))
	}
	return at, nil
}

// next moves to the next row. It returns io.EOF after the last one.
func (t *table) next() error {
	if err := t.read(); err != nil {
		return err
	}
	if len(t.row) != t.width {
		short := t.columns[0]
		for i, name := range t.columns {
			if t.at[i] >= len(t.row) {
				short = name
				break
			}
		}
		return t.fault(short, fmt.Sprintf("the row has %d fields where the header has %d", len(t.row), t.width))
	}
	return nil
}

func (t *table) read() error {
	row, err := t.csv.Read()
	if err == io.EOF || errors.Is(err, ErrInput) {
		return err
	}
	var syntax *csv.ParseError
	if errors.As(err, &syntax) {
		return fmt.Errorf("%w: line %d, character %d: %v", ErrInput, syntax.Line, syntax.Column, syntax.Err)
	}
	if err != nil {
		return fmt.Errorf("read table: %w", err)
	}
	t.row = row
	t.line, _ = t.csv.FieldPos(0)
	return nil
}

// text returns the current row's cell in columns[i], without surrounding spaces.
func (t *table) text(i int) string { return strings.TrimSpace(t.row[t.at[i]]) }

// number returns the cell in columns[i] as a finite float64.
func (t *table) number(i int) (float64, error) {
	cell := t.text(i)
	x, err := strconv.ParseFloat(cell, 64)
	if errors.Is(err, strconv.ErrSyntax) {
		x, err = t.foreignNumber(cell)
	}
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, t.fault(t.columns[i], fmt.Sprintf("%.40q is out of range", cell))
	case err != nil:
		return 0, t.fault(t.columns[i], fmt.Sprintf("%.40q is not a number", cell))
	case math.IsNaN(x) || math.IsInf(x, 0):
		return 0, t.fault(t.columns[i], fmt.Sprintf("%.40q is not finite", cell))
	}
	return x, nil
}

// foreignNumber parses a number with an exponent of Fortran, or with a decimal comma where commas do not separate.
func (t *table) foreignNumber(cell string) (float64, error) {
	if t.csv.Comma != ',' && !strings.Contains(cell, ".") {
		cell = strings.Replace(cell, ",", ".", 1)
	}
	if i := strings.IndexAny(cell, "dD"); i > 0 {
		cell = cell[:i] + "e" + cell[i+1:]
	}
	return strconv.ParseFloat(cell, 64)
}

// fault returns an error about a column of the current row.
func (t *table) fault(column, text string) error {
	return fmt.Errorf("%w: line %d, column %s: %s", ErrInput, t.line, column, text)
}

// boundedReader returns an error, not io.EOF, once more than left bytes have been read.
type boundedReader struct {
	r    io.Reader
	left int
}

func (b *boundedReader) Read(p []byte) (int, error) {
	if len(p) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.r.Read(p)
	if b.left -= n; b.left < 0 {
		return 0, fmt.Errorf("%w: the table is longer than %d bytes", ErrInput, MaxTableBytes)
	}
	return n, err
}
