package solar

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// MaxTableBytes is the longest table ReadBodies and ReadStates accept.
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

// openTable reads the header. Other columns may stand beside the wanted ones; lines beginning with # are skipped.
func openTable(r io.Reader, columns []string) (*table, error) {
	t := &table{csv: csv.NewReader(&boundedReader{r: r, left: MaxTableBytes}), columns: columns}
	t.csv.Comment = '#'
	t.csv.FieldsPerRecord = -1
	t.csv.ReuseRecord = true
	if err := t.read(); err == io.EOF {
		return nil, fmt.Errorf("%w: line 1: the table is empty; its header needs %s", ErrInput, strings.Join(columns, ","))
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

// find returns the header's field called name.
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
		return 0, t.fault(name, "is missing; the header needs "+strings.Join(t.columns, ","))
	}
	return at, nil
}

// next moves to the following row; it returns io.EOF after the last one.
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

// fault is an error about a column of the current row, on one line.
func (t *table) fault(column, text string) error {
	return fmt.Errorf("%w: line %d, column %s: %s", ErrInput, t.line, column, text)
}

// boundedReader fails, rather than ends, once more than left bytes were read.
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
