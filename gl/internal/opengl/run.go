//go:build gl && cgo

package opengl

import (
	"github.com/go-gl/gl/v4.3-core/gl"

	"offload/gl/internal/driver"
)

// Use makes p the program of the dispatches that follow.
func (d *Context) Use(p driver.Program) {
	gl.UseProgram(uint32(p))
	location, ok := d.words[p]
	if !ok {
		location = -1 // OpenGL ignores what is set there
	}
	d.location = location
}

// SetWords sets the words of the program in use.
func (d *Context) SetWords(words []uint32) {
	if len(words) > 0 {
		gl.Uniform1uiv(d.location, int32(len(words)), &words[0])
	}
}

// Bind binds bytes of a buffer to a storage block.
func (d *Context) Bind(index int, b driver.Buffer, offset, bytes int) {
	gl.BindBufferRange(gl.SHADER_STORAGE_BUFFER, uint32(index), uint32(b), offset, bytes)
}

// Dispatch queues work-groups in a row.
func (d *Context) Dispatch(groups int) {
	gl.DispatchCompute(uint32(groups), 1, 1)
}

// Barrier makes what earlier dispatches wrote visible: to dispatches, to copies, and
// in what is mapped.
func (d *Context) Barrier() {
	bits := uint32(gl.SHADER_STORAGE_BARRIER_BIT | gl.BUFFER_UPDATE_BARRIER_BIT)
	if d.features.storage {
		bits |= gl.CLIENT_MAPPED_BUFFER_BARRIER_BIT
	}
	gl.MemoryBarrier(bits)
}
