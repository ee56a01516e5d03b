//go:build gl && cgo && linux

package egl

/*
#cgo LDFLAGS: -Wl,--as-needed -ldl
#include <stdlib.h>
#include "egl.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"unsafe"
)

// process is the state of EGL that is shared by the process: the library, and for
// each display the number of contexts that need it initialised.
var process struct {
	sync.Mutex
	users map[C.EGLDisplay]int
}

// load opens libEGL once.
func load() error {
	process.Lock()
	defer process.Unlock()
	if msg := C.egl_load(); msg != nil {
		return errors.New(C.GoString(msg))
	}
	return nil
}

// extensions returns the extensions of the display, or of the library if d is 0.
func extensions(d C.EGLDisplay) map[string]bool {
	return fields(C.egl_query_string(d, C.EGL_EXTENSIONS))
}

func fields(s *C.char) map[string]bool {
	set := make(map[string]bool)
	if s == nil {
		return set
	}
	for _, name := range strings.Fields(C.GoString(s)) {
		set[name] = true
	}
	return set
}

func procAddr(name string) unsafe.Pointer {
	s := C.CString(name)
	defer C.free(unsafe.Pointer(s))
	return unsafe.Pointer(C.egl_get_proc_address(s))
}

// failed returns the error of the call that has just failed on this thread.
func failed(call string) error {
	code := C.egl_get_error()
	if name, ok := codes[code]; ok {
		return fmt.Errorf("%s: %s", call, name)
	}
	return fmt.Errorf("%s: EGL error %#x", call, int(code))
}

var codes = map[C.EGLint]string{
	C.EGL_SUCCESS:             "no reason given",
	C.EGL_NOT_INITIALIZED:     "EGL_NOT_INITIALIZED",
	C.EGL_BAD_ACCESS:          "EGL_BAD_ACCESS",
	C.EGL_BAD_ALLOC:           "EGL_BAD_ALLOC",
	C.EGL_BAD_ATTRIBUTE:       "EGL_BAD_ATTRIBUTE",
	C.EGL_BAD_CONFIG:          "EGL_BAD_CONFIG",
	C.EGL_BAD_CONTEXT:         "EGL_BAD_CONTEXT",
	C.EGL_BAD_CURRENT_SURFACE: "EGL_BAD_CURRENT_SURFACE",
	C.EGL_BAD_DISPLAY:         "EGL_BAD_DISPLAY",
	C.EGL_BAD_MATCH:           "EGL_BAD_MATCH",
	C.EGL_BAD_NATIVE_PIXMAP:   "EGL_BAD_NATIVE_PIXMAP",
	C.EGL_BAD_NATIVE_WINDOW:   "EGL_BAD_NATIVE_WINDOW",
	C.EGL_BAD_PARAMETER:       "EGL_BAD_PARAMETER",
	C.EGL_BAD_SURFACE:         "EGL_BAD_SURFACE",
	C.EGL_CONTEXT_LOST:        "EGL_CONTEXT_LOST",
}
