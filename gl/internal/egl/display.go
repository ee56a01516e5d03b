//go:build gl && cgo && linux

package egl

/*
#include "egl.h"
*/
import "C"

// acquire returns the target's display, initialised. EGL returns the same display
// for the same target, so only the last user terminates it.
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

// release drops one use of the display. The default display is never terminated: a
// window library of the same program may use it, and EGL does not count its uses.
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
