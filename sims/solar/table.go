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

// MaxTableBytes is the length in bytes of the longest table that ReadBodies, ReadSystem and ReadStates accept.
const MaxTableBytes = 32 << 20

// table reads a table with separators row by row and finds its cells by column name.
type table struct {
	csv     *csv.Reader
	wanted  string // the columns that it must have, for messages
	columns []column
	header  []string
	row     []string
	line    int
}

// column is a column that was found in the header.
type column struct {
	name string
	at   int // its field
	unit unit
}

// openTable reads the header of a table that must have the wanted columns. Lines that begin with # are skipped.
func openTable(in *bufio.Reader, wanted string) (*table, error) {
	start, _ := in.Peek(peeked) // an error will come back
	if reason := foreign(start); reason != "" {
		return nil, fmt.Errorf("%w: line 1: %s", ErrInput, reason)
	}
	t := &table{csv: csv.NewReader(in), wanted: wanted}
	t.csv.Comma, t.csv.Comment = separator(start), '#'
	t.csv.FieldsPerRecord = -1
	t.csv.ReuseRecord = true
	if err := t.read(); err == io.EOF {
		return nil, fmt.Errorf("%w: line 1: the table is empty; the header must have %s", ErrInput, wanted)
	} else if err != nil {
		return nil, err
	}
	for i, field := range t.row {
		if i == 0 {
			field = strings.TrimPrefix(field, "\ufeff") // spreadsheets put a byte order mark first
		}
		t.header = append(t.header, strings.Clone(strings.TrimSpace(field)))
	}
	if len(t.header) == 1 && strings.Contains(t.header[0], " ") {
		return nil, fmt.Errorf("%w: line %d: fields are separated by spaces; they must be by commas, semicolons or tabs", ErrInput, t.line)
	}
	return t, nil
}

// peeked is how much of a text is looked at to find out what it is.
const peeked = 1 << 16

// bounded returns a reader of at most limit bytes.
func bounded(r io.Reader, limit int64) *bufio.Reader {
	return bufio.NewReaderSize(&boundedReader{r: r, limit: limit, left: limit}, peeked)
}

// foreign returns what is wrong with a table that begins in a way that is known from elsewhere, or "".
func foreign(start []byte) string {
	switch {
	case bytes.HasPrefix(start, []byte("\xff\xfe")), bytes.HasPrefix(start, []byte("\xfe\xff")):
		return "the table is in UTF-16; save it in UTF-8"
	case bytes.HasPrefix(start, []byte("PK\x03\x04")):
		return "the table is a workbook or an archive; save it as CSV"
	case bytes.HasPrefix(start, []byte("SIMPLE  =")):
		return "the table is in FITS; save it as CSV"
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

// has reports whether the header has that column.
func (t *table) has(name string) bool {
	for _, field := range t.header {
		if field == name {
			return true
		}
	}
	return false
}

// want adds the column with that name, which must be there.
func (t *table) want(name string) (column, error) { return t.add(name, unit{name, 1}) }

// wantIn adds the column with that quantity in any unit. A column without a unit has bare, or is refused if bare is nil.
func (t *table) wantIn(quantity string, d dimension, bare *unit) (column, error) {
	units := d.units()
	found, name, u := 0, quantity+"_"+units[0].suffix, units[0]
	for _, candidate := range units {
		if full := quantity + "_" + candidate.suffix; t.has(full) {
			found, name, u = found+1, full, candidate
		}
	}
	if t.has(quantity) {
		if found, name = found+1, quantity; bare == nil && found == 1 {
			return column{}, fmt.Errorf("%w: line %d, column %s: %w; name it %s, or give the units of the table", ErrInput, t.line, quantity, ErrUnits, d.names(quantity))
		} else if bare != nil {
			u = *bare
		}
	}
	if found > 1 {
		return column{}, t.fault(name, "is there in another unit too")
	}
	return t.add(name, u)
}

// hasIn reports whether the header has that quantity in any unit or without one.
func (t *table) hasIn(quantity string, d dimension) bool {
	for _, u := range d.units() {
		if t.has(quantity + "_" + u.suffix) {
			return true
		}
	}
	return t.has(quantity)
}

func (t *table) add(name string, u unit) (column, error) {
	at := -1
	for i, field := range t.header {
		if field != name {
			continue
		}
		if at >= 0 {
			return column{}, t.fault(name, "appears twice in the header")
		}
		at = i
	}
	if at < 0 {
		return column{}, t.fault(name, "is missing; the header must have "+t.wanted)
	}
	c := column{name, at, u}
	t.columns = append(t.columns, c)
	return c, nil
}

// next moves to the next row. It returns io.EOF after the last one.
func (t *table) next() error {
	if err := t.read(); err != nil {
		return err
	}
	if len(t.row) != len(t.header) {
		short := t.header[0]
		if len(t.columns) > 0 {
			short = t.columns[0].name
		}
		for _, c := range t.columns {
			if c.at >= len(t.row) {
				short = c.name
				break
			}
		}
		return t.fault(short, fmt.Sprintf("the row has %d fields where the header has %d", len(t.row), len(t.header)))
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

// text returns the current row's cell without surrounding spaces.
func (t *table) text(c column) string { return strings.TrimSpace(t.row[c.at]) }

// number returns the current row's cell as a finite float64 in au and days.
func (t *table) number(c column) (float64, error) {
	cell := t.text(c)
	x, err := strconv.ParseFloat(cell, 64)
	if errors.Is(err, strconv.ErrSyntax) {
		x, err = t.foreignNumber(cell)
	}
	x = c.unit.value(x)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, t.fault(c.name, fmt.Sprintf("%.40q is out of range", cell))
	case err != nil:
		return 0, t.fault(c.name, fmt.Sprintf("%.40q is not a number", cell))
	case math.IsNaN(x) || math.IsInf(x, 0):
		return 0, t.fault(c.name, fmt.Sprintf("%.40q is not finite", cell))
	}
	return x, nil
}

// foreignNumber parses a number with an exponent of Fortran, or with a decimal comma where commas do not separate.
func (t *table) foreignNumber(cell string) (float64, error) {
	if t.csv.Comma != ',' && !strings.Contains(cell, ".") {
		cell = strings.Replace(cell, ",", ".", 1)
	}
	return parseFortran(cell)
}

// parseFortran parses a number whose exponent may be written with D.
func parseFortran(cell string) (float64, error) {
	if i := strings.IndexAny(cell, "dD"); i > 0 {
		cell = cell[:i] + "e" + cell[i+1:]
	}
	return strconv.ParseFloat(cell, 64)
}

// fault returns an error about a column of the current row.
func (t *table) fault(column, text string) error { return faultAt(t.line, column, text) }

func faultAt(line int, column, text string) error {
	return fmt.Errorf("%w: line %d, column %s: %s", ErrInput, line, column, text)
}

// boundedReader returns an error, not io.EOF, once more than limit bytes have been read.
type boundedReader struct {
	r           io.Reader
	limit, left int64
}

func (b *boundedReader) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, fmt.Errorf("%w: the table is longer than %d bytes", ErrInput, b.limit)
	}
	return n, err
}
