// Package cluster runs one program on the processes of a message-passing job, the ranks: with the same data, each of them
// makes the same calls, and gets the same results as a program that runs alone.
//
// A Comm is a rank's end of the group. Open joins the ranks' devices to one device whose launches are divided over them
// by rows; Map has tasks done by any rank; Supersteps are bulk-synchronous. The ranks are processes of MPI, which Join
// finds, or for tests goroutines, as Run starts them.
//
// Ranks may part: one makes another call than the others, or none any more. That never hangs: after a second of waiting
// a rank asks those that it waits for what they do. If they have made another call, or do not answer for Silence, the
// job ends on all ranks, with an error that names both calls.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"offload/cluster/internal/transport"
	"offload/device"
)

// The errors of this package; test for them with errors.Is.
var (
	// ErrTransport: the message-passing library failed. The text is the library's.
	ErrTransport = transport.ErrTransport
	// ErrLost: another rank has died, or does not answer. It comes with ErrTransport.
	ErrLost = transport.ErrLost
	// ErrParted: the ranks made different calls.
	ErrParted = errors.New("the ranks made different calls")
)

// Comm is one rank's end of a group of ranks. All ranks make the same calls of its collective methods, in the same order:
// all but Rank, Size, Send, Recv and Abort. One goroutine at a time may use it.
type Comm struct {
	transport transport.Transport
	calls     calls
	watch     *watch
	once      sync.Once // Close
	closed    error
}

// newComm returns the end of a group over t, and takes a copy of t for questions. It is collective.
func newComm(ctx context.Context, t transport.Transport) (*Comm, error) {
	aside, err := t.Dup(ctx)
	if err != nil {
		return nil, err
	}
	c := &Comm{transport: t}
	c.watch = newWatch(&c.calls, aside, t.Abort)
	return c, nil
}

// Rank returns the number of this rank, from 0.
func (c *Comm) Rank() int { return c.transport.Rank() }

// Size returns the number of ranks.
func (c *Comm) Size() int { return c.transport.Size() }

// Local returns the number of this rank among those on its machine, and how many those are.
func (c *Comm) Local() (rank, size int) { return c.transport.Local() }

// Library returns the name and version of the message-passing library.
func (c *Comm) Library() string { return c.transport.Name() }

// Barrier returns once every rank has called it.
func (c *Comm) Barrier(ctx context.Context) error {
	c.calls.begin(call{what: "barrier"})
	return c.wait(ctx, everyone, c.transport.Barrier())
}

// Bcast copies root's data to all ranks. All have slices of the same length.
func (c *Comm) Bcast(ctx context.Context, root int, data []byte) error {
	c.calls.begin(call{what: "broadcast", lo: root, hi: len(data)})
	return c.wait(ctx, everyone, c.transport.Bcast(root, data))
}

// Gather copies each rank's part to all on root, one after the other in the order of the ranks. Counts has their lengths
// in bytes. All and counts are used on root alone.
func (c *Comm) Gather(ctx context.Context, root int, part, all []byte, counts []int) error {
	c.calls.begin(call{what: "gather", lo: root})
	return c.wait(ctx, everyone, c.transport.Gather(root, part, all, counts))
}

// Allgather is Gather on every rank.
func (c *Comm) Allgather(ctx context.Context, part, all []byte, counts []int) error {
	c.calls.begin(call{what: "allgather", lo: len(all)})
	return c.wait(ctx, everyone, c.transport.Allgather(part, all, counts))
}

// Send sends data to a rank. Messages to a rank with the same tag arrive in the order in which they were sent. Tags are from
// 0 to MaxTag.
func (c *Comm) Send(ctx context.Context, to, tag int, data []byte) error {
	if err := c.addressed(to, tag); err != nil {
		return err
	}
	return c.wait(ctx, to, c.transport.Send(to, tag, data))
}

// Recv receives the next message with this tag of a rank. It has exactly len(data) bytes; another length is an error.
func (c *Comm) Recv(ctx context.Context, from, tag int, data []byte) error {
	if err := c.addressed(from, tag); err != nil {
		return err
	}
	return c.wait(ctx, from, c.transport.Recv(from, tag, data))
}

// addressed refuses ranks and tags that there are not.
func (c *Comm) addressed(rank, tag int) error {
	if rank < 0 || rank >= c.Size() || tag < 0 || tag > MaxTag {
		return device.Invalidf("rank %d of %d, tag %d", rank, c.Size(), tag)
	}
	return nil
}

// Dup returns another end of the same group, whose operations do not meet those of this one. It is closed by itself.
func (c *Comm) Dup(ctx context.Context) (*Comm, error) {
	c.calls.begin(call{what: "duplicate"})
	n := c.watch.begin(everyone)
	defer c.watch.end(n)
	t, err := c.transport.Dup(ctx)
	if err != nil {
		return nil, err
	}
	return newComm(ctx, t)
}

// Abort ends the job on all ranks, with an exit code and a reason. With MPI it does not return.
func (c *Comm) Abort(code int, reason string) { c.transport.Abort(code, reason) }

// Close ends the use of the group in good order: it returns once every rank has called it.
func (c *Comm) Close(ctx context.Context) error {
	c.once.Do(func() {
		c.calls.begin(call{what: "end of the program's use of the group"})
		c.closed = c.meet(ctx)
		c.watch.close()
		if c.closed == nil {
			c.closed = c.part(ctx)
		}
	})
	return c.closed
}

// part closes the transports, without the watch: a rank that dies meanwhile is one that does not close them within Silence.
func (c *Comm) part(ctx context.Context) error {
	soon, cancel := context.WithTimeout(ctx, Silence)
	defer cancel()
	err := errors.Join(c.watch.transport.Close(soon), c.transport.Close(soon))
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return fmt.Errorf("%w: %w: a rank has not closed the group within %v", ErrTransport, ErrLost, Silence)
	}
	return err
}

// MaxTag is the largest tag of messages; larger ones are the package's own.
const MaxTag = 32759

// everyone stands for all ranks in wait.
const everyone = -1

// wait waits for an operation with a rank, or with everyone. If ctx is done first, the operation is still under way, and
// the other ranks learn from the watch that this one has left it.
func (c *Comm) wait(ctx context.Context, peer int, r transport.Request) error {
	n := c.watch.begin(peer)
	err := r.Wait(ctx)
	c.watch.end(n)
	if err == nil {
		return nil
	}
	if reason := c.watch.failed(); reason != nil {
		return reason
	}
	if cause := ctx.Err(); cause != nil && errors.Is(err, cause) {
		c.calls.leave(err)
		return fmt.Errorf("%s: %w", c.calls.last(), err)
	}
	return err
}
