package hybrid

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"offload/device"
)

// part is one of the devices. Its steps run on separate goroutines, so that parts work
// concurrently and a driver that never returns does not block the caller: such a part
// leaves, with its goroutine and its memory. Calls of the host's cores do return.
type part struct {
	dev   device.Device
	name  string // for messages
	info  device.Info
	index int
	host  bool                  // the host's cores
	gone  atomic.Pointer[error] // the reason why it has left
	run   func()                // takes step next and sends p to engine.done

	unequal []string // kernels that differ from their contract though the part claims to be exact

	// These belong to the holder of the turn.
	busy  bool         // during a step
	seen  pulse        // progress during the step
	limit atomic.Int64 // longest time without progress in the step; also read by ask

	// A step and its results. They belong to the step while the part is busy.
	next    step
	moves   []move
	ctx     unplaced // of the launch
	launch  device.Launch
	items   float64 // of the launch
	piece   int     // its index
	refused bool    // the launch did not begin
	err     error
	took    time.Duration // time of the launch only
}

// step is what all parts do at the same time.
type step uint8

const (
	fetch   step = iota // read elements for other parts
	bring               // write elements read by other parts
	compute             // bring, then launch and wait
)

// unplaced is the context of a launch without its values, so that a part's work does not
// occupy the place of the task that queued the launch.
type unplaced struct{ context.Context }

func (*unplaced) Value(any) any { return nil }

// take takes a step. The code of a kernel may end the goroutine.
func (p *part) take(s step) {
	returned := false
	defer func() {
		if !returned {
			p.err = device.Caught(p.name, recover())
		}
		p.err = p.note(p.err)
	}()
	p.refused = false
	p.err = p.try(s)
	returned = true
}

func (p *part) try(s step) (err error) {
	for _, m := range p.moves {
		switch c := m.mem.on[p.index].Buffer; {
		case s == fetch && m.from == p:
			err = c.Read(context.Background(), m.at.Lo, m.data)
		case s != fetch && m.to == p:
			err = c.Write(context.Background(), m.at.Lo, m.data)
		}
		if err != nil {
			return err
		}
	}
	if s != compute {
		return nil
	}
	start := time.Now()
	if err = p.dev.Launch(&p.ctx, &p.launch); err == nil {
		err = p.launch.Wait(context.Background())
	} else {
		p.refused = true
	}
	p.took = time.Since(start)
	return err
}

// note returns err. An ErrLost or ErrClosed makes the part leave, and note returns it as
// ErrLost.
func (p *part) note(err error) error {
	if !errors.Is(err, device.ErrLost) {
		if !errors.Is(err, device.ErrClosed) {
			return err
		}
		err = fmt.Errorf("%w: %w", device.ErrLost, err)
	}
	reason := err // a copy, so that err itself stays off the heap
	p.gone.CompareAndSwap(nil, &reason)
	p.limit.Store(0)
	return err
}

// lost returns the reason why the part has left, or nil.
func (p *part) lost() error {
	if err := p.gone.Load(); err != nil {
		return *err
	}
	return nil
}

func (p *part) left() bool    { return p.gone.Load() != nil }
func (p *part) working() bool { return p.busy && !p.left() }

const (
	patience = 2 * time.Second              // least time without progress before a part counts as lost
	late     = 20                           // or this multiple of the predicted time, if that is longer
	forever  = time.Duration(math.MaxInt64) // without a prediction
	look     = patience / 20                // time between checks of the parts' progress
	slowest  = 10e6                         // bytes per second below which a transfer counts as stuck
)

// pulse is the progress of a device and the time it last changed, or the start of the
// call.
type pulse struct {
	progress int64
	at       time.Time
}

// silent makes a part leave after limit and patience without progress, and returns the
// reason. A part that is slow, or busy with other work, still makes progress.
func (p *part) silent(seen *pulse, limit time.Duration) error {
	if n := p.dev.Counters().Progress; n != seen.progress {
		*seen = pulse{n, time.Now()}
	}
	limit = max(patience, limit)
	if p.host || time.Since(seen.at) < limit {
		return nil
	}
	return p.note(fmt.Errorf("%w: %s did not answer for %v", device.ErrLost, p.name, limit))
}

// ask calls do and waits until it returns or the part is silent. do may never return,
// except on the host.
func (e *engine) ask(p *part, do func() error) error {
	if p.host {
		return p.note(do())
	}
	answer, seen := make(chan error, 1), pulse{at: time.Now()}
	go func() { answer <- do() }()
	for {
		select {
		case err := <-answer:
			return p.note(err)
		case <-time.After(look):
			if err := p.silent(&seen, time.Duration(p.limit.Load())); err != nil {
				return err
			}
		}
	}
}

// begin starts a step of a part that transfers the given number of bytes.
func (e *engine) begin(p *part, s step, bytes int) {
	limit := patience + time.Duration(float64(bytes)/slowest*float64(time.Second))
	if s == compute {
		if rate := e.balance.of[p.index].rate; rate > 0 {
			limit = max(limit, time.Duration(min(late*p.items/rate*float64(time.Second), float64(forever/2))))
		} else {
			limit = forever // set by bound when another part is done
		}
	}
	p.busy, p.seen, p.next, p.moves = true, pulse{at: time.Now()}, s, e.moves
	p.limit.Store(int64(limit))
	go p.run()
}

// wait waits until the parts have ended their steps or left, or until done, which is
// ctx.Done() or nil. In the latter case the parts continue, and the next user waits for
// them.
func (e *engine) wait(ctx context.Context, done <-chan struct{}, parts ...*part) (err error) {
	start := time.Now()
	defer e.timer.Stop()
	for err == nil && slices.ContainsFunc(parts, (*part).working) {
		e.timer.Reset(look)
		select {
		case p := <-e.done:
			p.busy = false
			p.limit.Store(0)
			if slices.Contains(parts, p) {
				bound(parts, max(patience, late*time.Since(start)))
			}
		case <-done:
			err = ctx.Err()
		case <-e.timer.C:
			haste := time.Duration(1)
			if ctx.Err() != nil || e.closing.Load() { // the results are not needed any more
				bound(parts, patience)
				haste = late / 2
			}
			for _, p := range parts {
				if p.working() {
					p.silent(&p.seen, time.Duration(p.limit.Load())/haste)
				}
			}
		}
	}
	if slices.ContainsFunc(parts, func(p *part) bool { return p.busy }) {
		e.moves, e.transit = nil, [len(e.transit)]device.Slice{} // still used by the parts
	}
	return err
}

// bound sets the longest time without progress, from now on, of parts without a
// prediction.
func bound(parts []*part, limit time.Duration) {
	for _, p := range parts {
		if p.limit.CompareAndSwap(int64(forever), int64(limit)) {
			p.seen.at = time.Now()
		}
	}
}
