//go:build gl && cgo && linux

package egl

/*
#include "egl.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"unsafe"
)

// Context is an OpenGL context, current on the thread that opened it.
type Context struct {
	target  Target
	display C.EGLDisplay
	context C.EGLContext
	surface C.EGLSurface // nil if the display supports contexts without one
}

// Open creates a context for OpenGL 4.3 or later, core profile, and makes it current
// on the calling thread, to which the goroutine must be locked.
func (t Target) Open() (*Context, error) {
	d, err := t.acquire()
	if err != nil {
		return nil, err
	}
	c := &Context{target: t, display: d}
	if err := c.make(); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (c *Context) make() error {
	if C.egl_bind_opengl() == C.EGL_FALSE {
		return failed("eglBindAPI")
	}
	has := extensions(c.display)
	surfaces := C.EGLint(0) // any
	if !has["EGL_KHR_surfaceless_context"] {
		surfaces = C.EGL_PBUFFER_BIT
	}
	config := C.egl_choose_config(c.display, surfaces)
	if config == 0 {
		return errors.New("eglChooseConfig: no configuration for OpenGL")
	}
	if err := c.create(config); err != nil {
		return err
	}
	if surfaces != 0 {
		if c.surface = C.egl_create_pbuffer(c.display, config); c.surface == nil {
			return failed("eglCreatePbufferSurface")
		}
	}
	if C.egl_make_current(c.display, c.surface, c.context) == C.EGL_FALSE {
		return failed("eglMakeCurrent")
	}
	if procAddr("glGetString") == nil {
		return errors.New("eglGetProcAddress: core functions of OpenGL not found")
	}
	return nil
}

// create creates a context that reports resets, if the driver supports that. Robust
// buffer access costs time at each access, and the bounds of a launch are checked
// before, so it is requested only if the driver does not report resets without it.
func (c *Context) create(config C.EGLConfig) error {
	notify := []C.EGLint{C.EGL_CONTEXT_OPENGL_RESET_NOTIFICATION_STRATEGY_KHR, C.EGL_LOSE_CONTEXT_ON_RESET_KHR}
	robust := append([]C.EGLint{C.EGL_CONTEXT_FLAGS_KHR, C.EGL_CONTEXT_OPENGL_ROBUST_ACCESS_BIT_KHR}, notify...)
	for _, wish := range [][]C.EGLint{notify, robust, nil} {
		attributes := append([]C.EGLint{
			C.EGL_CONTEXT_MAJOR_VERSION_KHR, 4,
			C.EGL_CONTEXT_MINOR_VERSION_KHR, 3,
			C.EGL_CONTEXT_OPENGL_PROFILE_MASK_KHR, C.EGL_CONTEXT_OPENGL_CORE_PROFILE_BIT_KHR,
		}, wish...)
		attributes = append(attributes, C.EGL_NONE)
		if c.context = C.egl_create_context(c.display, config, &attributes[0]); c.context != nil {
			return nil
		}
	}
	return fmt.Errorf("no OpenGL 4.3: %w", failed("eglCreateContext"))
}

// ProcAddr returns the address of an OpenGL function. It may return one for a
// function that the driver lacks, so check versions and extensions.
func (c *Context) ProcAddr(name string) unsafe.Pointer { return procAddr(name) }

// Close frees the context with its objects. It must be called on the thread of Open.
func (c *Context) Close() {
	C.egl_make_current(c.display, nil, nil)
	if c.surface != nil {
		C.egl_destroy_surface(c.display, c.surface)
	}
	if c.context != nil {
		C.egl_destroy_context(c.display, c.context)
	}
	C.egl_release_thread()
	c.target.release(c.display)
}
