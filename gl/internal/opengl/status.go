//go:build gl && cgo

package opengl

import (
	"fmt"

	"github.com/go-gl/gl/v4.3-core/gl"

	"offload/gl/internal/driver"
)

// Status is nil while the context works. A reset is reported once by OpenGL and from
// then on by us.
func (d *Context) Status() error {
	if err := d.reset(); err != nil {
		return err
	}
	return d.recorded()
}

func (d *Context) reset() error {
	if d.lost {
		return driver.ErrReset
	}
	if !d.info.Robust {
		return nil
	}
	code := gl.GetGraphicsResetStatus()
	if code == gl.NO_ERROR {
		return nil
	}
	d.lost = true
	switch code {
	case gl.GUILTY_CONTEXT_RESET:
		return fmt.Errorf("%w: the work of this program was the cause", driver.ErrReset)
	case gl.INNOCENT_CONTEXT_RESET:
		return fmt.Errorf("%w: the work of another program was the cause", driver.ErrReset)
	}
	return driver.ErrReset
}

// recorded takes all errors that OpenGL has recorded and returns the first. The loop
// has an end because a lost context may report errors for ever.
func (d *Context) recorded() error {
	var first error
	for range 16 {
		code := gl.GetError()
		if code == gl.NO_ERROR {
			break
		}
		if first == nil {
			first = d.errorOf(code)
		}
	}
	return first
}

func (d *Context) errorOf(code uint32) error {
	switch code {
	case gl.OUT_OF_MEMORY:
		return driver.ErrOutOfMemory
	case gl.CONTEXT_LOST:
		d.lost = true
		return driver.ErrReset
	case gl.INVALID_ENUM:
		return fmt.Errorf("OpenGL: GL_INVALID_ENUM")
	case gl.INVALID_VALUE:
		return fmt.Errorf("OpenGL: GL_INVALID_VALUE")
	case gl.INVALID_OPERATION:
		return fmt.Errorf("OpenGL: GL_INVALID_OPERATION")
	}
	return fmt.Errorf("OpenGL: error %#x", code)
}
