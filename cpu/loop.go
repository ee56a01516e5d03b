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
	joined  int            // helpers so far; guarded by the pool's mutex
	room    int            // for more of them; guarded by the pool's mutex
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
	l.body, l.pieces, l.joined = body, int64(pieces), 0
	l.next.Store(0)
	helpers := min(p.workers, pieces) - 1
	if helpers > 0 {
		p.running.Add(1)
		p.mu.Lock()
		p.loops = append(p.loops, l)
		l.room = helpers
		p.openings += helpers
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
	if !spin(waitTime, func() bool { return l.active.Load() == 0 }) && l.task {
		pl.Lend() // for good: helpers may wait for places themselves
	}
	l.helpers.Wait()
	p.running.Add(-1)
}

// join makes the caller, who holds the mutex, a helper of l.
func (p *Pool) join(l *loop) (worker int) {
	l.joined++
	l.active.Add(1)
	l.helpers.Add(1)
	p.openings--
	if l.room--; l.room == 0 {
		p.unlist(l)
	}
	return l.joined
}

func (l *loop) help(pl *place, worker int) {
	defer l.helpers.Done()
	defer l.active.Add(-1)
	l.take(pl, worker)
}

// take runs pieces until none is left.
func (l *loop) take(pl *place, worker int) {
	for piece := l.next.Add(1) - 1; piece < l.pieces; piece = l.next.Add(1) - 1 {
		l.body(pl, worker, int(piece))
		pl.yield()
	}
}

// stop makes the pieces that have not begun be left out.
func (l *loop) stop() { l.next.Store(l.pieces) }

// unlist ends the recruiting of helpers for l; the caller holds the mutex.
func (p *Pool) unlist(l *loop) {
	if i := slices.Index(p.loops, l); i >= 0 {
		p.loops = slices.Delete(p.loops, i, i+1)
		p.openings -= l.room
		l.room = 0
	}
}
