//go:build mpi && linux

package mpi

import (
	"context"
	"fmt"
	"math"
	"os"
	"time"
	"unsafe"

	"offload/cluster/internal/transport"
)

// comm is a communicator as a transport.
type comm struct {
	world      *world
	comm       uintptr
	rank, size int
	local, all int // rank and number of ranks on this machine
	owned      bool
}

// Open initializes MPI and returns the ranks of its world. A program that no launcher started is the only rank. MPI can be
// opened once in a process.
func Open(context.Context) (transport.Transport, error) {
	w, err := newWorld()
	if err != nil {
		return nil, err
	}
	c := &comm{world: w, comm: w.lib.world}
	return c, c.measure()
}

// Describe returns the name and the version of the library that Open would use.
func Describe() (string, error) {
	defer keepFaults()()
	l, err := load()
	if err != nil {
		return "", err
	}
	return l.version + " (" + l.file + ")", nil
}

// measure sets the ranks.
func (c *comm) measure() error {
	l := c.world.lib
	n := new([2]int32)
	numbers := func(comm uintptr) (rank, size int, err error) {
		if err := l.call(mpiCommRank, comm, uintptr(unsafe.Pointer(&n[0]))); err != nil {
			return 0, 0, err
		}
		err = l.call(mpiCommSize, comm, uintptr(unsafe.Pointer(&n[1])))
		return int(n[0]), int(n[1]), err
	}
	var err error
	if c.rank, c.size, err = numbers(c.comm); err != nil {
		return err
	}
	near := new(uintptr)
	if err := l.call(mpiCommSplitType, c.comm, uintptr(l.shared), 0, l.infoNull, uintptr(unsafe.Pointer(near))); err != nil {
		return err
	}
	if c.local, c.all, err = numbers(*near); err != nil {
		return err
	}
	return l.call(mpiCommFree, uintptr(unsafe.Pointer(near)))
}

func (c *comm) Rank() int               { return c.rank }
func (c *comm) Size() int               { return c.size }
func (c *comm) Local() (rank, size int) { return c.local, c.all }
func (c *comm) Name() string            { return c.world.lib.version }

func (c *comm) Send(to, tag int, data []byte) transport.Request {
	return c.world.start(c, operation{data: data, peer: to}, func(r *request) error { return r.exchange(mpiIsend, tag) })
}

func (c *comm) Recv(from, tag int, data []byte) transport.Request {
	return c.world.start(c, operation{data: data, peer: from, recv: true}, func(r *request) error { return r.exchange(mpiIrecv, tag) })
}

// A message of more than a piece is several; messages keep their order.

func (r *request) exchange(function, tag int) error {
	for rest := r.data; ; {
		part := rest[:min(len(rest), piece)]
		l := r.world.lib
		if err := l.call(function, address(part), uintptr(len(part)), l.byte, uintptr(r.peer), uintptr(tag), r.comm, r.handle()); err != nil {
			r.handles = r.handles[:len(r.handles)-1]
			return err
		}
		if rest = rest[len(part):]; len(rest) == 0 {
			return nil
		}
	}
}

func (c *comm) TryRecv(tag int, data []byte) (from, n int, err error) {
	w := c.world
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return -1, 0, errFinished
	}
	w.flag = 0
	if err := w.lib.call(mpiIprobe, uintptr(w.lib.anySource), uintptr(tag), c.comm, uintptr(unsafe.Pointer(&w.flag)), uintptr(unsafe.Pointer(&w.status))); err != nil || w.flag == 0 {
		return -1, 0, err
	}
	from = int(w.status[w.lib.source])
	if n, err = w.received(); err == nil && n > len(data) {
		err = fmt.Errorf("%w: a message of %d bytes from rank %d was expected to have %d at most", transport.ErrTransport, n, from, len(data))
	}
	if err != nil {
		return -1, 0, err
	}
	return from, n, w.lib.call(mpiRecv, address(data), uintptr(n), w.lib.byte, uintptr(from), uintptr(tag), c.comm, uintptr(unsafe.Pointer(&w.status)))
}

func (c *comm) Bcast(root int, data []byte) transport.Request {
	return c.world.start(c, operation{data: data, peer: root}, (*request).startBcast)
}

func (r *request) startBcast() error { return r.bcast(r.peer, r.data) }

func (r *request) bcast(root int, data []byte) error {
	l := r.world.lib
	for len(data) > 0 {
		part := data[:min(len(data), piece)]
		if err := l.call(mpiIbcast, address(part), uintptr(len(part)), l.byte, uintptr(root), r.comm, r.handle()); err != nil {
			r.handles = r.handles[:len(r.handles)-1]
			return err
		}
		data = data[len(part):]
	}
	return nil
}

func (c *comm) Gather(root int, part, all []byte, counts []int) transport.Request {
	if c.rank != root {
		all, counts = nil, nil
	}
	return c.world.start(c, operation{data: part, peer: root, all: all, counts: counts}, (*request).startGather)
}

func (r *request) startGather() error {
	if err := r.measure(); err != nil {
		return err
	}
	if len(r.data) > math.MaxInt32 {
		return r.tooLong(len(r.data))
	}
	counts, offsets := r.layout()
	l := r.world.lib
	return r.started(l.call(mpiIgatherv, address(r.data), uintptr(len(r.data)), l.byte, address(r.all), counts, offsets, l.byte, uintptr(r.peer), r.comm, r.handle()))
}

func (c *comm) Allgather(part, all []byte, counts []int) transport.Request {
	return c.world.start(c, operation{data: part, peer: c.rank, all: all, counts: counts}, (*request).startAllgather)
}

func (r *request) startAllgather() error {
	if len(r.all) > math.MaxInt32 { // beyond what offsets can hold
		all := r.all
		for rank, n := range r.counts {
			if rank == r.peer {
				copy(all[:n], r.data)
			}
			if err := r.bcast(rank, all[:n]); err != nil {
				return err
			}
			all = all[n:]
		}
		return nil
	}
	if err := r.measure(); err != nil {
		return err
	}
	counts, offsets := r.layout()
	l := r.world.lib
	return r.started(l.call(mpiIallgatherv, address(r.data), uintptr(len(r.data)), l.byte, address(r.all), counts, offsets, l.byte, r.comm, r.handle()))
}

// measure sets the lengths and the offsets that the library wants.
func (r *request) measure() error {
	r.lengths = r.lengths[:0]
	total := 0
	for _, n := range r.counts {
		r.lengths = append(r.lengths, int32(n))
		total += n
	}
	if total > math.MaxInt32 {
		return r.tooLong(total)
	}
	offset := 0
	for _, n := range r.counts {
		r.lengths = append(r.lengths, int32(offset))
		offset += n
	}
	if offset != len(r.all) {
		return fmt.Errorf("%w: parts of %d bytes to gather in %d", transport.ErrTransport, offset, len(r.all))
	}
	return nil
}

func (r *request) tooLong(n int) error {
	return fmt.Errorf("%w: %d bytes to gather; the limit is %d", transport.ErrTransport, n, math.MaxInt32)
}

// layout returns the addresses of the lengths and the offsets.
func (r *request) layout() (counts, offsets uintptr) {
	if len(r.lengths) == 0 {
		return 0, 0
	}
	return uintptr(unsafe.Pointer(&r.lengths[0])), uintptr(unsafe.Pointer(&r.lengths[len(r.lengths)/2]))
}

func (c *comm) Barrier() transport.Request {
	return c.world.start(c, operation{}, (*request).startBarrier)
}

func (r *request) startBarrier() error {
	return r.started(r.world.lib.call(mpiIbarrier, r.comm, r.handle()))
}

func (c *comm) Dup(ctx context.Context) (transport.Transport, error) {
	d := *c
	d.owned = true
	next := new(uintptr)
	r := c.world.start(c, operation{}, func(r *request) error {
		return r.started(r.world.lib.call(mpiCommIdup, r.comm, uintptr(unsafe.Pointer(next)), r.handle()))
	})
	if err := r.Wait(ctx); err != nil {
		return nil, err
	}
	d.comm = *next
	return &d, nil
}

// patience is the time that Abort waits for a goroutine that is in the library.
const patience = 5 * time.Second

func (c *comm) Abort(code int, reason string) {
	fmt.Fprintf(os.Stderr, "offload: rank %d: %s\n", c.rank, reason)
	time.AfterFunc(patience, func() { os.Exit(code) }) // the launcher ends the others
	c.world.mu.Lock()
	c.world.lib.call(mpiAbort, c.world.lib.world, uintptr(code))
	os.Exit(code)
}

func (c *comm) Close(ctx context.Context) error {
	if err := c.Barrier().Wait(ctx); err != nil {
		return err
	}
	w := c.world
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.owned {
		return w.lib.call(mpiCommFree, uintptr(unsafe.Pointer(&c.comm)))
	}
	w.ended = true
	close(w.stop)
	return w.lib.call(mpiFinalize)
}
