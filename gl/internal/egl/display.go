//go:build gl && cgo && linux

package egl

/*
#include "egl.h"
*/
import "C"

// acquire gets the target's display and initialises it. Asking twice for the same
// display gives the same one, so it is terminated only by the last of its users.
func (t Target) acquire() (C.EGLDisplay, error) {
	process.Lock()
	defer process.Unlock()
	d, call := t.display()
	if d == 0 {
		return 0, failed(call)
	}
	if process.users[d] == 0 && C.egl_initialize(d) == C.EGL_FALSE {
		return 0, failed("eglInitialize")
	}
	if process.users == nil {
		process.users = make(map[C.EGLDisplay]int)
	}
	process.users[d]++
	return d, nil
}

func (t Target) display() (d C.EGLDisplay, call string) {
	if t.platform == 0 {
		return C.egl_get_display(), "eglGetDisplay"
	}
	track := C.int(0)
	if t.track {
		track = 1
	}
	return C.egl_get_platform_display(t.platform, t.native, track), "eglGetPlatformDisplay"
}

// release gives the display back. The default display may be in use by a window
// library of the same program, which EGL does not count, so that one stays.
func (t Target) release(d C.EGLDisplay) {
	process.Lock()
	defer process.Unlock()
	process.users[d]--
	if process.users[d] > 0 || t.platform == 0 {
		return
	}
	delete(process.users, d)
	C.egl_terminate(d)
}
