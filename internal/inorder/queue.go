package inorder

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"offload/device"
)

// queue gives out turns in the order of the calls. A launch waits for its turn
// in the ring; a transfer waits in its caller. Whoever has the turn may touch
// buffers and execute, and no one else.
type queue struct {
	mu      sync.Mutex
	changed *sync.Cond

	issued uint64 // turns given out
	turn   uint64 // the turn that is being served
	left   map[uint64]bool

	ring   []entry // launches not yet begun, oldest first, from head on
	head   int
	length int

	jobs []*job // for the dispatcher, when the engine belongs to its thread

	err     error                 // first error since the last Sync
	lost    atomic.Pointer[error] // what ended the device
	closed  bool
	drained bool // closed, and nobody has a turn any more
}

// entry is a launch that waits in the ring. Its argument slice is kept when the
// entry is used again.
type entry struct {
	launch device.Launch
	ctx    context.Context
	turn   uint64
}

func (q *queue) init() {
	q.changed = sync.NewCond(&q.mu)
	q.left = make(map[uint64]bool)
	q.ring = make([]entry, 16)
}

// state is the error that refuses new work; the queue is locked.
func (q *queue) state() error {
	if q.closed {
		return device.ErrClosed
	}
	return q.lostBy()
}

// enter waits for the caller's turn. With a buffer, it fails if that was freed.
func (q *queue) enter(ctx context.Context, b *buffer) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || (b != nil && b.freed) {
		return device.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	mine := q.issued
	q.issued++
	if q.turn != mine && ctx.Done() != nil {
		defer context.AfterFunc(ctx, q.wake)()
	}
	for q.turn != mine && ctx.Err() == nil && !q.closed {
		q.changed.Wait()
	}
	switch {
	case q.turn == mine && !q.closed:
		if b != nil && b.freed {
			q.advance()
			return device.ErrClosed
		}
		return nil
	case q.turn == mine:
		q.advance()
		return device.ErrClosed
	}
	q.left[mine] = true
	if q.closed {
		return device.ErrClosed
	}
	return ctx.Err()
}

// leave ends the caller's turn.
func (q *queue) leave() {
	q.mu.Lock()
	q.advance()
	q.mu.Unlock()
}

// advance serves the next turn that somebody still waits for.
func (q *queue) advance() {
	q.turn++
	for q.left[q.turn] {
		delete(q.left, q.turn)
		q.turn++
	}
	q.changed.Broadcast()
}

func (q *queue) wake() {
	q.mu.Lock()
	q.changed.Broadcast()
	q.mu.Unlock()
}

// push puts a copy of l at the end of the ring.
func (q *queue) push(ctx context.Context, l *device.Launch) {
	if q.length == len(q.ring) {
		larger := make([]entry, 2*len(q.ring))
		n := copy(larger, q.ring[q.head:])
		copy(larger[n:], q.ring[:q.head])
		q.ring, q.head = larger, 0
	}
	e := &q.ring[(q.head+q.length)%len(q.ring)]
	e.ctx, e.turn = ctx, q.issued
	e.launch = device.Launch{Kernel: l.Kernel, Rows: l.Rows, Args: append(e.launch.Args[:0], l.Args...)}
	q.issued++
	q.length++
	q.changed.Broadcast()
}

// next waits for work of the dispatcher: a job, or the turn of the oldest launch,
// which it moves to *e, swapping argument slices. False once the queue is closed.
func (q *queue) next(e *entry) (j *job, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		if len(q.jobs) > 0 {
			j := q.jobs[0]
			q.jobs = append(q.jobs[:0], q.jobs[1:]...)
			return j, true
		}
		if q.drained {
			return nil, false
		}
		if !q.closed && q.length > 0 && q.ring[q.head].turn == q.turn {
			q.pop(e)
			return nil, true
		}
		q.changed.Wait()
	}
}

// pop moves the oldest launch to *e; the queue is locked.
func (q *queue) pop(e *entry) {
	spare := e.launch.Args[:0]
	*e = q.ring[q.head]
	q.ring[q.head] = entry{launch: device.Launch{Args: spare}}
	q.head = (q.head + 1) % len(q.ring)
	q.length--
}

// post hands a job to the dispatcher, whoever has the turn, and waits for it.
func (q *queue) post(j *job) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := q.state(); err != nil {
		return err
	}
	q.wait(j)
	return nil
}

// hand is post for whoever has the turn, who may do so while the queue closes.
func (q *queue) hand(j *job) {
	q.mu.Lock()
	q.wait(j)
	q.mu.Unlock()
}

func (q *queue) wait(j *job) {
	q.jobs = append(q.jobs, j)
	q.changed.Broadcast()
	for !j.done {
		q.changed.Wait()
	}
}

// finished tells whoever waits for j.
func (q *queue) finished(j *job) {
	q.mu.Lock()
	j.done = true
	q.changed.Broadcast()
	q.mu.Unlock()
}

// note keeps an error that ends the device, and returns the one that ended it
// first if there is any.
func (q *queue) note(err error) error {
	if err == nil || !errors.Is(err, device.ErrLost) {
		return err
	}
	first := err // a copy, so that err itself stays off the heap
	q.lost.CompareAndSwap(nil, &first)
	return q.lostBy()
}

// lostBy is what ended the device.
func (q *queue) lostBy() error {
	if err := q.lost.Load(); err != nil {
		return *err
	}
	return nil
}

// fail keeps the first error for the next Sync.
func (q *queue) fail(err error) {
	q.mu.Lock()
	if q.err == nil {
		q.err = err
	}
	q.mu.Unlock()
}

// close drops the launches that have not begun, waits for whoever has the turn,
// and makes every later call fail.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return
	}
	q.closed = true
	for ; q.length > 0; q.length-- {
		q.left[q.ring[q.head].turn] = true
		q.head = (q.head + 1) % len(q.ring)
	}
	for q.left[q.turn] {
		delete(q.left, q.turn)
		q.turn++
	}
	q.changed.Broadcast()
	for q.turn != q.issued {
		q.changed.Wait()
	}
	q.drained = true
	q.changed.Broadcast()
}
