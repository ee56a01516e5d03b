package solar

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// WriteStates writes snapshots in the order given as a CSV table with one row per body and the columns jd_tdb, body,
// x_au, y_au, z_au, vx_au_d, vy_au_d and vz_au_d. Numbers have 17 significant digits, so that ReadStates returns the
// same bits.
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
	headed bool // the header is written
}

// NewStateWriter returns a StateWriter that writes to w.
func NewStateWriter(w io.Writer) *StateWriter { return &StateWriter{csv: csv.NewWriter(w)} }

// Write adds the rows of a snapshot.
func (w *StateWriter) Write(s Snapshot) error {
	if err := w.head(); err != nil {
		return err
	}
	for _, b := range s.Bodies {
		if err := w.csv.Write(append([]string{formatJD(s.JD), b.Name}, cells(b.X, b.V)...)); err != nil {
			return fmt.Errorf("write table: %w", err)
		}
	}
	return nil
}

// head writes the header.
func (w *StateWriter) head() error {
	if w.headed {
		return nil
	}
	w.headed = true
	if err := w.csv.Write(stateColumns()); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	return nil
}

// Flush writes what is in the buffer, and the header if nothing else was written.
func (w *StateWriter) Flush() error {
	if err := w.head(); err != nil {
		return err
	}
	w.csv.Flush()
	if err := w.csv.Error(); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	return nil
}

// WriteBodies writes a system as a CSV table with the columns of WriteStates and gm_au3_d2. ReadBodies returns the same
// bits.
func WriteBodies(w io.Writer, sys *System) error {
	if sys == nil {
		return fmt.Errorf("%w: no system to write", ErrInput)
	}
	return writeTable(w, bodyColumns(), func(write func([]string) error) error {
		for _, b := range sys.Bodies {
			row := append([]string{formatJD(sys.Epoch), b.Name}, cells(b.X, b.V)...)
			if err := write(append(row, formatCell(b.GM))); err != nil {
				return err
			}
		}
		return nil
	})
}

func writeTable(w io.Writer, header []string, rows func(write func([]string) error) error) error {
	out := csv.NewWriter(w)
	err := out.Write(header)
	if err == nil {
		err = rows(out.Write)
	}
	if err == nil {
		out.Flush()
		err = out.Error()
	}
	if err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	return nil
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
