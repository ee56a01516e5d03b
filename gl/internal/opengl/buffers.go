//go:build gl && cgo

package opengl

import (
	"fmt"
	"unsafe"

	"github.com/go-gl/gl/v4.3-core/gl"

	"offload/gl/internal/driver"
)

// mapped is the access to staging. Staging lies in cached host memory, so that the
// host reads it at full speed, and is coherent, so that the device's writes are
// visible after a fence.
const mapped = gl.MAP_READ_BIT | gl.MAP_WRITE_BIT | gl.MAP_PERSISTENT_BIT | gl.MAP_COHERENT_BIT

// NewBuffer allocates device memory, set to zero.
func (d *Context) NewBuffer(bytes int) (driver.Buffer, error) {
	b, err := d.genBuffer()
	if err != nil {
		return 0, err
	}
	if d.features.storage {
		gl.BufferStorage(gl.COPY_WRITE_BUFFER, bytes, nil, gl.DYNAMIC_STORAGE_BIT)
	} else {
		gl.BufferData(gl.COPY_WRITE_BUFFER, bytes, nil, gl.STATIC_COPY)
	}
	if err := d.Status(); err != nil {
		d.FreeBuffer(b)
		return 0, fmt.Errorf("a buffer of %d bytes: %w", bytes, err)
	}
	format, layout, typ := uint32(gl.R32UI), uint32(gl.RED_INTEGER), uint32(gl.UNSIGNED_INT)
	if bytes%4 != 0 {
		format, typ = gl.R8UI, gl.UNSIGNED_BYTE
	}
	gl.ClearBufferData(gl.COPY_WRITE_BUFFER, format, layout, typ, nil)
	if err := d.Status(); err != nil {
		d.FreeBuffer(b)
		return 0, fmt.Errorf("a buffer of %d bytes: %w", bytes, err)
	}
	return b, nil
}

// NewStaging allocates memory that stays mapped until it is freed.
func (d *Context) NewStaging(bytes int) (driver.Buffer, []byte, error) {
	if !d.features.storage {
		return 0, nil, driver.ErrNoMapping
	}
	b, err := d.genBuffer()
	if err != nil {
		return 0, nil, err
	}
	gl.BufferStorage(gl.COPY_WRITE_BUFFER, bytes, nil, mapped|gl.CLIENT_STORAGE_BIT)
	if err := d.Status(); err != nil {
		d.FreeBuffer(b)
		return 0, nil, fmt.Errorf("staging of %d bytes: %w", bytes, err)
	}
	p := gl.MapBufferRange(gl.COPY_WRITE_BUFFER, 0, bytes, mapped)
	err = d.Status()
	if length := d.mapLength(); err == nil && (p == nil || length != bytes) {
		err = fmt.Errorf("%w: %d bytes were mapped", driver.ErrNoMapping, length)
	}
	if err != nil {
		d.FreeBuffer(b)
		return 0, nil, fmt.Errorf("staging of %d bytes: %w", bytes, err)
	}
	return b, unsafe.Slice((*byte)(p), bytes), nil
}

// mapLength returns how many bytes of the buffer that was bound last are mapped.
func (d *Context) mapLength() int {
	var length int64
	gl.GetBufferParameteri64v(gl.COPY_WRITE_BUFFER, gl.BUFFER_MAP_LENGTH, &length)
	return int(length)
}

// genBuffer creates a buffer without memory and binds it for writing.
func (d *Context) genBuffer() (driver.Buffer, error) {
	d.name = 0
	gl.GenBuffers(1, &d.name)
	if d.name == 0 {
		return 0, d.nameless("a buffer")
	}
	gl.BindBuffer(gl.COPY_WRITE_BUFFER, d.name)
	d.made()
	return driver.Buffer(d.name), nil
}

// nameless returns the error for an object that the driver failed to create.
func (d *Context) nameless(what string) error {
	if err := d.Status(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return fmt.Errorf("%s: %w", what, driver.ErrOutOfMemory)
}

// FreeBuffer frees b and its mapping.
func (d *Context) FreeBuffer(b driver.Buffer) {
	if b == 0 {
		return
	}
	d.name = uint32(b)
	gl.DeleteBuffers(1, &d.name)
	d.freed()
}

// Copy copies bytes between buffers.
func (d *Context) Copy(dst driver.Buffer, dstOffset int, src driver.Buffer, srcOffset, bytes int) {
	gl.BindBuffer(gl.COPY_READ_BUFFER, uint32(src))
	gl.BindBuffer(gl.COPY_WRITE_BUFFER, uint32(dst))
	gl.CopyBufferSubData(gl.COPY_READ_BUFFER, gl.COPY_WRITE_BUFFER, srcOffset, dstOffset, bytes)
}

// Upload copies src to a buffer.
func (d *Context) Upload(dst driver.Buffer, offset int, src []byte) error {
	if len(src) == 0 {
		return d.Status()
	}
	gl.BindBuffer(gl.COPY_WRITE_BUFFER, uint32(dst))
	gl.BufferSubData(gl.COPY_WRITE_BUFFER, offset, len(src), unsafe.Pointer(&src[0]))
	return d.Status()
}

// Download copies from a buffer to dst. The data are valid only if it returns nil:
// the context may have been reset meanwhile.
func (d *Context) Download(dst []byte, src driver.Buffer, offset int) error {
	if len(dst) == 0 {
		return d.Status()
	}
	gl.BindBuffer(gl.COPY_READ_BUFFER, uint32(src))
	gl.GetBufferSubData(gl.COPY_READ_BUFFER, offset, len(dst), unsafe.Pointer(&dst[0]))
	return d.Status()
}
