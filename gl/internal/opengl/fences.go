//go:build gl && cgo

package opengl

import (
	"fmt"
	"time"

	"github.com/go-gl/gl/v4.3-core/gl"

	"offload/gl/internal/driver"
)

// NewFence marks this place in the commands and sends off what is queued.
func (d *Context) NewFence() (driver.Fence, error) {
	f := driver.Fence(gl.FenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0))
	if f == 0 {
		return 0, d.nameless("a fence")
	}
	d.made()
	gl.Flush()
	return f, nil
}

// Wait waits for the fence. After a reset a fence may count as reached, so the
// context's status decides.
func (d *Context) Wait(f driver.Fence, timeout time.Duration) (bool, error) {
	code := gl.ClientWaitSync(uintptr(f), gl.SYNC_FLUSH_COMMANDS_BIT, uint64(max(0, timeout)))
	if err := d.Status(); err != nil {
		return false, fmt.Errorf("a fence: %w", err)
	}
	switch code {
	case gl.ALREADY_SIGNALED, gl.CONDITION_SATISFIED:
		return true, nil
	case gl.TIMEOUT_EXPIRED:
		return false, nil
	}
	return false, fmt.Errorf("a fence: OpenGL: waiting gave %#x", code)
}

// FreeFence frees f.
func (d *Context) FreeFence(f driver.Fence) {
	if f == 0 {
		return
	}
	gl.DeleteSync(uintptr(f))
	d.freed()
}
