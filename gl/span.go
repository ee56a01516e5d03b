package gl

import (
	"context"
	"time"

	"offload/gl/internal/driver"
)

// Drivers end a context whose commands run for seconds, and a desktop stands still
// for as long. So a launch is cut into spans of about spanTime, and only flightTime
// of them is handed to the driver at once; that is how soon a cancelled launch ends.
const (
	spanTime   = 50 * time.Millisecond
	flightTime = 200 * time.Millisecond
)

// span is a run of dispatches of one program that is timed as a whole.
type span struct {
	program *program
	query   driver.Query
	start   time.Time
	ops     float64 // predicted operations
}

// timedTime is the predicted time from which on a span is timed; timers cost some
// microseconds. A program of which nothing is known is timed, too.
const timedTime = 200 * time.Microsecond

// begin opens a span of at most so many operations.
func (e *engine) begin(p *program, ops float64) span {
	s := span{program: p, start: time.Now()}
	if p.speed.spans == 0 || p.speed.predict(ops) > timedTime.Seconds() {
		s.query = e.timers.start(e)
	}
	return s
}

// end closes a span. If more of the launch is to come and the speed of the program is
// hardly known, it waits for the span to learn from it.
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
	if learn && s.program.speed.spans == before { // the driver's timers say nothing
		s.program.speed.learn(s.ops, time.Since(s.start))
	}
	return e.status()
}

// speed is what is known of a program's speed.
type speed struct {
	spans   int     // from which something was learned
	growing bool    // spans are still shorter than they may be
	ops     float64 // of the span that the rest was learned from
	time    time.Duration
	limit   float64 // operations of a span
}

const (
	// firstOps takes less than spanTime on a slow software rasteriser.
	firstOps = 1e6
	// growth is how much longer than the longest so far a span may be.
	growth = 8
	// clearTime is long beside the cost of starting a span.
	clearTime = time.Millisecond
)

// most is the number of operations of a span.
func (s *speed) most() float64 {
	if s.spans == 0 {
		s.growing, s.limit = true, firstOps
	}
	return s.limit
}

// predict is the time for so many operations, in seconds; 0 if nothing is known.
func (s *speed) predict(ops float64) float64 {
	if s.spans == 0 {
		return 0
	}
	return ops / s.ops * s.time.Seconds()
}

// learn takes note of a span. A shorter one than was seen before says nothing new,
// unless it took long.
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

// timers are the spans whose times are not known yet, oldest first.
type timers struct{ pending []span }

// manyTimers is how many there are at most; more spans go untimed.
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

// poll takes note of the spans that are done.
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
