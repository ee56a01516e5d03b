// Package cpu computes on the host's cores. It has a Pool of workers for Go functions,
// with futures, a parallel map and loops; Serial, which runs the same functions serially
// for debugging; and a device.Device that runs kernels on the pool.
//
// By default, a pool has one worker for each CPU available to the process; since Go 1.25
// that respects CPU affinity and the quota of a control group.
//
// A pool has as many places as workers. Each running task, worker of a map or loop, and
// launch occupies one. Work that waits for a future, a map, a loop, a launch, or room in
// the queue lends its place. So tasks may wait for tasks to any depth without deadlock,
// even with one worker. Two rules follow for tasks:
//
// - They pass on the context that they were given: a wait finds in it the place to lend.
// A wait of the task's own goroutine with another context lends it too, but takes longer.
// Goroutines that a task starts are not counted. - A wait that its context ends goes on
// at once, even if other work has the place by then. Nothing new begins until there is a
// place for it.
package cpu

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"offload/device"
)

// Pool is an executor whose work runs on its own goroutines. They are started when there
// is work for them, and as many as there are workers are kept until Close.
type Pool struct {
	workers int
	slots   chan struct{} // room in the queue for tasks of Submit; nil: no bound
	opened  time.Time     // start of the times of yields

	free     atomic.Int32 // free places; below 0 after waits that were cut short
	line     atomic.Int32 // length of waiting
	wanted   atomic.Bool  // a freed place must be offered to waiting work; true once closed
	running  atomic.Int32 // launches with helpers
	watching atomic.Int32 // idle workers that spin, waiting for a call

	mu      sync.Mutex
	waiting []*place // work waiting for a place, oldest first
	loops   []*loop  // loops with pieces left and room for helpers
	todo    []task   // oldest first, from next on
	next    int
	most    int                // slots; 0: no bound
	members map[uint64]*worker // by the number of their goroutine
	idle    []*worker          // without a place, the last active at the end
	live    int                // workers' goroutines
	coming  int                // called workers that have not started yet
	tasks   int                // workers with a place visible to user code
	closed  bool
	closing chan struct{} // closed with the pool
	changed *sync.Cond    // for Close
}

// task is a future in the queue.
type task struct {
	device.Pending
	place *place // for it
	slot  bool   // it occupies a slot of the queue
}

// maxWorkers is far above the CPUs of any machine; it catches typing errors.
const maxWorkers = 4096

// Option is an option of NewPool.
type Option func(*Pool)

// QueueSize bounds the queue: while it holds n tasks of Submit, Submit waits until one of
// them has begun, or until its context is done. A task that waits in Submit lends its
// place. 0 means no bound; NewPool refuses a negative n as device.ErrInvalid.
func QueueSize(n int) Option { return func(p *Pool) { p.most = n } }

// NewPool returns a pool of 1 to 4096 workers; 0 means one for each CPU available to the
// process. Any other number is a device.ErrInvalid.
func NewPool(workers int, options ...Option) (*Pool, error) {
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	if workers < 1 || workers > maxWorkers {
		return nil, device.Invalidf("%d workers; the range is 1 to %d", workers, maxWorkers)
	}
	p := &Pool{workers: workers, opened: time.Now(), members: map[uint64]*worker{}, closing: make(chan struct{})}
	p.changed = sync.NewCond(&p.mu)
	p.free.Store(int32(workers))
	for _, set := range options {
		set(p)
	}
	if p.most < 0 {
		return nil, device.Invalidf("queue of %d tasks", p.most)
	}
	if p.most > 0 {
		p.slots = make(chan struct{}, p.most)
	}
	return p, nil
}

// Workers returns the number of workers.
func (p *Pool) Workers() int { return p.workers }

// ForEach runs a parallel loop; see device.Executor.
func (p *Pool) ForEach(ctx context.Context, n int, body func(ctx context.Context, r device.Range) error) error {
	return forEach(ctx, p, n, body)
}

// Close drops work that has not begun and waits for running work; see device.Executor.
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
		w.wake() // without a place, so that it ends
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

// Begin queues a future, without a wait for room; see device.Executor.
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

// submit is Begin with a wait while the queue is full.
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

// take removes the oldest task from the queue.
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
