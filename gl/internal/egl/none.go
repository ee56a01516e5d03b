//go:build gl && cgo && !linux

package egl

import (
	"errors"
	"unsafe"
)

// Target is a display on which a context can be created; there are none here.
type Target struct {
	Provider string
	Name     string
	Software bool
}

// Targets returns an error: EGL is supported only on Linux.
func Targets() ([]Target, error) {
	return nil, errors.New("no EGL on this platform")
}

// Context is never created here.
type Context struct{}

// Open returns the error of Targets.
func (Target) Open() (*Context, error) {
	_, err := Targets()
	return nil, err
}

// ProcAddr returns nil.
func (*Context) ProcAddr(string) unsafe.Pointer { return nil }

// Close does nothing.
func (*Context) Close() {}
