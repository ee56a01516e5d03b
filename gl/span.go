package gl

import (
	"context"
	"time"

	"offload/gl/internal/driver"
)

// Drivers reset a context whose commands run for seconds, and a desktop freezes for
// as long. So a launch is cut into spans of about spanTime, and at most flightTime of
// them is in flight, which bounds how long a cancelled launch keeps running.
const (
	spanTime   = 50 * time.Millisecond
	flightTime = 200 * time.Millisecond
)

// span is a series of dispatches of one program that is timed as a whole.
type span struct {
	program *program
	query   driver.Query
	start   time.Time
	ops     float64 // predicted operations
}

// timedTime is the predicted time above which a span is timed; timers cost some
// microseconds. The first span of a program is always timed.
const timedTime = 200 * time.Microsecond

// begin opens a span of at most ops operations.
func (e *engine) begin(p *program, ops float64) span {
	s := span{program: p, start: time.Now()}
	if p.speed.spans == 0 || p.speed.predict(ops) > timedTime.Seconds() {
		s.query = e.timers.start(e)
	}
	return s
}

// end closes a span. If more of the launch follows and the limit on spans is still
// growing, it waits for the span in order to measure it.
func (e *engine) end(ctx context.Context, s span, more bool) error {
	if s.query != 0 {
		e.driver.StopTimer(s.query)
		e.timers.add(s)
	}
	learn, before := more && s.program.speed.growing, s.program.speed.spans
	if err := e.flight.add(ctx, e, s.program.speed.predict(s.ops), learn); err != nil {
		return err
	}
	if more {
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	e.timers.poll(e)
	if learn && s.program.speed.spans == before { // the driver has no timers
		s.program.speed.learn(s.ops, time.Since(s.start))
	}
	return e.status()
}

// speed is the measured speed of a program.
type speed struct {
	spans   int     // spans measured
	growing bool    // limit is still far below what spanTime allows
	ops     float64 // operations of the last span measured
	time    time.Duration
	limit   float64 // operations of a span
}

const (
	// firstOps takes less than spanTime on a slow software rasteriser.
	firstOps = 1e6
	// growth is the largest ratio of a span to the one measured before it.
	growth = 8
	// clearTime is much longer than starting a span takes.
	clearTime = time.Millisecond
)

// most returns the largest number of operations of a span.
func (s *speed) most() float64 {
	if s.spans == 0 {
		s.growing, s.limit = true, firstOps
	}
	return s.limit
}

// predict returns the time for ops operations in seconds, or 0 before the first
// measurement.
func (s *speed) predict(ops float64) float64 {
	if s.spans == 0 {
		return 0
	}
	return ops / s.ops * s.time.Seconds()
}

// learn records a measured span. It ignores a span much shorter than the last one,
// unless that took long.
func (s *speed) learn(ops float64, d time.Duration) {
	if ops <= 0 || d <= 0 || s.spans > 0 && ops < s.ops/2 && d < spanTime/2 {
		return
	}
	s.spans++
	s.ops, s.time = ops, d
	s.growing = d < spanTime/growth
	s.limit = ops * growth
	if d >= clearTime {
		s.limit = min(s.limit, ops*float64(spanTime)/float64(d))
	} else {
		s.limit = max(s.limit, firstOps)
	}
}

// timers holds the spans whose times are still pending, oldest first.
type timers struct{ pending []span }

// manyTimers is the largest number of pending timers; further spans are not timed.
const manyTimers = 64

func (t *timers) start(e *engine) driver.Query {
	if len(t.pending) >= manyTimers {
		if t.poll(e); len(t.pending) >= manyTimers {
			return 0
		}
	}
	return e.driver.StartTimer()
}

func (t *timers) add(s span) { t.pending = append(t.pending, s) }

// poll records the spans that are done.
func (t *timers) poll(e *engine) {
	done := 0
	for _, s := range t.pending {
		d, ok := e.driver.Elapsed(s.query)
		if !ok {
			break
		}
		e.driver.FreeTimer(s.query)
		e.counts.kernelTime.Add(int64(d))
		s.program.speed.learn(s.ops, d)
		done++
	}
	t.pending = append(t.pending[:0], t.pending[done:]...)
}

func (t *timers) free(e *engine) {
	for _, s := range t.pending {
		e.driver.FreeTimer(s.query)
	}
	t.pending = nil
}
