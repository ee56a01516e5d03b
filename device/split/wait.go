package split

import (
	"context"
	"time"

	"offload/device"
)

// late is how many times the time that was predicted a part may take.
const late = 20

// wait collects n parts that are at a step. The limit is how long it may take; 0 is
// for as long as the others show. Parts other than the host that take longer are told
// to return.
func (e *engine) wait(ctx context.Context, n int, limit time.Duration) {
	start, cancelled := time.Now(), ctx.Done()
	if limit > 0 {
		e.timer.Reset(limit)
	}
	defer e.timer.Stop()
	for n > 0 {
		select {
		case <-e.done:
			if n--; limit == 0 && n > 0 {
				limit = max(patience, late*time.Since(start))
				e.timer.Reset(limit)
			}
		case <-cancelled:
			cancelled = nil
			e.timer.Reset(patience)
		case <-e.timer.C:
			e.giveUp()
		}
	}
	if e.patient.Err() != nil {
		e.patient, e.giveUp = context.WithCancel(context.Background())
	}
}

// patience is what ends a part's waiting. The host answers, however long it takes.
func (e *engine) patience(p *part) context.Context {
	if p.info.Class == device.CPU {
		return context.Background()
	}
	return e.patient
}

// limit is how long the pieces of a round may take; 0 where that is unknown.
func (e *engine) limit(b *balance) time.Duration {
	worst := 0.0
	for i, c := range e.pieces {
		if e.later(i) {
			continue
		}
		if b.rate[c.part] == 0 {
			return 0
		}
		worst = max(worst, device.CostOf(&e.parts[c.part].launch).Items/b.rate[c.part])
	}
	return max(patience, time.Duration(late*worst*float64(time.Second)))
}
