package cpu

import (
	"bytes"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"
)

// worker is a goroutine of a pool. It does nothing without a place.
type worker struct {
	pool  *Pool
	own   place  // for the loops of launches, whose code knows no places
	place *place // of what it does: its own, or one that a task's context names
	state atomic.Int32
	woken chan struct{} // has room for one message, to one who sleeps
}

// The states of a worker.
const (
	awake int32 = iota // it is at work, or watches for it
	asleep
	called // it has work while it is idle
)

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

// call gives a place to an idle worker, the one that was at work last, or to a new one.
// The mutex is held.
func (p *Pool) call() {
	p.coming++
	n := len(p.idle)
	if n == 0 {
		p.live++
		go p.worker()
		return
	}
	w := p.idle[n-1]
	p.idle = p.idle[:n-1]
	w.own.held = true
	w.wake()
}

// wake ends the idleness of w.
func (w *worker) wake() {
	if w.state.Swap(called) == asleep {
		w.woken <- struct{}{}
	}
}

// worker does what there is to do until there are enough workers without work, or the
// pool is closed. A task that calls runtime.Goexit ends the goroutine; another one is
// started when there is work for it.
func (p *Pool) worker() {
	w := &worker{pool: p, own: place{pool: p, held: true}, woken: make(chan struct{}, 1)}
	w.place = &w.own
	id := goroutineID()
	p.mu.Lock()
	p.members[id] = w
	inside := true
	defer func() {
		if !inside { // Goexit
			p.mu.Lock()
			w.rise()
			w.leave()
		}
		delete(p.members, id)
		p.live--
		p.recruit()
		p.mu.Unlock()
	}()
	for w.own.held {
		p.coming--
		warm := false
		for busy := false; w.own.held && !p.crowded() && p.demand() > 0; busy = true { // those who wait go first
			if warm = len(p.loops) > 0; warm {
				l := p.loops[0]
				number := p.join(l)
				if l.task {
					w.sit(&place{pool: p})
				}
				p.mu.Unlock()
				inside = false
				p.help(l, w.place, number)
			} else {
				t := p.take()
				w.sit(t.place)
				p.mu.Unlock()
				inside = false
				if busy {
					w.place.yield()
				}
				t.StartIn(w.place)
			}
			p.mu.Lock()
			inside = true
			w.rise()
		}
		if p.closed || len(p.idle) == p.workers {
			w.leave()
			return
		}
		w.state.Store(awake)
		p.idle = append(p.idle, w)
		w.leave()
		if p.wanted.Load() {
			p.recruit()
		}
		w.rest(warm)
	}
}

// sit makes pl, which user code may know, the place of the worker.
func (w *worker) sit(pl *place) {
	pl.held, pl.yielded = true, w.own.yielded
	w.place = pl
	w.pool.tasks++
}

// rise ends that: the worker has its own place again, if the work has left it.
func (w *worker) rise() {
	if w.place == &w.own {
		return
	}
	w.own.held, w.own.yielded = w.place.end(), w.place.yielded
	w.place = &w.own
	w.pool.tasks--
}

// leave gives the worker's place back if it has one.
func (w *worker) leave() {
	if w.own.held {
		w.own.held = false
		w.pool.free.Add(1)
	}
}

// rest waits for a call; a worker that comes from a loop is warm. The mutex is held
// before and after.
func (w *worker) rest(warm bool) {
	w.pool.mu.Unlock()
	if warm {
		w.watch()
	}
	if w.state.CompareAndSwap(awake, asleep) {
		<-w.woken
	}
	w.pool.mu.Lock()
}

// watch looks out for a call for a while. At most Workers−1 workers do so at a time: one
// core is for those who give them work.
func (w *worker) watch() {
	p := w.pool
	defer p.watching.Add(-1)
	if int(p.watching.Add(1)) >= p.workers {
		return
	}
	isCalled := func() bool { return w.state.Load() == called }
	for range waitTime / spinTime {
		if spin(spinTime, isCalled) || p.running.Load() == 0 {
			return
		}
	}
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
