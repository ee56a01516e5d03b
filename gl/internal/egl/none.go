//go:build gl && cgo && !linux

package egl

import (
	"errors"
	"unsafe"
)

// Target is a place where a context can be made; there is none here.
type Target struct {
	Provider string
	Name     string
	Software bool
}

// Targets fails: only Linux has EGL.
func Targets() ([]Target, error) {
	return nil, errors.New("there is no EGL on this platform")
}

// Context is never made here.
type Context struct{}

// Open fails.
func (Target) Open() (*Context, error) {
	_, err := Targets()
	return nil, err
}

// ProcAddr is nil.
func (*Context) ProcAddr(string) unsafe.Pointer { return nil }

// Close does nothing.
func (*Context) Close() {}
