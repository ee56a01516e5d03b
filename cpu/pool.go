package cpu

import (
	"context"
	"runtime"
	"sync"

	"offload/device"
)

// Pool is a farm of workers, each a goroutine that lives until Close.
type Pool struct {
	workers int

	mu     sync.Mutex
	work   *sync.Cond // there is something to do, or the pool was closed
	todo   []task     // oldest first, from next on
	next   int
	loops  []*loop // with pieces left and room for helpers
	closed bool
	ended  sync.WaitGroup
}

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
	p.work.Broadcast()
	p.mu.Unlock()
	for _, t := range dropped {
		t.Fail(device.ErrClosed)
	}
	p.ended.Wait()
	return nil
}

func (p *Pool) begin(t task) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		t.Fail(device.ErrClosed)
		return
	}
	p.todo = append(p.todo, t)
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
	for len(p.loops) == 0 && len(p.todo) == p.next && !p.closed {
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

// take removes the oldest task from the to-do list.
func (p *Pool) take() task {
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
