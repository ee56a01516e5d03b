package queue

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"offload/device"
)

// queue gives out turns in the order of the calls. A launch waits for its turn
// in the ring; a transfer waits there for its caller. Whoever has the turn may
// touch buffers and execute, and no one else.
type queue struct {
	owner device.Owner // of the places that callers may take up; nil: none

	mu      sync.Mutex
	changed *sync.Cond // for the dispatcher and for close

	taken   bool  // somebody has the turn
	serving bool  // the dispatcher has it, for next
	next    entry // the launch whose turn it is

	ring     []entry // launches and callers that wait for the turn, oldest first, from head on
	head     int
	length   int
	most     int       // length of the ring since it was empty
	launches int       // of those in the ring
	blocked  []*waiter // launches that wait for room in the ring, oldest first
	spare    []*waiter // to be used again

	jobs []*job // for the dispatcher, when the engine belongs to its thread

	lost    atomic.Pointer[error] // what ended the device
	closed  bool
	drained bool // closed, and nobody has the turn any more
}

// entry is a launch in the ring, a buffer to be freed, or a caller. The argument slice
// of a launch is kept when the entry is used again.
type entry struct {
	launch device.Launch
	ctx    context.Context
	freed  *buffer
	caller *waiter
}

// set makes e a copy of l.
func (e *entry) set(ctx context.Context, l *device.Launch) {
	e.ctx = ctx
	e.launch = device.Launch{Kernel: l.Kernel, Rows: l.Rows, Args: append(e.launch.Args[:0], l.Args...)}
}

// move moves what is in e to to, and leaves to's argument slice in its place.
func (e *entry) move(to *entry) {
	*to, *e = *e, entry{launch: device.Launch{Args: to.launch.Args}}
	clear(e.launch.Args) // keeps no buffer alive
}

// waiter is somebody who waits for the turn, for room, or for a job. Its channel
// has room for the one message that it gets.
type waiter struct {
	ready   chan struct{}
	granted bool // guarded by the queue's mutex
}

// smallRing is the size of a ring that nothing was ever queued in.
const smallRing = 16

func (q *queue) init() {
	q.changed = sync.NewCond(&q.mu)
	q.ring = make([]entry, smallRing)
}

// state is the error that refuses new work; the queue is locked.
func (q *queue) state() error {
	if q.closed {
		return device.ErrClosed
	}
	return q.lostBy()
}

// idle reports whether a call has the turn at once; the queue is locked.
func (q *queue) idle() bool { return !q.taken && q.length == 0 }

// enter waits for the caller's turn. A place that the caller takes up is lent from
// the moment that it has to wait until leave. With a buffer, enter fails if that was
// freed before.
func (q *queue) enter(ctx context.Context, b *buffer) (lent device.Lent, err error) {
	q.mu.Lock()
	err = ctx.Err()
	switch {
	case q.closed || b != nil && b.freed:
		err = device.ErrClosed
	case err == nil && q.idle():
		q.taken = true
	case err == nil:
		w := q.waiter()
		q.add().caller = w
		lent = q.wait(ctx, w)
		switch {
		case w.granted && q.closed:
			q.pass()
			fallthrough
		case q.closed:
			err = device.ErrClosed
		case !w.granted:
			err = ctx.Err()
			q.withdraw(w)
		}
		q.recycle(w)
	}
	q.mu.Unlock()
	if err != nil {
		lent.Return(ctx)
		lent = device.Lent{}
	}
	return lent, err
}

// wait waits for a message to w, or until ctx is done. The queue is locked before and
// after.
func (q *queue) wait(ctx context.Context, w *waiter) device.Lent {
	q.mu.Unlock()
	lent := device.Lend(ctx, q.owner)
	if ctx.Done() == nil { // a plain receive is faster than a choice
		<-w.ready
	} else {
		select {
		case <-w.ready:
		case <-ctx.Done():
		}
	}
	q.mu.Lock()
	return lent
}

// leave ends the turn that enter has given.
func (q *queue) leave(ctx context.Context, lent device.Lent) {
	q.mu.Lock()
	q.pass()
	q.mu.Unlock()
	lent.Return(ctx)
}

// pass gives the turn to the next who waits for it; the queue is locked.
func (q *queue) pass() {
	if q.closed || q.length == 0 {
		q.taken = false
		if q.closed {
			q.changed.Broadcast()
		}
		return
	}
	e := &q.ring[q.head]
	if w := e.caller; w != nil {
		q.drop()
		w.grant()
		return
	}
	if e.freed == nil {
		q.launches--
	}
	e.move(&q.next)
	q.drop()
	q.room()
	q.serve()
}

// serve has the dispatcher run next.
func (q *queue) serve() {
	q.taken, q.serving = true, true
	q.changed.Broadcast()
}

// grant tells w that it has what it waits for; the queue is locked.
func (w *waiter) grant() {
	w.granted = true
	w.ready <- struct{}{}
}

// waiter is one that nobody uses.
func (q *queue) waiter() *waiter {
	n := len(q.spare)
	if n == 0 {
		return &waiter{ready: make(chan struct{}, 1)}
	}
	w := q.spare[n-1]
	q.spare = q.spare[:n-1]
	return w
}

// recycle keeps w for later, without a message that came too late.
func (q *queue) recycle(w *waiter) {
	select {
	case <-w.ready:
	default:
	}
	if w.granted = false; len(q.spare) < smallRing {
		q.spare = append(q.spare, w)
	}
}

// add makes an entry at the end of the ring.
func (q *queue) add() *entry {
	if q.length == len(q.ring) {
		q.resize(2 * len(q.ring))
	}
	e := &q.ring[(q.head+q.length)%len(q.ring)]
	q.length++
	q.most = max(q.most, q.length)
	return e
}

// drop takes the oldest entry away. A ring that is much larger than it had to be
// since it was empty last becomes smaller.
func (q *queue) drop() {
	q.ring[q.head].caller = nil
	q.head = (q.head + 1) % len(q.ring)
	if q.length--; q.length > 0 {
		return
	}
	if len(q.ring) > smallRing && q.most <= len(q.ring)/4 {
		q.resize(len(q.ring) / 2)
	}
	q.most = 0
}

func (q *queue) resize(n int) {
	ring := make([]entry, n)
	for i := range q.length {
		ring[i] = q.ring[(q.head+i)%len(q.ring)]
	}
	q.ring, q.head = ring, 0
}

// withdraw takes a caller out of the ring.
func (q *queue) withdraw(w *waiter) {
	at := func(i int) *entry { return &q.ring[(q.head+i)%len(q.ring)] }
	for i := range q.length {
		if at(i).caller != w {
			continue
		}
		for ; i > 0; i-- { // those before it move up
			*at(i), *at(i - 1) = *at(i - 1), *at(i)
		}
		q.drop()
		return
	}
}

// admit waits until the ring has room for a launch, behind those who wait for that
// already. The queue is locked.
func (q *queue) admit(ctx context.Context) error {
	if q.launches < device.QueueDepth {
		return nil
	}
	w := q.waiter()
	q.blocked = append(q.blocked, w)
	lent := q.wait(ctx, w)
	granted := w.granted
	if !granted {
		q.blocked = slices.DeleteFunc(q.blocked, func(x *waiter) bool { return x == w })
	}
	q.recycle(w)
	q.mu.Unlock()
	lent.Return(ctx)
	q.mu.Lock()
	if granted {
		q.launches-- // the room that was kept
	}
	err := q.state()
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		q.room()
	}
	return err
}

// room keeps what room there is for the launches that have waited longest for it.
func (q *queue) room() {
	for len(q.blocked) > 0 && q.launches < device.QueueDepth {
		w := q.blocked[0]
		q.blocked = slices.Delete(q.blocked, 0, 1)
		q.launches++
		w.grant()
	}
}

// push queues a copy of l, for which there is room.
func (q *queue) push(ctx context.Context, l *device.Launch) {
	if q.idle() {
		q.next.set(ctx, l)
		q.serve()
		return
	}
	q.add().set(ctx, l)
	q.launches++
}

// free queues the freeing of b.
func (q *queue) free(b *buffer) {
	if q.idle() {
		q.next.freed = b
		q.serve()
	} else {
		q.add().freed = b
	}
}

// begin has the dispatcher run a copy of l in the turn that its caller has.
func (q *queue) begin(ctx context.Context, l *device.Launch) {
	q.mu.Lock()
	q.next.set(ctx, l)
	q.serve()
	q.mu.Unlock()
}

// await waits for work of the dispatcher: a job, or what is in the queue, which it
// moves to *e.
// False once the queue is closed.
func (q *queue) await(e *entry) (j *job, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		switch {
		case len(q.jobs) > 0:
			j := q.jobs[0]
			q.jobs = slices.Delete(q.jobs, 0, 1)
			return j, true
		case q.serving && q.closed:
			q.serving = false
			q.pass()
		case q.serving:
			q.serving = false
			q.next.move(e)
			return nil, true
		case q.drained:
			return nil, false
		}
		q.changed.Wait()
	}
}

// post hands a job to the dispatcher, whoever has the turn, and waits for it or until
// its context is done.
func (q *queue) post(j *job) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := q.state(); err != nil {
		return err
	}
	if !q.do(j) {
		return j.ctx.Err()
	}
	return nil
}

// hand is post for whoever has the turn, who may do so while the queue closes. If it
// returns false the turn is the job's, and ends with it.
func (q *queue) hand(j *job) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	j.turn = true
	return q.do(j)
}

// do waits for a job. When its context is done first, a job that has not begun is taken
// back, and has the context's error; one that uses the caller's memory is waited for all
// the same; any other is left, for which do returns false.
func (q *queue) do(j *job) bool {
	j.waiter = q.waiter()
	q.jobs = append(q.jobs, j)
	q.changed.Broadcast()
	q.mu.Unlock()
	select {
	case <-j.waiter.ready:
	case <-j.ctx.Done():
	}
	q.mu.Lock()
	if i := slices.Index(q.jobs, j); i >= 0 {
		q.jobs = slices.Delete(q.jobs, i, i+1)
		j.err = notBegun{j.ctx.Err()}
	} else if !j.waiter.granted && (j.what == write || j.what == read) {
		q.mu.Unlock()
		<-j.waiter.ready
		q.mu.Lock()
	} else if !j.waiter.granted {
		j.left = true
		return false
	}
	q.recycle(j.waiter)
	return true
}

// finished tells whoever waits for j, or ends the turn of one who has left.
func (q *queue) finished(j *job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case !j.left:
		j.waiter.grant()
	case j.turn:
		q.pass()
	}
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

// close drops the launches that have not begun, waits for whoever has the turn,
// and makes every later call fail.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return
	}
	q.closed = true
	for ; q.length > 0; q.drop() {
		if w := q.ring[q.head].caller; w != nil {
			w.ready <- struct{}{}
		}
	}
	for _, w := range q.blocked {
		w.ready <- struct{}{}
	}
	q.blocked, q.ring, q.next = nil, nil, entry{}
	q.changed.Broadcast()
	for q.taken {
		q.changed.Wait()
	}
	q.drained = true
	q.changed.Broadcast()
}
