package archive

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// schema makes the tables of an archive.
const schema = `
CREATE TABLE run (kind TEXT NOT NULL, unit TEXT NOT NULL, version TEXT NOT NULL, options TEXT NOT NULL, inputs TEXT NOT NULL, digest TEXT NOT NULL);
CREATE TABLE frame (number INTEGER PRIMARY KEY, time REAL NOT NULL, time_low REAL NOT NULL, step INTEGER NOT NULL, state TEXT NOT NULL, digest TEXT NOT NULL);
CREATE TABLE data (frame INTEGER NOT NULL, field INTEGER NOT NULL, band INTEGER NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL, shape TEXT NOT NULL, bytes BLOB NOT NULL, UNIQUE (frame, field, band));
`

// connect opens the database in a file with the options of a SQLite URI. It has one connection.
func connect(path, options string) (*sql.DB, error) {
	full, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	full = filepath.ToSlash(full)
	if full[0] != '/' { // a drive of Windows
		full = "/" + full
	}
	name := (&url.URL{Scheme: "file", Path: full, RawQuery: options}).String()
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// identify returns an error that wraps ErrFormat unless db is an archive.
func identify(ctx context.Context, db *sql.DB) error {
	var id, version int
	if err := db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
		return err
	}
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	switch {
	case id != application:
		return ErrFormat
	case version != format:
		return fmt.Errorf("%w: it has format %d, this is format %d", ErrFormat, version, format)
	}
	return nil
}

// fault names the file in an error of SQLite and wraps the value of this package that it stands for.
func fault(path string, err error) error {
	if err == nil {
		return nil
	}
	var cause *sqlite.Error
	if !errors.As(err, &cause) {
		return fmt.Errorf("%s: %w", path, err)
	}
	kind := err
	switch cause.Code() & 0xff {
	case sqlite3.SQLITE_FULL:
		kind = ErrFull
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CONSTRAINT: // another Writer has written that frame
		kind = ErrBusy
	case sqlite3.SQLITE_NOTADB:
		kind = ErrFormat
	case sqlite3.SQLITE_CORRUPT:
		kind = ErrDamaged
	case sqlite3.SQLITE_ERROR: // a table or column is missing
		kind = fmt.Errorf("%w: %w", ErrDamaged, err)
	case sqlite3.SQLITE_READONLY:
		kind = os.ErrPermission
	case sqlite3.SQLITE_INTERRUPT:
		kind = context.Canceled
	}
	return fmt.Errorf("%s: %w", path, kind)
}
