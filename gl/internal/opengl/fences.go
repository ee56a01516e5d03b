//go:build gl && cgo

package opengl

import (
	"fmt"
	"time"

	"github.com/go-gl/gl/v4.3-core/gl"

	"offload/gl/internal/driver"
)

// NewFence queues a fence and flushes the commands.
func (d *Context) NewFence() (driver.Fence, error) {
	f := driver.Fence(gl.FenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0))
	if f == 0 {
		return 0, d.nameless("a fence")
	}
	d.made()
	gl.Flush()
	return f, nil
}

// Wait waits for the fence, at most timeout, and reports whether it is signaled.
// After a reset fences may seem to be signaled, so it checks the context's status.
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

// A timer is two time stamps that the device takes when it reaches them. One query of
// elapsed time would do, but with that Mesa's llvmpipe measures only drawing, not
// compute shaders.

// StartTimer starts a timer. It returns 0 if the context has none.
func (d *Context) StartTimer() driver.Query {
	if !d.features.timers {
		return 0
	}
	d.pair = [2]uint32{}
	gl.GenQueries(2, &d.pair[0])
	if d.pair[0] == 0 || d.pair[1] == 0 {
		gl.DeleteQueries(2, &d.pair[0])
		return 0
	}
	d.made()
	q := driver.Query(d.pair[0])
	d.stops[q] = d.pair[1]
	gl.QueryCounter(d.pair[0], gl.TIMESTAMP)
	return q
}

// StopTimer stops a timer.
func (d *Context) StopTimer(q driver.Query) {
	if q != 0 {
		gl.QueryCounter(d.stops[q], gl.TIMESTAMP)
	}
}

// Elapsed returns the time that q measured, and false while that is pending.
func (d *Context) Elapsed(q driver.Query) (time.Duration, bool) {
	if q == 0 {
		return 0, false
	}
	stop := d.stops[q]
	d.number = 0
	gl.GetQueryObjectiv(stop, gl.QUERY_RESULT_AVAILABLE, &d.number)
	if d.number == 0 {
		return 0, false
	}
	gl.GetQueryObjectui64v(uint32(q), gl.QUERY_RESULT, &d.times[0])
	gl.GetQueryObjectui64v(stop, gl.QUERY_RESULT, &d.times[1])
	return max(0, time.Duration(d.times[1]-d.times[0])), true
}

// FreeTimer frees q.
func (d *Context) FreeTimer(q driver.Query) {
	if q == 0 {
		return
	}
	d.pair = [2]uint32{uint32(q), d.stops[q]}
	delete(d.stops, q)
	gl.DeleteQueries(2, &d.pair[0])
	d.freed()
}
