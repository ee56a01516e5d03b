package cpu

import (
	"bytes"
	"runtime"
	"strconv"
	"time"
)

// worker is a goroutine of a pool. It does nothing without a place.
type worker struct {
	pool  *Pool
	place *place
	warm  bool // it has just left a loop
}

const (
	// spinTime is how long a worker watches for work after the last loop has ended
	// before it sleeps, so that a sequence of loops, such as sweeps over a grid,
	// keeps its workers while others get the core back soon.
	spinTime = 50 * time.Microsecond
	// waitTime is how long those who share a loop wait for each other awake. A
	// thread that slept can be 200 µs late, on a virtual machine, and then those
	// who had come in time wait for it, and sleep, and are late themselves.
	waitTime = time.Millisecond
)

// worker does what there is to do until there are enough workers without work, or the
// pool is closed. A task that calls runtime.Goexit ends the goroutine; another one is
// started when there is work for it.
func (p *Pool) worker() {
	w := &worker{pool: p, place: &place{pool: p}}
	id, base := goroutineID(), goroutineBase()
	p.mu.Lock()
	p.members[id], p.base = w, base
	p.mu.Unlock()
	idle := false
	defer func() {
		p.mu.Lock()
		if !idle && w.place.end() { // by Goexit
			p.free.Add(1)
		}
		delete(p.members, id)
		p.live--
		p.recruit()
		p.mu.Unlock()
	}()
	for w.step() {
	}
	idle = true
}

// step does one piece of work: it helps in a loop, whose worker 0 runs already, or runs
// a task. It returns false when the worker is to end.
func (w *worker) step() bool {
	p := w.pool
	p.mu.Lock()
	w.renew()
	busy := w.place.held
	for {
		if !w.place.held && !w.seat() {
			p.mu.Unlock()
			return false
		}
		switch {
		case p.crowded(): // those who wait go first
		case len(p.loops) > 0:
			l := p.loops[0]
			number := p.join(l)
			p.mu.Unlock()
			p.help(l, w.place, number)
			w.warm = true
			return true
		case p.queued() > 0:
			t := p.take()
			p.mu.Unlock()
			if busy {
				w.place.yield()
			}
			w.place.shown = true
			t.StartIn(w.place)
			return true
		}
		w.place.held, busy = false, false
		p.idle++
		p.free.Add(1)
		p.recruit()
	}
}

// renew gives the worker another place than the one that user code has seen and may
// still know. The mutex is held.
func (w *worker) renew() {
	if !w.place.shown {
		return
	}
	held := w.place.end()
	w.place = &place{pool: w.pool, held: held, yielded: w.place.yielded}
	if !held {
		w.pool.idle++
	}
}

// seat waits for a place. It returns false if there are enough workers without one. The
// mutex is held before and after.
func (w *worker) seat() bool {
	p := w.pool
	for p.grants.Load() == 0 {
		switch {
		case p.closed || p.idle > p.workers:
			p.idle--
			return false
		case w.warm:
			w.warm = false
			w.watch()
		default:
			p.changed.Wait()
		}
	}
	p.idle--
	p.grants.Add(-1)
	w.place.held = true
	return true
}

// watch looks out for a grant for a while. At most Workers−1 workers do so at a time:
// one core is for whoever gives them work.
func (w *worker) watch() {
	p := w.pool
	if p.spinning+1 >= p.workers {
		return
	}
	p.spinning++
	p.mu.Unlock()
	granted := func() bool { return p.grants.Load() > 0 }
	for range waitTime / spinTime {
		if spin(spinTime, granted) || p.running.Load() == 0 {
			break
		}
	}
	p.mu.Lock()
	p.spinning--
}

// spin waits awake until done returns true, and reports whether it did so in time. It
// lets other goroutines run about every microsecond. It is bounded by count as well: a
// clock of virtual time stands still meanwhile.
func spin(limit time.Duration, done func() bool) bool {
	if done() {
		return true
	}
	start := time.Now()
	for range limit / time.Microsecond {
		for range 512 {
			if done() {
				return true
			}
		}
		if time.Since(start) > limit {
			break
		}
		runtime.Gosched()
	}
	return false
}

// goroutineID returns the number of the calling goroutine, which stands in its trace.
func goroutineID() uint64 {
	var trace [64]byte
	fields := bytes.Fields(trace[:runtime.Stack(trace[:], false)])
	id, _ := strconv.ParseUint(string(fields[1]), 10, 64)
	return id
}

// goroutineBase returns the function that the calling goroutine began with, 0 if its
// stack is too deep for a quick look.
func goroutineBase() uintptr {
	var calls [64]uintptr
	n := runtime.Callers(1, calls[:])
	if n == len(calls) {
		return 0
	}
	return runtime.FuncForPC(calls[n-2] - 1).Entry() // the last is the runtime's own
}
