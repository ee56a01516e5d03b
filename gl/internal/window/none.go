//go:build !gl || !glfw || !cgo || darwin

package window

import (
	"errors"
	"runtime"
	"unsafe"
)

// Context is never made here.
type Context struct{}

// Open fails: this program was built without GLFW, or the system's OpenGL is too
// old to compute.
func Open() (*Context, error) {
	if runtime.GOOS == "darwin" {
		return nil, errors.New("macOS has no OpenGL later than 4.1")
	}
	return nil, errors.New("built without it; rebuild with -tags gl,glfw")
}

// ProcAddr is nil.
func (*Context) ProcAddr(string) unsafe.Pointer { return nil }

// Close does nothing.
func (*Context) Close() {}
