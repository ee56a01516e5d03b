package queue

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"offload/device"
)

// queue grants turns in the order of the calls. A launch waits for its turn in the ring;
// a transfer's caller waits there itself. Only the holder of the turn may use buffers and
// execute.
type queue struct {
	owner device.Owner // of the places that callers may occupy; may be nil

	mu      sync.Mutex
	changed *sync.Cond // signals the dispatcher and close

	taken   bool  // the turn is held
	serving bool  // the dispatcher holds it, for next
	next    entry // the launch whose turn it is

	ring     []entry // launches and callers waiting for the turn, oldest first, from head on
	head     int
	length   int
	most     int       // largest length since the ring was empty
	launches int       // number of launches in the ring
	blocked  []*waiter // launches waiting for room in the ring, oldest first
	spare    []*waiter // for reuse

	jobs []*job // for the dispatcher, when the engine belongs to its thread

	lost    atomic.Pointer[error] // the error that ended the device
	closed  bool
	drained bool // closed, and the turn is free for good
}

// entry is a launch in the ring, a buffer to be freed, or a caller. Its argument slice is
// reused with the entry.
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

// move moves the content of e to to, and gives e the argument slice of to.
func (e *entry) move(to *entry) {
	*to, *e = *e, entry{launch: device.Launch{Args: to.launch.Args}}
	clear(e.launch.Args) // keeps no buffer alive
}

// waiter is a goroutine that waits for the turn, for room, or for a job. Its channel has
// room for its only message.
type waiter struct {
	ready   chan struct{}
	granted bool // guarded by the queue's mutex
}

// smallRing is the initial size of a ring.
const smallRing = 16

func (q *queue) init() {
	q.changed = sync.NewCond(&q.mu)
	q.ring = make([]entry, smallRing)
}

// state returns the error for new work, if the device is closed or lost; the queue is
// locked.
func (q *queue) state() error {
	if q.closed {
		return device.ErrClosed
	}
	return q.lostBy()
}

// idle reports whether a call would get the turn at once; the queue is locked.
func (q *queue) idle() bool { return !q.taken && q.length == 0 }

// enter waits for the caller's turn. A place that the caller occupies is lent from the
// start of the wait until leave. If b is not nil and was freed, enter fails.
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
	if ctx.Done() == nil { // a plain receive is faster than a select
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

// leave ends the turn that enter granted.
func (q *queue) leave(ctx context.Context, lent device.Lent) {
	q.mu.Lock()
	q.pass()
	q.mu.Unlock()
	lent.Return(ctx)
}

// pass gives the turn to the next in the ring; the queue is locked.
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

// serve gives the turn to the dispatcher, which runs next.
func (q *queue) serve() {
	q.taken, q.serving = true, true
	q.changed.Broadcast()
}

// grant ends w's wait with success; the queue is locked.
func (w *waiter) grant() {
	w.granted = true
	w.ready <- struct{}{}
}

// waiter returns an unused waiter.
func (q *queue) waiter() *waiter {
	n := len(q.spare)
	if n == 0 {
		return &waiter{ready: make(chan struct{}, 1)}
	}
	w := q.spare[n-1]
	q.spare = q.spare[:n-1]
	return w
}

// recycle keeps w for reuse, after dropping a late message.
func (q *queue) recycle(w *waiter) {
	select {
	case <-w.ready:
	default:
	}
	if w.granted = false; len(q.spare) < smallRing {
		q.spare = append(q.spare, w)
	}
}

// add adds an entry at the end of the ring.
func (q *queue) add() *entry {
	if q.length == len(q.ring) {
		q.resize(2 * len(q.ring))
	}
	e := &q.ring[(q.head+q.length)%len(q.ring)]
	q.length++
	q.most = max(q.most, q.length)
	return e
}

// drop removes the oldest entry. A ring that becomes empty is halved if at most a quarter
// of it was used since it was last empty.
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

// withdraw removes a caller from the ring.
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

// admit waits until the ring has room for a launch, behind earlier waits for room. The
// queue is locked.
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
		q.launches-- // the reserved room
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

// room reserves free room for the launches that have waited longest.
func (q *queue) room() {
	for len(q.blocked) > 0 && q.launches < device.QueueDepth {
		w := q.blocked[0]
		q.blocked = slices.Delete(q.blocked, 0, 1)
		q.launches++
		w.grant()
	}
}

// push queues a copy of l; there must be room.
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

// begin makes the dispatcher run a copy of l in the caller's turn.
func (q *queue) begin(ctx context.Context, l *device.Launch) {
	q.mu.Lock()
	q.next.set(ctx, l)
	q.serve()
	q.mu.Unlock()
}

// await waits for the dispatcher's next work: a job, or an entry of the queue, which it
// moves to *e. It returns false once the queue is closed.
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

// post hands a job to the dispatcher, without a turn, and waits for it or until its
// context is done.
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

// hand is post for the holder of the turn, which may call it while the queue closes. If
// hand returns false, the job has the turn and ends it.
func (q *queue) hand(j *job) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	j.turn = true
	return q.do(j)
}

// do queues a job and waits for it. When its context is done first, a job that has not
// begun is withdrawn, with the context's error; a job that uses the caller's memory is
// waited for all the same; any other is left running, and do returns false.
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

// finished ends the wait for j, or j's turn if nothing waits for it.
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

// note records an error that ends the device. It returns the first such error if err is
// one, else err.
func (q *queue) note(err error) error {
	if err == nil || !errors.Is(err, device.ErrLost) {
		return err
	}
	first := err // a copy, so that err itself stays off the heap
	q.lost.CompareAndSwap(nil, &first)
	return q.lostBy()
}

// lostBy returns the error that ended the device, or nil.
func (q *queue) lostBy() error {
	if err := q.lost.Load(); err != nil {
		return *err
	}
	return nil
}

// close drops launches that have not begun, waits until the turn is free, and makes later
// calls fail.
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
