package cpu

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"offload/device"
)

// Pool is a farm of workers, each a goroutine that lives until Close.
type Pool struct {
	workers int

	mu     sync.Mutex
	work   *sync.Cond       // there is something to do, or the pool was closed
	todo   []device.Pending // oldest first, from next on
	next   int
	loops  []*loop // with pieces left and room for helpers
	closed bool
	ended  sync.WaitGroup

	news     atomic.Uint64 // grows when there is something new to do
	spinning atomic.Int32  // workers that watch news
	running  atomic.Int32  // loops that are being run by more than their caller
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

// maxWorkers is far above any machine's; it catches mistyped numbers.
const maxWorkers = 4096

// NewPool starts a pool; 0 workers means one for each CPU that the process may
// use.
func NewPool(workers int) (*Pool, error) {
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	if workers < 1 || workers > maxWorkers {
		return nil, device.Invalidf("%d workers; 1 to %d are possible", workers, maxWorkers)
	}
	p := &Pool{workers: workers}
	p.work = sync.NewCond(&p.mu)
	p.ended.Add(workers)
	for range workers {
		go p.worker()
	}
	return p, nil
}

// Workers is the number of workers.
func (p *Pool) Workers() int { return p.workers }

// ForEach is a parallel loop; see Farm.
func (p *Pool) ForEach(ctx context.Context, n int, body func(ctx context.Context, r device.Range) error) error {
	return forEach(ctx, p, n, body)
}

// Close drops what has not begun and waits for what runs; see Farm.
func (p *Pool) Close() error {
	p.mu.Lock()
	dropped := p.todo[p.next:]
	p.todo, p.next, p.closed = nil, 0, true
	p.news.Add(1)
	p.work.Broadcast()
	p.mu.Unlock()
	for _, t := range dropped {
		t.Fail(device.ErrClosed)
	}
	p.ended.Wait()
	return nil
}

// Begin puts a future on the to-do list; see Farm.
func (p *Pool) Begin(f device.Pending) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		f.Fail(device.ErrClosed)
		return
	}
	p.todo = append(p.todo, f)
	p.news.Add(1)
	p.work.Signal()
}

// worker does what there is to do until the pool is closed. A task that calls
// runtime.Goexit takes its goroutine along; another one takes its place.
func (p *Pool) worker() {
	finished := false
	defer func() {
		if finished {
			p.ended.Done()
		} else {
			go p.worker()
		}
	}()
	for p.step() {
	}
	finished = true
}

// step waits for something to do and does it: first the pieces of loops, whose
// callers are waiting, then tasks. It returns false once the pool is closed.
func (p *Pool) step() bool {
	p.mu.Lock()
	if p.idle() {
		seen := p.news.Load()
		p.mu.Unlock()
		p.spin(seen)
		p.mu.Lock()
	}
	for p.idle() {
		p.work.Wait()
	}
	switch {
	case len(p.loops) > 0:
		l := p.loops[0]
		id := p.join(l)
		p.mu.Unlock()
		l.help(id)
	case p.next < len(p.todo):
		t := p.take()
		p.mu.Unlock()
		t.Start()
	default:
		p.mu.Unlock()
		return false
	}
	return true
}

// idle tells whether there is nothing to do; the caller holds the mutex.
func (p *Pool) idle() bool {
	return len(p.loops) == 0 && p.next == len(p.todo) && !p.closed
}

// spin watches for news after those that were seen. At most Workers−1 workers do
// so at a time: one core is the caller's.
func (p *Pool) spin(seen uint64) {
	defer p.spinning.Add(-1)
	if int(p.spinning.Add(1)) >= p.workers {
		return
	}
	start := time.Now()
	for now, busy := start, start; now.Sub(busy) < spinTime && now.Sub(start) < waitTime; now = time.Now() {
		for range 32 {
			if p.news.Load() != seen {
				return
			}
		}
		if p.running.Load() > 0 {
			busy = now
		}
	}
}

// take removes the oldest task from the to-do list.
func (p *Pool) take() device.Pending {
	t := p.todo[p.next]
	p.todo[p.next] = nil
	p.next++
	if p.next > len(p.todo)/2 {
		n := copy(p.todo, p.todo[p.next:])
		clear(p.todo[n:])
		p.todo, p.next = p.todo[:n], 0
	}
	return t
}
