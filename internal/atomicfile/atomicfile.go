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

// Write replaces the file at path by what write writes, as File does. After an error path
// is unchanged.
func Write(path string, write func(io.Writer) error) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	defer f.Close() // even if write panics
	if err := write(f); err != nil {
		return f.fault(err)
	}
	return f.Commit()
}

// File is a file that is written step by step and replaces the one at its path when it is
// complete. The data go to a temporary file in the same folder. The new file has the
// permissions of the old one, and a symbolic link is preserved.
//
// If the path is not of a regular file (a pipe, a terminal, /dev/null, /dev/stdout), the data
// go to it directly.
type File struct {
	path   string      // as given
	target string      // with links resolved
	mode   fs.FileMode // of the old file, 0 if there is none
	stream bool        // the data go to path directly
	file   *os.File
	buffer *bufio.Writer
	closed bool
}

// Create returns a new File for path.
func Create(path string) (*File, error) {
	target, mode, err := resolve(path)
	if err != nil {
		return nil, err
	}
	f := &File{path: path, target: target, mode: mode, stream: !mode.IsRegular() || isStream(path)}
	if f.stream { // append, which keeps what the process has already written to a redirected stdout
		f.file, err = os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	} else {
		f.file, err = create(target)
	}
	if err != nil {
		return nil, err
	}
	f.buffer = bufio.NewWriterSize(f.file, 1<<16)
	return f, nil
}

// Write implements io.Writer.
func (f *File) Write(p []byte) (int, error) {
	n, err := f.buffer.Write(p)
	return n, f.fault(err)
}

// Flush writes what is in the buffer of a File.
func (f *File) Flush() error { return f.fault(f.buffer.Flush()) }

// Reset forgets what was written. It returns an error if the data have gone to the path directly.
func (f *File) Reset() error {
	if f.stream {
		return &fs.PathError{Op: "rewrite", Path: f.path, Err: errors.New("is not a regular file")}
	}
	f.buffer.Reset(f.file)
	_, err := f.file.Seek(0, io.SeekStart)
	return f.fault(errors.Join(err, f.file.Truncate(0)))
}

// Commit writes the file to the disk and replaces the old one by it. After an error the old
// file is unchanged. Either way f is closed.
func (f *File) Commit() error {
	defer f.Close()
	if err := f.Flush(); err != nil {
		return err
	}
	if f.stream {
		f.closed = true
		return f.file.Close()
	}
	if f.mode != 0 {
		if err := f.file.Chmod(f.mode.Perm()); err != nil {
			return err
		}
	}
	if err := f.file.Sync(); err != nil {
		return err
	}
	if err := f.file.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.file.Name(), f.target); err != nil {
		return err
	}
	f.closed = true
	syncFolder(filepath.Dir(f.target))
	return nil
}

// Close ends f. If Commit was not called or has failed, it removes the data.
func (f *File) Close() error {
	if f.closed {
		return nil
	}
	f.closed = true
	f.file.Close()
	if f.stream {
		return nil
	}
	return os.Remove(f.file.Name())
}

// fault names the path in an error of writing.
func (f *File) fault(err error) error {
	var named *fs.PathError
	if err == nil || errors.As(err, &named) && named.Path == f.path {
		return err
	}
	return &fs.PathError{Op: "write", Path: f.path, Err: cause(err, f.file.Name())}
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

// syncFolder makes the new name durable, if the system supports that. The data are on
// disk in any case.
func syncFolder(dir string) {
	if d, err := os.Open(dir); err == nil {
		d.Sync()
		d.Close()
	}
}
