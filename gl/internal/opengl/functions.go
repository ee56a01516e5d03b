//go:build gl && cgo

package opengl

/*
typedef const unsigned char *(*get_string)(unsigned int);
static const char *call_get_string(void *f, unsigned int name) { return (const char *)((get_string)f)(name); }
*/
import "C"

import (
	"errors"
	"fmt"
	"sync"
	"unsafe"

	"github.com/go-gl/gl/v4.3-core/gl"
)

// loaded tracks the functions that go-gl has loaded. It keeps them in global
// variables, one set for the process.
var loaded struct {
	sync.Mutex
	dispatch unsafe.Pointer // address of glDispatchCompute
}

// load loads go-gl's functions for the context c. Its version must be 4.3 or later,
// because go-gl stops at the first missing function.
func load(c context) error {
	loaded.Lock()
	defer loaded.Unlock()
	dispatch := c.ProcAddr("glDispatchCompute")
	switch {
	case dispatch == nil:
		return errors.New("glDispatchCompute is missing")
	case dispatch == loaded.dispatch:
		return nil
	case loaded.dispatch != nil:
		return errors.New("another OpenGL library is in use in this process")
	}
	if err := gl.InitWithProcAddrFunc(c.ProcAddr); err != nil {
		return fmt.Errorf("%w is missing", err)
	}
	loaded.dispatch = dispatch
	return nil
}

// version returns the version of c. It works before load.
func version(c context) (major, minor int, err error) {
	f := c.ProcAddr("glGetString")
	if f == nil {
		return 0, 0, errors.New("glGetString is missing")
	}
	s := C.call_get_string(f, gl.VERSION)
	if s == nil {
		return 0, 0, errors.New("the context reports no version")
	}
	text := C.GoString(s)
	if _, err := fmt.Sscanf(text, "%d.%d", &major, &minor); err != nil {
		return 0, 0, fmt.Errorf("malformed version %q", text)
	}
	if major < 4 || major == 4 && minor < 3 {
		return 0, 0, fmt.Errorf("OpenGL %s is too old; 4.3 is needed", text)
	}
	return major, minor, nil
}
