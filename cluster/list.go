package cluster

import (
	"bytes"
	"encoding/binary"
	"encoding/gob"
	"slices"
	"sync"
)

// list is the list of what is to do in a map, on rank 0.
type list struct {
	farm *farm
	size int           // ranks
	done chan struct{} // closed at the end

	mu      sync.Mutex
	workers int // of all ranks, or 0 before the start
	next    int // the first item that was not given out
	out     int // chunks that are being computed
	chunks  []chunk
	failure *wireError
	ended   bool
}

// start gives every worker a chunk. Ranks take turns, so that few items are spread over many of them.
func (q *list) start(workers []int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, n := range workers {
		q.workers += n
	}
	for i := range slices.Max(workers) {
		for rank, n := range workers {
			if i < n {
				q.give(rank)
			}
		}
	}
	q.end()
}

// serve receives the reports of the other ranks until each has sent its last one, or messages fail.
func (q *list) serve() {
	var servers sync.WaitGroup
	for rank := 1; rank < q.size; rank++ {
		servers.Go(func() {
			if err := q.listen(rank); err != nil {
				q.farm.fail(err)
			}
		})
	}
	select {
	case <-q.done:
	case <-q.farm.ctx.Done():
	}
	servers.Wait()
}

// listen receives the reports of a rank.
func (q *list) listen(rank int) error {
	comm, length := q.farm.comm, make([]byte, 8)
	for {
		if err := comm.wait(q.farm.ctx, rank, comm.transport.Recv(rank, tagReports, length)); err != nil {
			return err
		}
		data := make([]byte, binary.LittleEndian.Uint64(length))
		if err := comm.wait(q.farm.ctx, rank, comm.transport.Recv(rank, tagReports, data)); err != nil {
			return err
		}
		var r report
		if err := gob.NewDecoder(bytes.NewReader(data)).Decode(&r); err != nil {
			return err
		}
		if r.Last {
			return nil
		}
		q.receive(rank, r)
	}
}

// receive enters a report, and gives the rank more to do.
func (q *list) receive(rank int, r report) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ended {
		return // a context that has ended too late
	}
	switch f := r.Failure; {
	case f == nil:
		q.chunks = append(q.chunks, chunk{r.Lo, r.Hi, r.Data})
	case q.failure == nil || f.Item < q.failure.Item:
		q.failure = f
		for rank := range q.size {
			q.order(rank, orderStop, f.Item, 0)
		}
	}
	if r.Hi > 0 { // the report of a chunk
		q.out--
		q.give(rank)
	}
	q.end()
}

// give gives a rank the next chunk, if there is one. The chunks of all workers together are half of what is left.
func (q *list) give(rank int) {
	left := q.farm.items - q.next
	if left == 0 || q.failure != nil {
		return
	}
	n := q.farm.chunk
	if n == 0 {
		n = max(left/(2*q.workers), 1)
	}
	lo := q.next
	q.next += min(n, left)
	q.out++
	q.order(rank, orderChunk, lo, q.next)
}

// end ends the map once nothing is left to do.
func (q *list) end() {
	if q.ended || q.workers == 0 || q.out > 0 || q.failure == nil && q.next < q.farm.items {
		return
	}
	q.ended = true
	for rank := range q.size {
		q.order(rank, orderEnd, 0, 0)
	}
	close(q.done)
}

// order sends an order. It does not wait: orders to a rank arrive in order.
func (q *list) order(rank, kind, lo, hi int) {
	if rank == 0 {
		q.farm.order(kind, lo, hi)
		return
	}
	order := binary.LittleEndian.AppendUint64(nil, uint64(kind))
	order = binary.LittleEndian.AppendUint64(order, uint64(lo))
	q.farm.send(rank, tagOrders, binary.LittleEndian.AppendUint64(order, uint64(hi)))
}

// outcome returns how the map has ended.
func (q *list) outcome() outcome {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.failure != nil {
		return outcome{Failure: q.failure}
	}
	return outcome{Chunks: q.chunks}
}
