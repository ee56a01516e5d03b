package cpu

import (
	"bytes"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"
)

// worker is a goroutine of a pool. It works only while it has a place.
type worker struct {
	pool  *Pool
	own   place  // for the loops of launches, whose code sees no places
	place *place // of its current work: own, or that of a task's context
	state atomic.Int32
	woken chan struct{} // has room for one message, sent while asleep
}

// The states of a worker.
const (
	awake int32 = iota // working, or spinning
	asleep
	called // has work while idle
)

const (
	// spinTime is how long a worker spins after the last loop has ended before it sleeps,
	// so that a sequence of loops, such as sweeps over a grid or cycles whose coarse grids
	// are computed between them, keeps its workers, and the core is soon free for others.
	spinTime = 200 * time.Microsecond
	// waitTime is how long the workers of a loop spin for each other. On a virtual machine,
	// a thread that slept can be 200 µs late; then the workers that were in time wait for
	// it, sleep, and are late themselves.
	waitTime = time.Millisecond
)

// call gives a place to an idle worker, the one last active, or to a new one. The mutex
// is held.
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

// worker works until there are enough idle workers or the pool is closed. A task that
// calls runtime.Goexit ends the goroutine; a new one is started when there is work for
// it.
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
		for busy := false; w.own.held && !p.crowded() && p.demand() > 0; busy = true { // waiting work goes first
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

// sit makes pl, which is visible to user code, the place of the worker.
func (w *worker) sit(pl *place) {
	pl.held, pl.yielded = true, w.own.yielded
	w.place = pl
	w.pool.tasks++
}

// rise undoes sit: the worker has its own place again, if the work still held it.
func (w *worker) rise() {
	if w.place == &w.own {
		return
	}
	w.own.held, w.own.yielded = w.place.end(), w.place.yielded
	w.place = &w.own
	w.pool.tasks--
}

// leave frees the worker's place if it has one.
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

// watch spins for a while, waiting for a call. At most Workers−1 workers do so at a time,
// which leaves a core to the goroutines that give them work.
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

// spin calls done repeatedly until it returns true, and reports whether it did so in
// time. It lets other goroutines run about every microsecond. It is bounded by a count as
// well, because a clock of virtual time stands still meanwhile.
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

// goroutineID returns the number of the calling goroutine, parsed from its stack trace.
func goroutineID() uint64 {
	var trace [64]byte
	fields := bytes.Fields(trace[:runtime.Stack(trace[:], false)])
	id, _ := strconv.ParseUint(string(fields[1]), 10, 64)
	return id
}
