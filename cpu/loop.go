package cpu

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"offload/device"
)

// loop is a parallel loop that is being run: its pieces are taken one by one, in
// order, by its worker 0 and by workers who join. A loop may be used again.
type loop struct {
	body    func(pl *place, worker, piece int)
	pieces  int64
	next    atomic.Int64
	joined  int            // helpers so far; guarded by the pool's mutex, as are the next two
	room    int            // for more of them
	spare   []int          // numbers of helpers that have left
	active  atomic.Int32   // helpers that have not finished, to be watched
	helpers sync.WaitGroup // the same, to be waited for
	task    bool           // worker 0 is a task's and ends with the loop
}

// loop runs body for every piece, in the task that has ctx, which ends with it.
func (p *Pool) loop(ctx context.Context, pieces int, body func(pl *place, worker, piece int)) {
	p.run(&loop{task: true}, device.PlaceOf(ctx).(*place), pieces, body)
}

// run runs l in the caller, who has the place pl, as its worker 0, and on up to
// Workers−1 others. It returns when all pieces are done.
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

// finish waits for those who joined l. It is deferred, so that a Goexit in the share of
// worker 0 leaves no helper behind.
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

// join makes the caller, who holds the mutex, a helper of l.
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

// help takes part in l until no piece is left, or others wait for the place.
func (p *Pool) help(l *loop, pl *place, worker int) {
	defer l.helpers.Done()
	defer l.active.Add(-1)
	l.take(pl, worker)
	if l.next.Load() < l.pieces {
		p.mu.Lock()
		defer p.mu.Unlock()
		if l.next.Load() < l.pieces { // it has not been unlisted for good
			l.spare = append(l.spare, worker)
			p.list(l, 1)
		}
	}
}

// take runs pieces until none is left. Helpers leave when others wait for a place: the
// rest is left to worker 0, and to those who join later.
func (l *loop) take(pl *place, worker int) {
	for piece := l.next.Add(1) - 1; piece < l.pieces; piece = l.next.Add(1) - 1 {
		l.body(pl, worker, int(piece))
		pl.yield()
		if worker > 0 && pl.pool.crowded() {
			return
		}
	}
}

// stop makes the pieces that have not begun be left out.
func (l *loop) stop() { l.next.Store(l.pieces) }

// list starts the recruiting of helpers for l, or of more; the caller holds the mutex.
func (p *Pool) list(l *loop, helpers int) {
	if l.room == 0 {
		p.loops = append(p.loops, l)
	}
	l.room += helpers
}

// unlist ends it.
func (p *Pool) unlist(l *loop) {
	if i := slices.Index(p.loops, l); i >= 0 {
		p.loops = slices.Delete(p.loops, i, i+1)
		l.room = 0
	}
}
