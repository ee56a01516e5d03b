package archive

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"unicode/utf8"
)

// Writer appends frames to an archive. It is not safe for concurrent use.
type Writer struct {
	path   string
	db     *sql.DB
	lock   *lock
	frame  *sql.Stmt
	data   *sql.Stmt
	frames int
	band   int // bytes
	run    Run
}

// Create makes an archive of a run without frames. The error wraps fs.ErrExist if there is a file at path.
func Create(ctx context.Context, path string, run Run) (*Writer, error) {
	if err := check(run.Options, run.Fields); err != nil {
		return nil, err
	}
	if !utf8.ValidString(run.Kind + run.Unit + run.Version) {
		return nil, fmt.Errorf("%w: its kind, unit or version is not UTF-8", ErrInvalid)
	}
	if _, err := os.Lstat(path); err == nil {
		return nil, &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}
	}
	// The file gets its name when it is an archive, so that one is never found without its run.
	temporary := filepath.Join(filepath.Dir(path), fmt.Sprintf(".archive.%08x.tmp", rand.Uint32()))
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, &fs.PathError{Op: "create", Path: path, Err: errors.Unwrap(err)}
	}
	f.Close()
	defer func() {
		for _, name := range []string{temporary, temporary + "-wal", temporary + "-shm"} {
			os.Remove(name)
		}
	}()
	w, err := open(ctx, temporary)
	if err != nil {
		return nil, err
	}
	w.path = path
	if err := errors.Join(w.begin(ctx, run), w.Close()); err != nil {
		return nil, err
	}
	if err := publish(temporary, path); err != nil {
		return nil, err
	}
	return Append(ctx, path)
}

// publish gives the file at temporary the name path. The error wraps fs.ErrExist if another file has that name, also one
// that another process has just made. File systems without links cannot tell of the latter.
func publish(temporary, path string) error {
	err := os.Link(temporary, path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	if _, err := os.Lstat(path); err == nil {
		return &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}
	}
	return os.Rename(temporary, path)
}

// begin writes the tables and the run.
func (w *Writer) begin(ctx context.Context, run Run) error {
	w.run = run
	inputs, digest, err := describe(ctx, &run)
	if err != nil {
		return err
	}
	err = w.transaction(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d;", application, format)+schema)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO run VALUES (?, ?, ?, ?, ?, ?)", run.Kind, run.Unit, run.Version, string(run.Options), inputs, digest)
		return err
	})
	if err != nil {
		return err
	}
	if err := w.prepare(ctx); err != nil {
		return fault(w.path, err)
	}
	return w.transaction(ctx, func(tx *sql.Tx) error { return w.fields(ctx, tx, -1, run.Fields) })
}

// describe returns the inputs of a run in JSON, and its digest.
func describe(ctx context.Context, run *Run) (inputs, digest string, err error) {
	text, err := json.Marshal(run.Inputs)
	if err != nil {
		return "", "", err
	}
	d := runDigest(run, text)
	err = d.fields(ctx, run.Fields)
	return string(text), d.String(), err
}

// Describe replaces the options of the run.
func (w *Writer) Describe(ctx context.Context, options json.RawMessage) error {
	if err := check(options, nil); err != nil {
		return err
	}
	w.run.Options = options
	_, digest, err := describe(ctx, &w.run)
	if err != nil {
		return err
	}
	return w.transaction(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE run SET options = ?, digest = ?", string(options), digest)
		return err
	})
}

// Append opens an archive to append frames to those that it has. The error wraps ErrBusy if another Writer has it open, on
// systems that can tell.
func Append(ctx context.Context, path string) (*Writer, error) {
	a, err := Open(ctx, path)
	if err != nil {
		return nil, err
	}
	if err := a.Close(); err != nil {
		return nil, fault(path, err)
	}
	w, err := open(ctx, path)
	if err != nil {
		return nil, err
	}
	w.run = a.run
	if err = w.db.QueryRowContext(ctx, "SELECT count(*) FROM frame").Scan(&w.frames); err == nil {
		if err = w.prepare(ctx); err == nil {
			return w, nil
		}
	}
	w.Close()
	return nil, fault(path, err)
}

// open opens the database of a file for a Writer.
func open(ctx context.Context, path string) (*Writer, error) {
	l, err := lockFile(path)
	if err != nil {
		return nil, err
	}
	// In write-ahead mode, NORMAL keeps all committed frames when the process ends, and when the machine does, all but
	// the last few.
	db, err := connect(path, "mode=rw&_pragma=busy_timeout(2000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)")
	if err == nil {
		if err = db.PingContext(ctx); err == nil {
			return &Writer{path: path, db: db, lock: l, band: bandBytes}, nil
		}
		db.Close()
	}
	l.release()
	return nil, fault(path, err)
}

func (w *Writer) prepare(ctx context.Context) (err error) {
	if w.frame, err = w.db.PrepareContext(ctx, "INSERT INTO frame VALUES (?, ?, ?, ?, ?, ?)"); err != nil {
		return err
	}
	w.data, err = w.db.PrepareContext(ctx, "INSERT INTO data VALUES (?, ?, ?, ?, ?, ?, ?)")
	return err
}

// Frames returns the number of frames.
func (w *Writer) Frames() int { return w.frames }

// Append writes a frame after the others and sets its Number and Digest. After an error the archive has the frames that
// it had before. Times of −0 become 0, since the file has one zero. The error wraps ErrInvalid, ErrFull, ErrBusy,
// ErrClosed, or the error of ctx.
func (w *Writer) Append(ctx context.Context, f *Frame) error {
	if err := check(f.State, f.Fields); err != nil {
		return err
	}
	if math.IsNaN(f.Time) || math.IsNaN(f.TimeLow) {
		return fmt.Errorf("%w: its time is NaN", ErrInvalid)
	}
	f.Number, f.Time, f.TimeLow = w.frames, positiveZero(f.Time), positiveZero(f.TimeLow)
	d := frameDigest(&f.Header)
	if err := d.fields(ctx, f.Fields); err != nil {
		return fmt.Errorf("%s: %w", w.path, err)
	}
	f.Digest = d.String()
	err := w.transaction(ctx, func(tx *sql.Tx) error {
		_, err := tx.StmtContext(ctx, w.frame).ExecContext(ctx, f.Number, f.Time, f.TimeLow, f.Step, string(f.State), f.Digest)
		if err != nil {
			return err
		}
		return w.fields(ctx, tx, f.Number, f.Fields)
	})
	if err == nil {
		w.frames++
	}
	return err
}

// positiveZero returns x, or 0 if x is −0, which SQLite does not store.
func positiveZero(x float64) float64 {
	if x == 0 {
		return 0
	}
	return x
}

// fields writes the fields of a frame.
func (w *Writer) fields(ctx context.Context, tx *sql.Tx, frame int, fields []Field) error {
	insert := tx.StmtContext(ctx, w.data)
	for i, f := range fields {
		number := 0
		for band := range bands(f.Data, w.band) {
			if _, err := insert.ExecContext(ctx, frame, i, number, f.Name, f.Data.Type().String(), shapeText(f.Shape), nonNil(band)); err != nil {
				return err
			}
			number++
		}
	}
	return nil
}

// nonNil returns b, which as nil would be NULL.
func nonNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// Truncate removes all frames but the first n.
func (w *Writer) Truncate(ctx context.Context, n int) error {
	if n < 0 || n > w.frames {
		return fmt.Errorf("%w: number %d of %d", ErrInvalid, n, w.frames)
	}
	err := w.transaction(ctx, func(tx *sql.Tx) error {
		for _, table := range []string{"frame WHERE number", "data WHERE frame"} {
			if _, err := tx.ExecContext(ctx, "DELETE FROM "+table+" >= ?", n); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		w.frames = n
	}
	return err
}

// transaction calls write and keeps what it did if it returns no error.
func (w *Writer) transaction(ctx context.Context, write func(*sql.Tx) error) error {
	if w.db == nil {
		return fmt.Errorf("%s: %w", w.path, ErrClosed)
	}
	tx, err := w.db.BeginTx(ctx, nil)
	if err != nil {
		return fault(w.path, err)
	}
	defer tx.Rollback()
	if err = write(tx); err == nil {
		err = tx.Commit()
	}
	if ctx.Err() != nil && err != nil {
		return fmt.Errorf("%s: %w", w.path, context.Cause(ctx))
	}
	return fault(w.path, err)
}

// Close closes the archive, which then is one file.
func (w *Writer) Close() error {
	if w.db == nil {
		return nil
	}
	// Readers that cannot write to the folder open a file without a write-ahead log only.
	_, err := w.db.Exec("PRAGMA journal_mode = DELETE")
	err = errors.Join(err, w.db.Close())
	w.db = nil
	return fault(w.path, errors.Join(err, w.lock.release()))
}
