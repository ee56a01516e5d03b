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

// part is one of the devices. Its steps run on goroutines of their own, so that parts work
// at the same time, and a driver that never returns keeps no caller: such a part leaves,
// with that goroutine and the memory that this was given. The host's cores do return.
type part struct {
	dev   device.Device
	name  string // what messages call it
	info  device.Info
	index int
	host  bool                  // the host's cores
	gone  atomic.Pointer[error] // why it is not used any more
	run   func()                // takes the step that is next, and says so

	unequal []string // kernels that it was not shown to equal, though it says that it is exact

	// These belong to whoever has the turn.
	busy  bool         // at a step
	seen  pulse        // during the step
	limit atomic.Int64 // how long it may be silent in the step; read by ask, too

	// What to do in a step, and what came of it. They belong to the step while the part
	// is busy.
	next    step
	moves   []move
	ctx     unplaced // of the launch
	launch  device.Launch
	items   float64 // of the launch
	piece   int     // its index
	refused bool    // the launch was not begun
	err     error
	took    time.Duration // of the launch alone
}

// step is what a part does while the others do the same.
type step uint8

const (
	fetch   step = iota // read what others need
	bring               // write what others have read
	compute             // the same, then launch and wait
)

// unplaced is the context of a launch without its values, so that a part's work takes
// up no place of the task that queued the launch.
type unplaced struct{ context.Context }

func (*unplaced) Value(any) any { return nil }

// take takes a step. A kernel's code may end the goroutine.
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

// note returns err. One that ends the use of the part makes it leave, and is an ErrLost.
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

// lost returns why the part is not used any more, or nil.
func (p *part) lost() error {
	if err := p.gone.Load(); err != nil {
		return *err
	}
	return nil
}

func (p *part) left() bool    { return p.gone.Load() != nil }
func (p *part) working() bool { return p.busy && !p.left() }

const (
	patience = 2 * time.Second              // for which a part may be silent at the least before it counts as lost
	late     = 20                           // times the time that was predicted, if that is more
	forever  = time.Duration(math.MaxInt64) // where nothing is known
	look     = patience / 20                // the time between looks at the progress of parts
	slowest  = 10e6                         // bytes per second, below which a transfer counts as stuck
)

// pulse is when a device last showed progress, or was asked for something.
type pulse struct {
	progress int64
	at       time.Time
}

// silent makes a part leave that shows no progress for as long as limit and for patience,
// and returns the reason. One that is slow, or busy with something else, does show progress.
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

// ask calls do, which may never return unless the part is the host, and waits until
// it has or the part is silent.
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

// begin has a part take a step, for which so many bytes travel.
func (e *engine) begin(p *part, s step, bytes int) {
	limit := patience + time.Duration(float64(bytes)/slowest*float64(time.Second))
	if s == compute {
		if rate := e.balance.of[p.index].rate; rate > 0 {
			limit = max(limit, time.Duration(min(late*p.items/rate*float64(time.Second), float64(forever/2))))
		} else {
			limit = forever // the other parts show how long it may take
		}
	}
	p.busy, p.seen, p.next, p.moves = true, pulse{at: time.Now()}, s, e.moves
	p.limit.Store(int64(limit))
	go p.run()
}

// wait waits until the parts are at no step any more, but for those that leave, or until
// done, which is of ctx or nil. Parts go on then, and whoever needs them next waits.
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
			if ctx.Err() != nil || e.closing.Load() { // nobody wants the results any more
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
		e.moves, e.transit = nil, [len(e.transit)]device.Slice{} // which are theirs now
	}
	return err
}

// bound sets how long parts may be silent from now on of which nothing is known.
func bound(parts []*part, limit time.Duration) {
	for _, p := range parts {
		if p.limit.CompareAndSwap(int64(forever), int64(limit)) {
			p.seen.at = time.Now()
		}
	}
}
