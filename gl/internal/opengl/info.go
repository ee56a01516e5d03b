//go:build gl && cgo

package opengl

import (
	"fmt"

	"github.com/go-gl/gl/v4.3-core/gl"

	"offload/gl/internal/driver"
)

// describe fills in d.features and d.info. Version is 10·major + minor.
func (d *Context) describe(t target, version int) {
	has := extensions()
	var counter int32
	gl.GetQueryiv(gl.TIMESTAMP, gl.QUERY_COUNTER_BITS, &counter)
	d.features = features{
		storage: version >= 44 || has["GL_ARB_buffer_storage"],
		resets:  version >= 45 || has["GL_KHR_robustness"],
		timers:  counter > 0,
	}
	d.info = driver.Info{
		Vendor:   text(gl.VENDOR),
		Renderer: text(gl.RENDERER),
		Version:  text(gl.VERSION),
		Language: text(gl.SHADING_LANGUAGE_VERSION),
		Provider: t.name,

		Doubles:  true, // part of OpenGL since 4.0
		Binaries: integer(gl.NUM_PROGRAM_BINARY_FORMATS) > 0,
		Staging:  d.features.storage,
		Robust:   d.features.resets && integer(gl.RESET_NOTIFICATION_STRATEGY) == gl.LOSE_CONTEXT_ON_RESET,

		Memory:        freeMemory(has),
		StorageBytes:  integer(gl.MAX_SHADER_STORAGE_BLOCK_SIZE),
		StorageAlign:  max(1, integer(gl.SHADER_STORAGE_BUFFER_OFFSET_ALIGNMENT)),
		StorageBlocks: integer(gl.MAX_COMPUTE_SHADER_STORAGE_BLOCKS),
		GroupsInRow:   first(gl.MAX_COMPUTE_WORK_GROUP_COUNT),
		GroupSize:     min(first(gl.MAX_COMPUTE_WORK_GROUP_SIZE), integer(gl.MAX_COMPUTE_WORK_GROUP_INVOCATIONS)),
		SharedBytes:   integer(gl.MAX_COMPUTE_SHARED_MEMORY_SIZE),
	}
	d.info.Software = t.software || isSoftware(d.info.Renderer)
}

// freeMemory returns the free device memory in bytes, or 0 if the driver has neither
// of the extensions that report it (in KiB).
func freeMemory(has map[string]bool) int64 {
	const (
		available = 0x9049 // GPU_MEMORY_INFO_CURRENT_AVAILABLE_VIDMEM_NVX
		vboFree   = 0x87fb // VBO_FREE_MEMORY_ATI: all, largest block, and the same of the host's memory
	)
	var kib [4]int32
	switch {
	case has["GL_NVX_gpu_memory_info"]:
		gl.GetIntegerv(available, &kib[0])
	case has["GL_ATI_meminfo"]:
		gl.GetIntegerv(vboFree, &kib[0])
	}
	return int64(kib[0]) << 10
}

func text(name uint32) string { return gl.GoStr(gl.GetString(name)) }

// first returns a limit in the first of three dimensions.
func first(name uint32) int {
	var v int32
	gl.GetIntegeri_v(name, 0, &v)
	return int(v)
}

// extensions returns the extensions of the context.
func extensions() map[string]bool {
	set := make(map[string]bool)
	for i := range integer(gl.NUM_EXTENSIONS) {
		set[gl.GoStr(gl.GetStringi(gl.EXTENSIONS, uint32(i)))] = true
	}
	return set
}

// Status returns nil while the context works. OpenGL reports a reset only once, so
// Context remembers it.
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
		return fmt.Errorf("%w: caused by this program", driver.ErrReset)
	case gl.INNOCENT_CONTEXT_RESET:
		return fmt.Errorf("%w: caused by another program", driver.ErrReset)
	}
	return driver.ErrReset
}

// recorded clears the errors that OpenGL has recorded and returns the first. The loop
// is bounded because a lost context may report errors endlessly.
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
