package cpu

import (
	"sync"
	"sync/atomic"
	"time"
)

// loop is a parallel loop that is being run: its pieces are taken one by one, in
// order, by its caller and by workers who join. A loop may be used again.
type loop struct {
	body    func(worker, piece int)
	pieces  int64
	next    atomic.Int64
	joined  int // helpers so far; guarded by the pool's mutex
	listed  bool
	active  atomic.Int32   // helpers that have not finished, to be watched
	helpers sync.WaitGroup // the same, to be waited for
}

// loop runs body for every piece and returns when all are done.
func (p *Pool) loop(pieces int, body func(worker, piece int)) {
	p.run(&loop{}, pieces, body)
}

// run runs l in the caller, as its worker 0, and on up to Workers−1 others.
func (p *Pool) run(l *loop, pieces int, body func(worker, piece int)) {
	l.body, l.pieces, l.joined = body, int64(pieces), 0
	l.next.Store(0)
	helpers := min(p.workers, pieces) - 1
	if helpers > 0 {
		p.mu.Lock()
		p.loops = append(p.loops, l)
		l.listed = true
		p.running.Add(1)
		p.news.Add(1)
		for range helpers {
			p.work.Signal()
		}
		p.mu.Unlock()
	}
	defer p.finish(l, helpers)
	l.take(0)
}

// finish waits for those who joined l. It is deferred, so that a Goexit in the
// caller's share leaves no helper behind.
func (p *Pool) finish(l *loop, helpers int) {
	if helpers <= 0 {
		return
	}
	l.stop()
	p.mu.Lock()
	p.unlist(l)
	p.mu.Unlock()
	for start := time.Now(); l.active.Load() > 0 && time.Since(start) < waitTime; {
	}
	l.helpers.Wait()
	p.running.Add(-1)
}

// join makes the caller, who holds the mutex, a helper of l.
func (p *Pool) join(l *loop) (worker int) {
	l.joined++
	l.active.Add(1)
	l.helpers.Add(1)
	if l.joined == p.workers-1 {
		p.unlist(l)
	}
	return l.joined
}

func (l *loop) help(worker int) {
	defer l.helpers.Done()
	defer l.active.Add(-1)
	l.take(worker)
}

// take runs pieces until none is left.
func (l *loop) take(worker int) {
	for piece := l.next.Add(1) - 1; piece < l.pieces; piece = l.next.Add(1) - 1 {
		l.body(worker, int(piece))
	}
}

// stop makes the pieces that have not begun be left out.
func (l *loop) stop() { l.next.Store(l.pieces) }

// unlist ends the recruiting of helpers for l; the caller holds the mutex.
func (p *Pool) unlist(l *loop) {
	if !l.listed {
		return
	}
	l.listed = false
	for i := range p.loops {
		if p.loops[i] == l {
			last := len(p.loops) - 1
			copy(p.loops[i:], p.loops[i+1:])
			p.loops[last] = nil
			p.loops = p.loops[:last]
			return
		}
	}
}
