package ranks

import (
	"bytes"
	"context"
	"fmt"
	"sync"

	"offload/cluster/internal/transport"
)

// rank is a rank's end of the group.
type rank struct {
	group   *Group
	number  int
	context uint64 // keeps apart the transports of Dup

	mu          sync.Mutex
	collectives int // started so far
	dups        int
	closed      bool
}

func (t *rank) Rank() int { return t.number }

func (t *rank) Size() int { return len(t.group.ranks) }

func (t *rank) Local() (number, size int) {
	per := t.group.faults.PerMachine
	if per <= 0 {
		return t.number, t.Size()
	}
	first := t.number / per * per
	return t.number - first, min(per, t.Size()-first)
}

func (t *rank) Name() string { return "goroutines of one process" }

func (t *rank) Send(to, tag int, data []byte) transport.Request {
	if err := t.check(to, tag); err != nil {
		return newRequest(nil).end(err)
	}
	return t.send(to, tag, data)
}

func (t *rank) Recv(from, tag int, data []byte) transport.Request {
	if err := t.check(from, tag); err != nil {
		return newRequest(nil).end(err)
	}
	return t.recv(from, tag, data)
}

func (t *rank) TryRecv(tag int, data []byte) (from, n int, err error) {
	if err := t.check(t.number, tag); err != nil {
		return -1, 0, err
	}
	return t.group.take(t.context, t.number, tag, data)
}

// check refuses what no transport does.
func (t *rank) check(peer, tag int) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.closed:
		return fmt.Errorf("%w: the transport is closed", transport.ErrTransport)
	case peer < 0 || peer >= t.Size():
		return fmt.Errorf("%w: no rank %d among %d", transport.ErrTransport, peer, t.Size())
	case tag < 0 || tag > transport.MaxTag:
		return fmt.Errorf("%w: tag %d is not from 0 to %d", transport.ErrTransport, tag, transport.MaxTag)
	}
	return nil
}

func (t *rank) send(to, tag int, data []byte) *request {
	return t.group.send(route{t.context, t.number, to, tag}, data)
}

func (t *rank) recv(from, tag int, data []byte) *request {
	return t.group.receive(route{t.context, from, t.number, tag}, data)
}

// collective returns the tag of the next collective operation.
func (t *rank) collective() (tag int, err error) {
	if err := t.check(t.number, 0); err != nil {
		return 0, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.collectives++
	return -t.collectives, nil
}

func (t *rank) Bcast(root int, data []byte) transport.Request {
	tag, err := t.collective()
	if err == nil {
		err = t.check(root, 0)
	}
	if err != nil {
		return newRequest(nil).end(err)
	}
	if t.number != root {
		return t.recv(root, tag, data)
	}
	var parts []*request
	for to := range t.Size() {
		if to != root {
			parts = append(parts, t.send(to, tag, data))
		}
	}
	return t.group.join(parts)
}

func (t *rank) Gather(root int, part, all []byte, counts []int) transport.Request {
	tag, err := t.collective()
	if err == nil {
		err = t.check(root, 0)
	}
	if err != nil {
		return newRequest(nil).end(err)
	}
	if t.number != root {
		return t.send(root, tag, part)
	}
	return t.group.join(t.gather(tag, part, all, counts))
}

func (t *rank) Allgather(part, all []byte, counts []int) transport.Request {
	tag, err := t.collective()
	if err != nil {
		return newRequest(nil).end(err)
	}
	parts := t.gather(tag, part, all, counts)
	for to := range t.Size() {
		if to != t.number {
			parts = append(parts, t.send(to, tag, part))
		}
	}
	return t.group.join(parts)
}

// gather receives every rank's part.
func (t *rank) gather(tag int, part, all []byte, counts []int) []*request {
	sum := 0
	for _, n := range counts {
		sum += n
	}
	if len(counts) != t.Size() || sum != len(all) || counts[t.number] != len(part) {
		err := fmt.Errorf("%w: counts %v for a part of %d and all of %d bytes", transport.ErrTransport, counts, len(part), len(all))
		return []*request{newRequest(nil).end(err)}
	}
	var parts []*request
	for from, n := range counts {
		if from == t.number {
			copy(all, part)
		} else {
			parts = append(parts, t.recv(from, tag, all[:n:n]))
		}
		all = all[n:]
	}
	return parts
}

func (t *rank) Barrier() transport.Request {
	return t.Allgather(nil, nil, make([]int, t.Size()))
}

func (t *rank) Dup(ctx context.Context) (transport.Transport, error) {
	t.mu.Lock()
	t.dups++
	d := &rank{group: t.group, number: t.number, context: scramble(t.context + uint64(t.dups))}
	t.mu.Unlock()
	if err := t.Barrier().Wait(ctx); err != nil {
		return nil, err
	}
	return d, nil
}

func (t *rank) Abort(code int, reason string) { t.group.abort(reason) }

func (t *rank) Close(ctx context.Context) error {
	t.mu.Lock()
	closed := t.closed
	t.mu.Unlock()
	if closed {
		return nil
	}
	err := t.Barrier().Wait(ctx)
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	return err
}

// request is an operation.
type request struct {
	data    []byte        // of a receive
	message *message      // of a send
	done    chan struct{} // closed at the end
	err     error         // valid once done is closed
	whole   *request      // that this one is a part of
	parts   []*request
	left    int // parts that have not ended
}

func newRequest(data []byte) *request { return &request{data: data, done: make(chan struct{})} }

// join returns the operation that has ended once all parts have, or one of them with an error.
func (g *Group) join(parts []*request) *request {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := newRequest(nil)
	all.parts, all.left = parts, len(parts)+1
	for _, q := range parts {
		if !q.ended() {
			q.whole = all
		}
	}
	for _, q := range parts {
		if q.ended() {
			all.endPart(q.err)
		}
	}
	all.endPart(nil)
	return all
}

func (q *request) ended() bool {
	select {
	case <-q.done:
		return true
	default:
		return false
	}
}

// end completes the operation.
func (q *request) end(err error) *request {
	q.err = err
	close(q.done)
	if q.whole != nil {
		q.whole.endPart(err)
	}
	return q
}

// endPart counts a part that has ended, with an error or nil. The first error ends the whole.
func (q *request) endPart(err error) {
	q.left--
	if q.err != nil || err == nil && q.left > 0 {
		return
	}
	q.end(err)
	if err == nil {
		return
	}
	for _, part := range q.parts {
		if !part.ended() {
			part.free()
		}
	}
}

// free lets an operation go on without the slice that it was given.
func (q *request) free() {
	q.data = bytes.Clone(q.data)
	if q.message != nil {
		q.message.data = bytes.Clone(q.message.data)
	}
}

func (q *request) Wait(ctx context.Context) error {
	select {
	case <-q.done:
		return q.err
	default:
	}
	select {
	case <-q.done:
		return q.err
	case <-ctx.Done():
		return ctx.Err()
	}
}
