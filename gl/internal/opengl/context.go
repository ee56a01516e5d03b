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

// Context is a driver.Driver on a context of OpenGL.
type Context struct {
	provider context
	info     driver.Info
	features features

	live     int  // objects made and not freed
	lost     bool // a reset was seen
	words    map[driver.Program]int32
	location int32                   // of the words of the program in use
	stops    map[driver.Query]uint32 // where a timer that starts there stops

	framebuffer uint32

	// Where OpenGL puts results; on the heap once, instead of at each call.
	name   uint32
	number int32
	pair   [2]uint32
	times  [2]uint64
}

// features are what the context has beyond version 4.3, and what it may lack.
type features struct {
	storage bool // glBufferStorage
	resets  bool // glGetGraphicsResetStatus
	timers  bool // time stamps
}

// newContext describes c and makes a driver of it.
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
	d.recorded() // of questions that this driver does not understand; the answer is no
	return d, d.reset()
}

// hideWindow puts an empty framebuffer in place of that of a window, which has no
// part in what is computed: llvmpipe takes time stamps only when it draws there.
func (d *Context) hideWindow() {
	gl.GenFramebuffers(1, &d.framebuffer)
	gl.BindFramebuffer(gl.FRAMEBUFFER, d.framebuffer)
}

// Info describes the context.
func (d *Context) Info() driver.Info { return d.info }

// Live is the number of objects made and not freed.
func (d *Context) Live() int { return d.live }

// Close frees the context.
func (d *Context) Close() {
	gl.DeleteFramebuffers(1, &d.framebuffer)
	d.provider.Close()
}

func (d *Context) made() { d.live++ }

func (d *Context) freed() { d.live-- }

// integer asks for a number that the context has.
func integer(name uint32) int {
	var v int64
	gl.GetInteger64v(name, &v)
	return int(v)
}

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
