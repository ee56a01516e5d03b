//go:build !gl || !glfw || !cgo || darwin

package window

import (
	"errors"
	"runtime"
	"unsafe"
)

// Context is never created here.
type Context struct{}

// Open returns an error: the program was built without GLFW, or the system's OpenGL
// has no compute shaders.
func Open() (*Context, error) {
	if runtime.GOOS == "darwin" {
		return nil, errors.New("macOS has no OpenGL later than 4.1")
	}
	return nil, errors.New("built without GLFW; rebuild with -tags gl,glfw")
}

// ProcAddr returns nil.
func (*Context) ProcAddr(string) unsafe.Pointer { return nil }

// Close does nothing.
func (*Context) Close() {}
