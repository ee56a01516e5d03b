package archive

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"os"
	"strings"

	"offload/device"
)

// Archive reads an archive, also while a run writes to it. It is safe for concurrent use.
type Archive struct {
	path   string
	db     *sql.DB
	run    Run
	frames int
}

// Open opens an archive to read it. The error wraps ErrFormat if the file is not an archive or one of another format.
func Open(ctx context.Context, path string) (*Archive, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	const options = "mode=ro&_pragma=busy_timeout(2000)"
	a := &Archive{path: path}
	var err error
	if a.db, err = connect(path, options); err != nil {
		return nil, err
	}
	err = identify(ctx, a.db)
	if err != nil && !errors.Is(err, ErrFormat) {
		// A file whose run was killed needs its log to be written back, which takes a connection that may write.
		a.db.Close()
		if a.db, err = connect(path, strings.Replace(options, "mode=ro", "mode=rw", 1)); err != nil {
			return nil, err
		}
		err = identify(ctx, a.db)
	}
	if err == nil {
		if err = a.readRun(ctx); err == nil {
			err = a.db.QueryRowContext(ctx, "SELECT count(*) FROM frame").Scan(&a.frames)
		}
	}
	if err != nil {
		a.db.Close()
		return nil, fault(path, err)
	}
	return a, nil
}

// readRun reads the run and compares its digest.
func (a *Archive) readRun(ctx context.Context) error {
	var options, inputs, want string
	r := &a.run
	err := a.db.QueryRowContext(ctx, "SELECT kind, unit, version, options, inputs, digest FROM run").Scan(&r.Kind, &r.Unit, &r.Version, &options, &inputs, &want)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%w: it has no run", ErrDamaged)
	}
	if err != nil {
		return err
	}
	r.Options = json.RawMessage(options)
	if err := json.Unmarshal([]byte(inputs), &r.Inputs); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if r.Fields, err = a.fields(ctx, -1); err != nil {
		return err
	}
	d := runDigest(r, json.RawMessage(inputs))
	if err := d.fields(ctx, r.Fields); err != nil {
		return err
	}
	if d.String() != want {
		return fmt.Errorf("%w: the digest of its run differs", ErrDamaged)
	}
	return nil
}

// Close closes the archive.
func (a *Archive) Close() error { return a.db.Close() }

// Run returns the description of the run.
func (a *Archive) Run() Run { return a.run }

// Len returns the number of frames when the archive was opened.
func (a *Archive) Len() int { return a.frames }

const headerColumns = "SELECT number, time, time_low, step, state, digest FROM frame "

// scan reads a row of headerColumns.
func (h *Header) scan(row interface{ Scan(...any) error }) error {
	var state string
	err := row.Scan(&h.Number, &h.Time, &h.TimeLow, &h.Step, &state, &h.Digest)
	h.State = json.RawMessage(state)
	return err
}

// Headers iterates over the headers of the frames in order, without their fields, and without checking digests.
func (a *Archive) Headers(ctx context.Context) iter.Seq2[Header, error] {
	return func(yield func(Header, error) bool) {
		for n := 0; ; n++ {
			h, err := a.header(ctx, n)
			if errors.Is(err, errNoFrame) && n >= a.frames {
				return
			}
			if !yield(h, err) || err != nil {
				return
			}
		}
	}
}

// errNoFrame is wrapped by the error for the number of a frame that is not there.
var errNoFrame = errors.New("no such frame")

func (a *Archive) header(ctx context.Context, n int) (h Header, err error) {
	err = h.scan(a.db.QueryRowContext(ctx, headerColumns+"WHERE number = ?", n))
	if errors.Is(err, sql.ErrNoRows) {
		err = fmt.Errorf("%w: %w: frame %d of %d", ErrDamaged, errNoFrame, n, a.frames)
		if n < 0 || n >= a.frames {
			err = fmt.Errorf("%w: %w: frame %d of %d", ErrInvalid, errNoFrame, n, a.frames)
		}
	}
	return h, fault(a.path, err)
}

// Frame returns the frame of that number. The error wraps ErrInvalid if there is none, and ErrDamaged if its digest
// differs.
func (a *Archive) Frame(ctx context.Context, n int) (*Frame, error) {
	h, err := a.header(ctx, n)
	if err != nil {
		return nil, err
	}
	f := &Frame{Header: h}
	if f.Fields, err = a.fields(ctx, n); err != nil {
		return nil, fault(a.path, err)
	}
	d := frameDigest(&h)
	if err := d.fields(ctx, f.Fields); err != nil {
		return nil, fault(a.path, err)
	}
	if d.String() != h.Digest {
		return nil, fmt.Errorf("%s: %w: the digest of frame %d differs", a.path, ErrDamaged, n)
	}
	return f, nil
}

// At returns the number of the last frame of which the time is at most t, or at least t if times decrease. The error wraps
// ErrInvalid if there is none.
func (a *Archive) At(ctx context.Context, t float64) (int, error) {
	if a.frames == 0 {
		return 0, fmt.Errorf("%s: %w: the archive has no frames", a.path, ErrInvalid)
	}
	first, err := a.header(ctx, 0)
	if err != nil {
		return 0, err
	}
	last, err := a.header(ctx, a.frames-1)
	if err != nil {
		return 0, err
	}
	compare := "<="
	if last.Time < first.Time {
		compare = ">="
	}
	var n sql.NullInt64
	if err := a.db.QueryRowContext(ctx, "SELECT max(number) FROM frame WHERE time "+compare+" ?", t).Scan(&n); err != nil {
		return 0, fault(a.path, err)
	}
	if !n.Valid {
		return 0, fmt.Errorf("%s: %w: no frame at %v; the first is at %v", a.path, ErrInvalid, t, first.Time)
	}
	return int(n.Int64), nil
}

// Layout returns the fields of a frame without their data, in order.
func (a *Archive) Layout(ctx context.Context, n int) ([]Layout, error) {
	rows, err := a.db.QueryContext(ctx, "SELECT name, type, shape, sum(length(bytes)) FROM data WHERE frame = ? GROUP BY field ORDER BY field", n)
	if err != nil {
		return nil, fault(a.path, err)
	}
	defer rows.Close()
	var out []Layout
	for rows.Next() {
		var l Layout
		if err := rows.Scan(&l.Name, &l.Type, &l.Shape, &l.Bytes); err != nil {
			return nil, fault(a.path, err)
		}
		out = append(out, l)
	}
	return out, fault(a.path, rows.Err())
}

// Layout describes a field as it is stored.
type Layout struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Shape string `json:"shape"`
	Bytes int64  `json:"bytes"`
}

// fields reads the fields of a frame.
func (a *Archive) fields(ctx context.Context, frame int) ([]Field, error) {
	rows, err := a.db.QueryContext(ctx, "SELECT field, band, name, type, shape, bytes FROM data WHERE frame = ? ORDER BY field, band", frame)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var fields []Field
	var rest []byte // of the last field, to be filled
	next := 0       // band
	for rows.Next() {
		var field, band int
		var name, typ, shape string
		var bytes sql.RawBytes
		if err := rows.Scan(&field, &band, &name, &typ, &shape, &bytes); err != nil {
			return nil, err
		}
		if band == 0 && field == len(fields) && len(rest) == 0 {
			f, err := newField(name, typ, shape, a.largest())
			if err != nil {
				return nil, err
			}
			fields, rest, next = append(fields, f), f.Data.Bytes(), 0
		}
		if field != len(fields)-1 || band != next || len(bytes) > len(rest) {
			return nil, fmt.Errorf("%w: band %d of field %d in frame %d is not where it belongs", ErrDamaged, band, field, frame)
		}
		last := fields[field].Data.Type().Size()
		rest = rest[copy(rest, device.LittleEndian(bytes, last)):]
		next++
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("%w: frame %d lacks the end of field %q", ErrDamaged, frame, fields[len(fields)-1].Name)
	}
	return fields, nil
}

// largest returns a bound for the bytes of a field: those of the file and its log.
func (a *Archive) largest() int64 {
	total := int64(0)
	for _, path := range []string{a.path, a.path + "-wal"} {
		if info, err := os.Stat(path); err == nil {
			total += info.Size()
		}
	}
	return total
}

// newField returns an empty field of a type and shape as they are stored, of at most so many bytes.
func newField(name, typ, shape string, most int64) (Field, error) {
	t, err := parseType(typ)
	if err != nil {
		return Field{}, err
	}
	dims, n, err := parseShape(shape)
	if err != nil {
		return Field{}, err
	}
	if int64(n) > most/int64(t.Size()) || n > math.MaxInt/t.Size() {
		return Field{}, fmt.Errorf("%w: field %q is longer than the file", ErrDamaged, name)
	}
	return Field{Name: name, Shape: dims, Data: device.MakeSlice(t, n)}, nil
}

// Verify checks the structure of the file and the digests of all frames. It calls progress, if not nil, with the number
// of frames done. The error wraps ErrDamaged and names the first frame that differs.
func (a *Archive) Verify(ctx context.Context, progress func(frames int)) error {
	var report string
	if err := a.db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&report); err != nil {
		return fault(a.path, err)
	}
	for n := range a.frames {
		if _, err := a.Frame(ctx, n); err != nil {
			return err
		}
		if progress != nil {
			progress(n + 1)
		}
	}
	if report != "ok" {
		return fmt.Errorf("%s: %w: %s", a.path, ErrDamaged, strings.Join(strings.Fields(report), " "))
	}
	var stray int
	err := a.db.QueryRowContext(ctx, "SELECT (SELECT count(*) FROM frame WHERE number < 0 OR number >= ?) + (SELECT count(*) FROM data WHERE frame < -1 OR frame >= ?)", a.frames, a.frames).Scan(&stray)
	if err == nil && stray > 0 {
		err = fmt.Errorf("%w: %d rows belong to no frame", ErrDamaged, stray)
	}
	return fault(a.path, err)
}
