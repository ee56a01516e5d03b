package cpu

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"offload/device"
)

// Pool is a farm whose work runs on goroutines of its own. They are started when there
// is work for them, and as many as there are workers are kept until Close.
type Pool struct {
	workers int
	most    int       // tasks on the to-do list before Submit waits; 0 is for any number
	opened  time.Time // what yields count from

	free   atomic.Int32 // places that nothing takes up; below 0 where waits were cut short
	line   atomic.Int32 // length of waiting
	wanted atomic.Bool  // a place that is given back has to be offered; true once closed

	mu       sync.Mutex
	waiting  []*place         // work that waits for a place, oldest first
	loops    []*loop          // with pieces left and room for helpers
	openings int              // for helpers, of all those loops
	todo     []device.Pending // oldest first, from next on
	next     int
	blocked  []*blocked         // tasks that wait for room on the to-do list, oldest first
	members  map[uint64]*worker // by the number of their goroutine
	base     uintptr            // the function that their goroutines begin with
	live     int                // workers' goroutines
	idle     int                // those without a place
	spinning int                // of those, the ones that watch grants
	closed   bool
	closing  chan struct{} // closed with the pool
	changed  *sync.Cond    // there is a grant for a worker that sleeps, or the pool closes

	grants  atomic.Int32 // places set aside for idle workers; grows with mu held
	running atomic.Int32 // launches that are being run by more than their worker 0
}

// maxWorkers is far above any machine's; it catches mistyped numbers.
const maxWorkers = 4096

// Option is a choice made when a pool is opened.
type Option func(*Pool)

// QueueSize bounds the to-do list: while n tasks are on it, Submit waits until one of
// them has begun, or until its context is done. A task that does so lends its place.
func QueueSize(n int) Option { return func(p *Pool) { p.most = n } }

// NewPool makes a pool; 0 workers means one for each CPU that the process may use.
func NewPool(workers int, options ...Option) (*Pool, error) {
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	if workers < 1 || workers > maxWorkers {
		return nil, device.Invalidf("%d workers; 1 to %d are possible", workers, maxWorkers)
	}
	p := &Pool{workers: workers, opened: time.Now(), members: map[uint64]*worker{}, closing: make(chan struct{})}
	p.changed = sync.NewCond(&p.mu)
	p.free.Store(int32(workers))
	for _, set := range options {
		set(p)
	}
	if p.most < 0 {
		return nil, device.Invalidf("a queue of %d tasks", p.most)
	}
	return p, nil
}

// Workers is the number of places.
func (p *Pool) Workers() int { return p.workers }

// ForEach is a parallel loop; see Farm.
func (p *Pool) ForEach(ctx context.Context, n int, body func(ctx context.Context, r device.Range) error) error {
	return forEach(ctx, p, n, body)
}

// Close drops what has not begun and waits for what runs; see Farm.
func (p *Pool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	dropped := p.todo[p.next:]
	for _, b := range p.blocked {
		dropped = append(dropped, b.task)
		close(b.listed)
	}
	p.todo, p.next, p.blocked = nil, 0, nil
	if !p.closed {
		p.closed = true
		p.wanted.Store(true)
		close(p.closing)
	}
	p.changed.Broadcast()
	p.mu.Unlock()
	for _, t := range dropped {
		t.Fail(device.ErrClosed)
	}
	p.mu.Lock()
	for p.live > 0 || int(p.free.Load()) < p.workers {
		p.changed.Wait()
	}
	return nil
}

// Begin puts a future on the to-do list, also if that is full; see Farm.
func (p *Pool) Begin(f device.Pending) {
	f.Own(p)
	p.mu.Lock()
	closed := p.closed
	if !closed {
		p.todo = append(p.todo, f)
		p.recruit()
	}
	p.mu.Unlock()
	if closed {
		f.Fail(device.ErrClosed)
	}
}

// blocked is a task that waits for room on the to-do list.
type blocked struct {
	task   device.Pending
	listed chan struct{} // closed when it is on the list, or dropped
}

// submit is Begin for a caller who waits while the list is full.
func (p *Pool) submit(ctx context.Context, f device.Pending) {
	if p.most == 0 {
		p.Begin(f)
		return
	}
	p.mu.Lock()
	if p.queued() < p.most || p.closed {
		p.mu.Unlock()
		p.Begin(f)
		return
	}
	f.Own(p)
	b := &blocked{f, make(chan struct{})}
	p.blocked = append(p.blocked, b)
	p.mu.Unlock()
	lent := device.Lend(ctx, p)
	defer lent.Return(ctx)
	select {
	case <-b.listed:
	case <-ctx.Done():
		p.mu.Lock()
		p.blocked = slices.DeleteFunc(p.blocked, func(x *blocked) bool { return x == b })
		p.mu.Unlock()
		f.Fail(ctx.Err())
	}
}

func (p *Pool) queued() int { return len(p.todo) - p.next }

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
	for len(p.blocked) > 0 && p.queued() < p.most {
		p.todo = append(p.todo, p.blocked[0].task)
		close(p.blocked[0].listed)
		p.blocked = slices.Delete(p.blocked, 0, 1)
	}
	return t
}
