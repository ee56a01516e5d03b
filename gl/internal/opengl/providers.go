//go:build gl && cgo

package opengl

import (
	"fmt"
	"unsafe"

	"offload/gl/internal/egl"
	"offload/gl/internal/window"
)

// context is what a provider makes: an OpenGL context, current on this thread.
type context interface {
	ProcAddr(name string) unsafe.Pointer
	Close()
}

// target is a place where a context can be made.
type target struct {
	name     string // the provider, with the number of the device
	software bool   // the provider says that it computes on the host's cores
	open     func() (context, error)
}

// provider is one way to make contexts, with those that it offers.
type provider struct {
	name    string
	targets []target
}

// providers lists them in the order in which they should be tried, and says why EGL
// is not among them.
func providers() ([]provider, error) {
	list, err := eglProviders()
	return append(list, provider{"glfw", []target{{name: "glfw", open: openWindow}}}), err
}

func openWindow() (context, error) {
	c, err := window.Open()
	if err != nil {
		return nil, err
	}
	return c, nil
}

// eglProviders groups EGL's targets.
func eglProviders() ([]provider, error) {
	targets, err := egl.Targets()
	if err != nil {
		return nil, fmt.Errorf("egl: %w", err)
	}
	var list []provider
	for _, t := range targets {
		if len(list) == 0 || list[len(list)-1].name != t.Provider {
			list = append(list, provider{name: t.Provider})
		}
		p := &list[len(list)-1]
		p.targets = append(p.targets, target{t.Name, t.Software, func() (context, error) {
			c, err := t.Open()
			if err != nil {
				return nil, err
			}
			return c, nil
		}})
	}
	return list, nil
}
