//go:build gl && cgo

package opengl

import (
	"fmt"
	"unsafe"

	"github.com/go-gl/gl/v4.3-core/gl"

	"offload/gl/internal/driver"
	"offload/gl/internal/egl"
	"offload/gl/internal/window"
)

// Context is a driver.Driver on an OpenGL context.
type Context struct {
	provider context
	info     driver.Info
	features features

	live     int  // objects made and not freed
	lost     bool // a reset was seen
	words    map[driver.Program]int32
	location int32                   // of the words of the program in use
	stops    map[driver.Query]uint32 // the query that ends the timer

	framebuffer uint32

	// Results of OpenGL calls, here to be allocated once instead of at each call.
	name   uint32
	number int32
	pair   [2]uint32
	times  [2]uint64
}

// features are the optional parts of OpenGL that the context has.
type features struct {
	storage bool // glBufferStorage
	resets  bool // glGetGraphicsResetStatus
	timers  bool // time stamps
}

// newContext returns a driver on c.
func newContext(c context, t target) (*Context, error) {
	major, minor, err := version(c)
	if err != nil {
		return nil, err
	}
	if err := load(c); err != nil {
		return nil, err
	}
	d := &Context{provider: c, location: -1, words: make(map[driver.Program]int32), stops: make(map[driver.Query]uint32)}
	d.hideWindow()
	d.describe(t, major*10+minor)
	d.recorded() // drop errors of queries that the driver does not support
	return d, d.reset()
}

// hideWindow replaces the window's framebuffer by an empty one. Otherwise llvmpipe
// would take time stamps only when it draws in the window.
func (d *Context) hideWindow() {
	gl.GenFramebuffers(1, &d.framebuffer)
	gl.BindFramebuffer(gl.FRAMEBUFFER, d.framebuffer)
}

// Info returns a description of the context.
func (d *Context) Info() driver.Info { return d.info }

// Live returns the number of objects made and not freed.
func (d *Context) Live() int { return d.live }

// Close frees the context.
func (d *Context) Close() {
	gl.DeleteFramebuffers(1, &d.framebuffer)
	d.provider.Close()
}

func (d *Context) made() { d.live++ }

func (d *Context) freed() { d.live-- }

// integer returns a parameter of the context.
func integer(name uint32) int {
	var v int64
	gl.GetInteger64v(name, &v)
	return int(v)
}

// context is an OpenGL context of a provider, current on this thread.
type context interface {
	ProcAddr(name string) unsafe.Pointer
	Close()
}

// target is a display or device on which a context can be created.
type target struct {
	name     string // the provider, with the number of the device
	software bool   // the provider reports a software rasteriser
	open     func() (context, error)
}

// provider is a way to create contexts, with its targets.
type provider struct {
	name    string
	targets []target
}

// providers returns the providers in the order in which they should be tried, and an
// error if EGL is not among them.
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
