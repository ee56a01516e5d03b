package archive

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lock keeps other Writers away from a file until it is released or the process ends.
type lock struct{ file *os.File }

func lockFile(path string) (*lock, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		f.Close()
		return nil, fmt.Errorf("%s: %w", path, ErrBusy)
	}
	return &lock{f}, nil // a file system without locks has none
}

func (l *lock) release() error { return l.file.Close() }
