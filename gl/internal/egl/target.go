//go:build gl && cgo && linux

package egl

/*
#include "egl.h"
*/
import "C"

import (
	"fmt"
	"strings"
	"unsafe"
)

// The providers.
const (
	device      = "egl device"
	surfaceless = "egl surfaceless"
	fallback    = "egl default display"
)

// Target is a display on which a context can be created.
type Target struct {
	Provider string // egl device, egl surfaceless, egl default display
	Name     string // the provider, with the number and the file of a device
	Software bool   // EGL reports a software rasteriser

	platform C.EGLenum
	native   unsafe.Pointer
	track    bool
}

// Targets returns the displays in the order in which they should be tried. It fails
// only if libEGL cannot be loaded.
func Targets() ([]Target, error) {
	if err := load(); err != nil {
		return nil, err
	}
	client := extensions(0)
	track := client["EGL_KHR_display_reference"]
	var targets []Target
	if client["EGL_EXT_platform_device"] {
		targets = devices(track)
	}
	if client["EGL_MESA_platform_surfaceless"] {
		targets = append(targets, Target{Provider: surfaceless, Name: surfaceless, platform: C.EGL_PLATFORM_SURFACELESS_MESA, track: track})
	}
	return append(targets, Target{Provider: fallback, Name: fallback}), nil
}

// devices returns the targets of EGL_EXT_platform_device, in the library's order.
func devices(track bool) []Target {
	var n C.EGLint
	if C.egl_query_devices(0, nil, &n) == C.EGL_FALSE || n == 0 {
		return nil
	}
	handles := make([]C.EGLDeviceEXT, n)
	if C.egl_query_devices(n, &handles[0], &n) == C.EGL_FALSE {
		return nil
	}
	targets := make([]Target, 0, n)
	for i, h := range handles[:n] {
		has := fields(C.egl_query_device_string(h, C.EGL_EXTENSIONS))
		t := Target{Provider: device, Name: fmt.Sprintf("%s %d", device, i), platform: C.EGL_PLATFORM_DEVICE_EXT, native: unsafe.Pointer(h), track: track}
		t.Software = has["EGL_MESA_device_software"]
		if has["EGL_EXT_device_drm"] {
			if file := C.egl_query_device_string(h, C.EGL_DRM_DEVICE_FILE_EXT); file != nil {
				t.Name += " (" + strings.TrimSpace(C.GoString(file)) + ")"
			}
		}
		targets = append(targets, t)
	}
	return targets
}
