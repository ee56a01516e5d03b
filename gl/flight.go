package gl

import (
	"context"

	"offload/gl/internal/driver"
)

// flight is what was handed to the driver and is not known to be done.
type flight struct {
	marks    []mark // oldest first
	seconds  float64
	unmarked float64 // seconds since the last mark
	spans    int     // since the last mark
}

// mark is a fence, with the predicted time of what stands between it and the one
// before.
type mark struct {
	fence   driver.Fence
	seconds float64
}

// Marks cost time and start the device; so there is one for each markSeconds or
// markSpans, whichever comes first, and never more than manyMarks.
const (
	markSeconds = 1e-3
	markSpans   = 64
	manyMarks   = 64
)

// add takes note of a span. It waits if that makes too much in flight; or, with
// wait, until all is done.
func (f *flight) add(ctx context.Context, e *engine, seconds float64, wait bool) error {
	f.unmarked += seconds
	f.spans++
	if wait {
		return f.drain(ctx, e)
	}
	if f.unmarked < markSeconds && f.spans < markSpans {
		return nil
	}
	fence, err := e.driver.NewFence()
	if err != nil {
		return lost(err)
	}
	f.marks = append(f.marks, mark{fence, f.unmarked})
	f.seconds += f.unmarked
	f.unmarked, f.spans = 0, 0
	for len(f.marks) > 1 && (f.seconds > flightTime.Seconds() || len(f.marks) > manyMarks) {
		oldest := f.marks[0]
		f.marks = append(f.marks[:0], f.marks[1:]...)
		f.seconds -= oldest.seconds
		if err := e.wait(ctx, oldest.fence); err != nil {
			return err
		}
	}
	return nil
}

// drain waits until everything is done.
func (f *flight) drain(ctx context.Context, e *engine) error {
	fence, err := e.driver.NewFence()
	if err != nil {
		return lost(err)
	}
	if err := e.wait(ctx, fence); err != nil {
		return err
	}
	f.free(e)
	return nil
}

// free forgets all marks.
func (f *flight) free(e *engine) {
	for _, m := range f.marks {
		e.driver.FreeFence(m.fence)
	}
	*f = flight{marks: f.marks[:0]}
}
