// Package transport defines what a cluster needs of a message-passing library: bytes that travel between numbered ranks.
// Package mpi has the implementation on MPI, and package ranks one in a process, for tests.
package transport

import (
	"context"
	"errors"
)

// Transport is the end of one rank. The methods that return a Request start an operation and do not wait for it. All
// methods may be called from any goroutine. Collective operations are those that every rank has to start, in the same
// order: Bcast, Gather, Allgather, Barrier, Dup and Close.
//
// An operation uses its slices until its request is complete.
type Transport interface {
	// Rank returns the number of this rank, from 0.
	Rank() int
	// Size returns the number of ranks.
	Size() int
	// Local returns the number of this rank among those on its machine, and how many those are.
	Local() (rank, size int)
	// Name describes the library and its version in one line.
	Name() string

	// Send sends data to a rank. Messages from one rank to another with the same tag arrive in the order in which they
	// were sent. Tags are from 0 to MaxTag.
	Send(to, tag int, data []byte) Request
	// Recv receives the next message with this tag of a rank, which has exactly len(data) bytes; other lengths are an
	// error.
	Recv(from, tag int, data []byte) Request
	// TryRecv receives a message with this tag, of at most len(data) bytes, if one has arrived from any rank. It returns
	// that rank and the length of the message, or -1 if there is none. A longer message is an error, and stays.
	TryRecv(tag int, data []byte) (from, n int, err error)

	// Bcast copies root's data to all ranks. All have slices of the same length.
	Bcast(root int, data []byte) Request
	// Gather copies each rank's part to all on root, one after the other in the order of the ranks; counts has their
	// lengths in bytes. All and counts are used on root alone.
	Gather(root int, part, all []byte, counts []int) Request
	// Allgather is Gather on every rank.
	Allgather(part, all []byte, counts []int) Request
	// Barrier is complete once every rank has started it.
	Barrier() Request

	// Dup returns a transport between the same ranks whose operations do not meet those of this one. It is collective,
	// and is closed by itself.
	Dup(ctx context.Context) (Transport, error)
	// Abort ends the processes of all ranks at once, with the exit code. It does not return if the library ends this
	// process; otherwise all operations fail.
	Abort(code int, reason string)
	// Close ends the use of the transport in good order: it returns once every rank has called it, or ctx is done.
	Close(ctx context.Context) error
}

// Request is an operation under way. Its methods may be called by one goroutine at a time.
type Request interface {
	// Wait waits until the operation is complete and returns its error, or that of ctx if ctx is done first. In that case
	// the operation goes on, still uses its slices, and Wait may be called again.
	Wait(ctx context.Context) error
}

// MaxTag is the largest tag of a message. MPI guarantees this much.
const MaxTag = 32767

// ErrTransport is wrapped by the errors of operations.
var ErrTransport = errors.New("message passing failed")

// ErrLost is wrapped, beside ErrTransport, by the errors of operations that another rank will never complete.
var ErrLost = errors.New("rank lost")
