//go:build gl && cgo

package opengl

import (
	"time"

	"github.com/go-gl/gl/v4.3-core/gl"

	"offload/gl/internal/driver"
)

// StartTimer begins to measure. OpenGL measures one stretch at a time.
func (d *Context) StartTimer() driver.Query {
	if !d.features.timers {
		return 0
	}
	d.name = 0
	gl.GenQueries(1, &d.name)
	if d.name == 0 {
		return 0
	}
	d.made()
	gl.BeginQuery(gl.TIME_ELAPSED, d.name)
	return driver.Query(d.name)
}

// StopTimer ends the measurement that StartTimer began.
func (d *Context) StopTimer(q driver.Query) {
	if q != 0 {
		gl.EndQuery(gl.TIME_ELAPSED)
	}
}

// Elapsed is what q has measured, once that is known.
func (d *Context) Elapsed(q driver.Query) (time.Duration, bool) {
	if q == 0 {
		return 0, false
	}
	d.number = 0
	gl.GetQueryObjectiv(uint32(q), gl.QUERY_RESULT_AVAILABLE, &d.number)
	if d.number == 0 {
		return 0, false
	}
	gl.GetQueryObjectui64v(uint32(q), gl.QUERY_RESULT, &d.wide)
	return time.Duration(d.wide), true
}

// FreeTimer frees q.
func (d *Context) FreeTimer(q driver.Query) {
	if q == 0 {
		return
	}
	d.name = uint32(q)
	gl.DeleteQueries(1, &d.name)
	d.freed()
}
