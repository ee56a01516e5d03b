// Package atomicfile writes files completely or not at all.
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// Write replaces the file at path by what write writes. The data go to a temporary
// file in the same folder, which replaces path once it is complete and on disk. After
// an error the temporary file is removed and path is unchanged. The new file has the
// permissions of the old one, and a symbolic link is preserved.
//
// If path is not a regular file (a pipe, a terminal, /dev/null, /dev/stdout), Write
// writes to it directly.
func Write(path string, write func(io.Writer) error) error {
	target, mode, err := resolve(path)
	if err != nil {
		return err
	}
	if !mode.IsRegular() || isStream(path) {
		return direct(path, write)
	}
	return replace(target, mode, write)
}

// resolve returns the file that path refers to, with links resolved, and its mode. The
// mode of a new file is 0, as for a regular file.
func resolve(path string) (string, fs.FileMode, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return path, 0, nil
	}
	if err != nil {
		return "", 0, err
	}
	if info.IsDir() {
		return "", 0, &fs.PathError{Op: "write", Path: path, Err: errors.New("is a folder")}
	}
	if !info.Mode().IsRegular() || isStream(path) {
		return path, info.Mode(), nil
	}
	target, err := filepath.EvalSymlinks(path)
	return target, info.Mode(), err
}

// isStream reports whether path names an open file of the process. That may be a
// regular file, but it must not be replaced by another.
func isStream(path string) bool {
	path = filepath.ToSlash(filepath.Clean(path))
	switch path {
	case "/dev/stdout", "/dev/stderr":
		return true
	}
	return strings.HasPrefix(path, "/dev/fd/") ||
		strings.HasPrefix(path, "/proc/") && strings.Contains(path, "/fd/")
}

// direct writes to an existing file. It appends, which keeps what the process has
// already written to a redirected stdout.
func direct(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	return errors.Join(buffered(f, path, write), f.Close())
}

// replace writes a temporary file and renames it.
func replace(path string, old fs.FileMode, write func(io.Writer) error) (err error) {
	f, err := create(path)
	if err != nil {
		return err
	}
	complete := false
	defer func() { // even if write panics
		if !complete {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if err := buffered(f, path, write); err != nil {
		return err
	}
	if old != 0 {
		if err := f.Chmod(old.Perm()); err != nil {
			return err
		}
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	complete = true
	syncFolder(filepath.Dir(path))
	return nil
}

// attempts bounds the search for an unused name.
const attempts = 100

// create creates a temporary file in the folder of path, with the default permissions
// of new files.
func create(path string) (*os.File, error) {
	for range attempts {
		name := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s.%08x.tmp", short(filepath.Base(path)), rand.Uint32()))
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, &fs.PathError{Op: "create", Path: path, Err: cause(err, name)}
		}
		return f, nil
	}
	return nil, &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}
}

// short shortens a name, so that the temporary name is within the limit of file systems.
func short(base string) string {
	const most = 200
	if len(base) > most {
		return base[:most]
	}
	return base
}

// cause removes the temporary name from an error. It does not change errors about
// other files.
func cause(err error, name string) error {
	if path, ok := err.(*fs.PathError); ok && path.Path == name {
		return path.Err
	}
	return err
}

// buffered calls write with a buffer on f.
func buffered(f *os.File, path string, write func(io.Writer) error) error {
	w := bufio.NewWriterSize(f, 1<<16)
	err := write(w)
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		return &fs.PathError{Op: "write", Path: path, Err: cause(err, f.Name())}
	}
	return nil
}

// syncFolder makes the new name durable, if the system supports that. The data are on
// disk in any case.
func syncFolder(dir string) {
	if d, err := os.Open(dir); err == nil {
		d.Sync()
		d.Close()
	}
}
