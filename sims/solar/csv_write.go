package solar

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// WriteStates writes snapshots in the order given as a CSV table with one row per body and the columns jd_tdb, body,
// x_au, y_au, z_au, vx_au_d, vy_au_d, vz_au_d and gm_au3_d2, and radius_au if a body of the first snapshot has one.
// Numbers have 17 significant digits, so that ReadStates returns the same bits, and ReadBodies those of one date.
func WriteStates(w io.Writer, snaps ...Snapshot) error {
	out := NewStateWriter(w)
	for _, snap := range snaps {
		if err := out.Write(snap); err != nil {
			return err
		}
	}
	return out.Flush()
}

// StateWriter writes the table of WriteStates snapshot by snapshot.
type StateWriter struct {
	csv    *csv.Writer
	header []string // once it is written
}

// NewStateWriter returns a StateWriter that writes to w.
func NewStateWriter(w io.Writer) *StateWriter { return &StateWriter{csv: csv.NewWriter(w)} }

// Write adds the rows of a snapshot. The error wraps ErrInput if a body has a radius, but none of the first snapshot had.
func (w *StateWriter) Write(s Snapshot) error {
	if err := w.head(slices.ContainsFunc(s.Bodies, func(b State) bool { return b.Radius != 0 })); err != nil {
		return err
	}
	columns, date := len(w.header), Date{s.JD, s.JDLow}.number()
	for _, b := range s.Bodies {
		row := append([]string{date, b.Name}, cells(b.X, b.V)...)
		row = append(row, formatCell(b.GM), formatCell(b.Radius))
		if b.Radius != 0 && columns < len(row) {
			return fmt.Errorf("%w: body %q has a radius, for which the table has no column", ErrInput, b.Name)
		}
		if err := w.csv.Write(row[:columns]); err != nil {
			return fmt.Errorf("write table: %w", err)
		}
	}
	return nil
}

// head writes the header, unless that is done.
func (w *StateWriter) head(radii bool) error {
	if w.header != nil {
		return nil
	}
	w.header = strings.Split(bodyColumns, ",")
	if radii {
		w.header = append(w.header, radiusColumn)
	}
	if err := w.csv.Write(w.header); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	return nil
}

// Flush writes what is in the buffer, and the header if nothing else was written.
func (w *StateWriter) Flush() error {
	if err := w.head(false); err != nil {
		return err
	}
	w.csv.Flush()
	if err := w.csv.Error(); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	return nil
}

// WriteBodies writes a system as WriteStates does. ReadBodies returns the same bits.
func WriteBodies(w io.Writer, sys *System) error {
	if sys == nil {
		return fmt.Errorf("%w: no system to write", ErrInput)
	}
	return WriteStates(w, sys.Snapshot())
}

func cells(x, v [3]float64) []string {
	out := make([]string, 0, 6)
	for _, value := range append(x[:], v[:]...) {
		out = append(out, formatCell(value))
	}
	return out
}

// formatCell formats x with enough digits to identify every float64.
func formatCell(x float64) string { return strconv.FormatFloat(x, 'e', 16, 64) }

// formatJD formats a date in the usual form, 2451545.0, with the fewest digits that identify it.
func formatJD(jd float64) string {
	s := strconv.FormatFloat(jd, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}
