package cpu

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"offload/device"
)

// loop is a parallel loop: worker 0 and helpers that join take its pieces one by one, in
// order. A loop may be reused.
type loop struct {
	body    func(pl *place, worker, piece int)
	pieces  int64
	next    atomic.Int64
	joined  int            // helpers so far; guarded by the pool's mutex, as are the next two
	room    int            // for more helpers
	spare   []int          // numbers of helpers that have left
	active  atomic.Int32   // helpers that have not finished, for spinning
	helpers sync.WaitGroup // the same, for waiting
	task    bool           // worker 0 runs a task that ends with the loop
}

// loop runs body for every piece, in the task with context ctx, which ends with the loop.
func (p *Pool) loop(ctx context.Context, pieces int, body func(pl *place, worker, piece int)) {
	p.run(&loop{task: true}, device.PlaceOf(ctx).(*place), pieces, body)
}

// run runs l on the caller, which has the place pl, as worker 0, and on up to Workers−1
// helpers. It returns when all pieces are done.
func (p *Pool) run(l *loop, pl *place, pieces int, body func(pl *place, worker, piece int)) {
	if pieces == 1 {
		body(pl, 0, 0)
		return
	}
	l.body, l.pieces, l.joined, l.spare = body, int64(pieces), 0, l.spare[:0]
	l.next.Store(0)
	helpers := min(p.workers, pieces) - 1
	if helpers > 0 {
		if !l.task {
			p.running.Add(1)
		}
		p.mu.Lock()
		p.list(l, helpers)
		p.recruit()
		p.mu.Unlock()
		defer p.finish(l, pl)
	}
	l.take(pl, 0)
}

// finish waits for the helpers of l. It is deferred, so that it also runs after a Goexit
// of worker 0.
func (p *Pool) finish(l *loop, pl *place) {
	l.stop()
	p.mu.Lock()
	p.unlist(l)
	p.mu.Unlock()
	if l.task {
		if l.active.Load() > 0 {
			pl.Lend() // for good: helpers may wait for places themselves
		}
	} else {
		spin(waitTime, func() bool { return l.active.Load() == 0 })
		p.running.Add(-1)
	}
	l.helpers.Wait()
}

// join makes the caller a helper of l. The mutex is held.
func (p *Pool) join(l *loop) (worker int) {
	l.active.Add(1)
	l.helpers.Add(1)
	if l.room--; l.room == 0 {
		p.unlist(l)
	}
	if n := len(l.spare); n > 0 {
		worker, l.spare = l.spare[n-1], l.spare[:n-1]
		return worker
	}
	l.joined++
	return l.joined
}

// help runs pieces of l until none is left, or other work waits for the place.
func (p *Pool) help(l *loop, pl *place, worker int) {
	defer l.helpers.Done()
	defer l.active.Add(-1)
	l.take(pl, worker)
	if l.next.Load() < l.pieces {
		p.mu.Lock()
		defer p.mu.Unlock()
		if l.next.Load() < l.pieces { // l has not ended
			l.spare = append(l.spare, worker)
			p.list(l, 1)
		}
	}
}

// take runs pieces until none is left. Helpers leave when other work waits for a place;
// worker 0 and later helpers run the rest.
func (l *loop) take(pl *place, worker int) {
	for piece := l.next.Add(1) - 1; piece < l.pieces; piece = l.next.Add(1) - 1 {
		l.body(pl, worker, int(piece))
		pl.yield()
		if worker > 0 && pl.pool.crowded() {
			return
		}
	}
}

// stop drops the pieces that have not begun.
func (l *loop) stop() { l.next.Store(l.pieces) }

// list lists l for the given number of additional helpers. The mutex is held.
func (p *Pool) list(l *loop, helpers int) {
	if l.room == 0 {
		p.loops = append(p.loops, l)
	}
	l.room += helpers
}

// unlist removes l from the list.
func (p *Pool) unlist(l *loop) {
	if i := slices.Index(p.loops, l); i >= 0 {
		p.loops = slices.Delete(p.loops, i, i+1)
		l.room = 0
	}
}
