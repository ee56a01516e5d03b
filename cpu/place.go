package cpu

import (
	"context"
	"runtime"
	"slices"
	"time"

	"offload/device"
)

// place is the place in a pool that a task, a helper of a loop, or the launch of a device
// occupies while it runs. Its fields are guarded by the pool's mutex.
type place struct {
	pool    *Pool
	held    bool // the work occupies the place
	lent    int  // number of waits that lend it: several goroutines of a task may wait
	queued  bool // the work waits for the place
	over    bool // the work has ended: Lend and Return do nothing
	granted chan struct{}

	yielded time.Duration // when its worker last let other goroutines run; not guarded: used by the worker only
}

// tryEnter occupies a place if one is free, and reports whether it did.
func (p *Pool) tryEnter() bool {
	for n := p.free.Load(); n > 0; n = p.free.Load() {
		if p.free.CompareAndSwap(n, n-1) {
			return true
		}
	}
	return false
}

// tryTurn is tryEnter without overtaking work that waits.
func (p *Pool) tryTurn() bool { return !p.wanted.Load() && p.tryEnter() }

// leave frees a place.
func (p *Pool) leave() {
	p.free.Add(1)
	if p.wanted.Load() {
		p.mu.Lock()
		p.recruit()
		p.mu.Unlock()
	}
}

// crowded reports whether work waits for a place, or runs without one.
func (p *Pool) crowded() bool { return p.line.Load() > 0 || p.free.Load() < 0 }

// recruit gives free places to waiting work, and then to as many workers as there is work
// for. The mutex is held.
func (p *Pool) recruit() {
	for len(p.waiting) > 0 || p.demand() > p.coming {
		if !p.tryEnter() {
			p.wanted.Store(true) // before the last check, so that no freed place is missed
			if !p.tryEnter() {
				return
			}
		}
		if len(p.waiting) > 0 {
			p.grant()
		} else {
			p.call()
		}
	}
	if p.closed {
		p.changed.Broadcast()
	} else if p.wanted.Load() {
		p.wanted.Store(false)
	}
}

// demand returns the number of workers that there is work for.
func (p *Pool) demand() int {
	n := len(p.todo) - p.next
	for _, l := range p.loops {
		n += l.room
	}
	return n
}

// grant gives a place to the work that has waited longest.
func (p *Pool) grant() {
	pl := p.waiting[0]
	p.withdraw(pl)
	pl.held = true
	pl.granted <- struct{}{}
}

// await waits for a place for pl until done or closing is closed, and reports whether pl
// has one. The mutex is held before and after.
func (p *Pool) await(pl *place, done, closing <-chan struct{}) bool {
	if pl.granted == nil {
		pl.granted = make(chan struct{}, 1)
	}
	pl.held, pl.queued = false, true
	p.waiting = append(p.waiting, pl)
	p.line.Add(1)
	p.recruit()
	p.mu.Unlock()
	select {
	case <-pl.granted:
		p.mu.Lock()
		return true
	case <-done:
	case <-closing:
	}
	p.mu.Lock()
	if pl.queued {
		p.withdraw(pl)
		return false
	}
	<-pl.granted
	return true
}

// withdraw removes pl from the line.
func (p *Pool) withdraw(pl *place) {
	pl.queued = false
	i := slices.Index(p.waiting, pl)
	p.waiting = slices.Delete(p.waiting, i, i+1)
	p.line.Add(-1)
}

// enter occupies a place, after work that waits for one.
func (pl *place) enter(ctx context.Context) error {
	p := pl.pool
	if p.tryTurn() {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return device.ErrClosed
	}
	if p.await(pl, ctx.Done(), p.closing) {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return device.ErrClosed
}

// Lend makes the place available to other work until as many calls of Return; see
// device.Place.
func (pl *place) Lend() {
	p := pl.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if pl.over {
		return
	}
	pl.lent++
	if pl.held {
		pl.held = false
		p.free.Add(1)
		p.recruit()
	}
}

// Return takes the place back; see device.Place.
func (pl *place) Return(ctx context.Context) {
	p := pl.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if pl.over {
		return
	}
	pl.lent--
	if pl.lent > 0 || pl.held || pl.queued || p.await(pl, ctx.Done(), nil) {
		return
	}
	p.free.Add(-1)
	pl.held = true
}

// end ends the work in the place, and reports whether the place is still held. The mutex
// is held.
func (pl *place) end() bool {
	pl.over = true
	if pl.queued { // by a goroutine that outlives the work
		pl.pool.withdraw(pl)
		pl.granted <- struct{}{}
	}
	return pl.held
}

// Held returns the place that the caller occupies: that of ctx, or else that of the task
// whose goroutine calls, or nil. The latter is looked up only if no place is free,
// because only then lending matters.
func (p *Pool) Held(ctx context.Context) device.Place {
	if pl, ok := device.PlaceOf(ctx).(*place); ok {
		return pl
	}
	if p.free.Load() > 0 {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tasks == 0 {
		return nil
	}
	if w := p.members[goroutineID()]; w != nil && w.place != &w.own {
		return w.place
	}
	return nil
}

// yield lets other goroutines run if the worker did not do so for a millisecond. Without
// it, a goroutine woken by a timer waits until the system takes a core from the pool.
func (pl *place) yield() {
	if now := time.Since(pl.pool.opened); now-pl.yielded > time.Millisecond {
		pl.yielded = now
		runtime.Gosched()
	}
}
