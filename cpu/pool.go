// Package cpu computes on the host's cores: a Pool of workers for Go functions,
// with futures, a parallel map and loops, its Serial twin for debugging, and a
// device.Device that runs kernels on the pool.
//
// A pool has one worker for each CPU that the process may use, unless told
// otherwise; since Go 1.25 that respects CPU affinity and the quota of a control
// group.
//
// What runs at the same time on a pool, tasks, maps, loops and launches together,
// takes up one of its places, of which there are as many as workers. Work that waits
// lends its place: for a future, a map, a loop, a launch, or room on the to-do list.
// So tasks may wait for tasks to any depth, with one worker too, without deadlock.
// Two rules follow for tasks:
//
//   - They pass the context that they were given, since that is how a wait finds the
//     place to lend. A wait of the task's own goroutine with another context lends it
//     too, but takes longer. Goroutines that a task starts are not counted.
//   - A wait that its context ends goes on at once, even if other work has the place
//     by then. Nothing new begins until there is a place for it.
package cpu

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"offload/device"
)

// Pool is an executor whose work runs on goroutines of its own. They are started when there
// is work for them, and as many as there are workers are kept until Close.
type Pool struct {
	workers int
	slots   chan struct{} // room on the to-do list for tasks that Submit put there; nil: no bound
	opened  time.Time     // what yields count from

	free     atomic.Int32 // places that nothing takes up; below 0 where waits were cut short
	line     atomic.Int32 // length of waiting
	wanted   atomic.Bool  // a place that is given back has to be offered; true once closed
	running  atomic.Int32 // launches that are being run by more than their worker 0
	watching atomic.Int32 // idle workers that look out for a call

	mu      sync.Mutex
	waiting []*place // work that waits for a place, oldest first
	loops   []*loop  // with pieces left and room for helpers
	todo    []task   // oldest first, from next on
	next    int
	most    int                // slots; 0: no bound
	members map[uint64]*worker // by the number of their goroutine
	idle    []*worker          // without a place, the last at work at the end
	live    int                // workers' goroutines
	coming  int                // those that were called and have not come yet
	tasks   int                // workers with a place that user code may know
	closed  bool
	closing chan struct{} // closed with the pool
	changed *sync.Cond    // for Close
}

// task is a future on the to-do list.
type task struct {
	device.Pending
	place *place // for it
	slot  bool   // it takes up room on the list
}

// maxWorkers is far above any machine's; it catches mistyped numbers.
const maxWorkers = 4096

// Option is a choice made when a pool is opened.
type Option func(*Pool)

// QueueSize bounds the to-do list: while n tasks of Submit are on it, Submit waits until
// one of them has begun, or until its context is done. A task that does so lends its place.
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
	if p.most > 0 {
		p.slots = make(chan struct{}, p.most)
	}
	return p, nil
}

// Workers is the number of places.
func (p *Pool) Workers() int { return p.workers }

// ForEach is a parallel loop; see Executor.
func (p *Pool) ForEach(ctx context.Context, n int, body func(ctx context.Context, r device.Range) error) error {
	return forEach(ctx, p, n, body)
}

// Close drops what has not begun and waits for what runs; see Executor.
func (p *Pool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	dropped := p.todo[p.next:]
	p.todo, p.next = nil, 0
	if !p.closed {
		p.closed = true
		p.wanted.Store(true)
		close(p.closing)
	}
	for _, w := range p.idle {
		w.wake() // without a place, which ends it
	}
	p.idle = nil
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

// Begin puts a future on the to-do list, also if that is full; see Executor.
func (p *Pool) Begin(f device.Pending) { p.begin(task{Pending: f, place: &place{pool: p}}) }

func (p *Pool) begin(t task) {
	t.Own(p)
	p.mu.Lock()
	closed := p.closed
	if !closed {
		p.todo = append(p.todo, t)
		p.recruit()
	}
	p.mu.Unlock()
	if closed {
		t.Fail(device.ErrClosed)
	}
}

// submit is Begin for a caller who waits while the list is full.
func (p *Pool) submit(ctx context.Context, f device.Pending) {
	t := task{Pending: f, place: &place{pool: p}, slot: p.slots != nil}
	if !t.slot {
		p.begin(t)
		return
	}
	select {
	case p.slots <- struct{}{}:
		p.begin(t)
		return
	default:
	}
	lent := device.Lend(ctx, p)
	defer lent.Return(ctx)
	select {
	case p.slots <- struct{}{}:
		p.begin(t)
	case <-ctx.Done():
		f.Fail(ctx.Err())
	case <-p.closing:
		f.Fail(device.ErrClosed)
	}
}

// take removes the oldest task from the to-do list.
func (p *Pool) take() task {
	t := p.todo[p.next]
	p.todo[p.next] = task{}
	p.next++
	if p.next > len(p.todo)/2 {
		n := copy(p.todo, p.todo[p.next:])
		clear(p.todo[n:])
		p.todo, p.next = p.todo[:n], 0
	}
	if t.slot {
		<-p.slots
	}
	return t
}
