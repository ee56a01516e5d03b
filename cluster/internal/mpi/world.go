//go:build mpi && linux

package mpi

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"offload/cluster/internal/transport"
)

// world is the library in use. One goroutine at a time calls it, from any thread: MPI_THREAD_SERIALIZED. The goroutine
// that waits for an operation asks itself whether it is complete, more seldom the longer that takes; a hand-over between
// goroutines takes longer than many messages do.
type world struct {
	lib *library

	mu     sync.Mutex // of the library, and all below
	active []*request // whose memory the library uses
	spare  []*request
	ended  bool
	flag   int32
	status [16]int32

	waiting int           // goroutines in Wait
	wake    chan struct{} // of push
	stop    chan struct{}
}

// keepFaults returns a function that gives back to Go the signals of faults, which libraries below MPI such as UCX take when
// they are loaded: a nil pointer in Go would end the process where it should be a panic.
func keepFaults() (restore func()) {
	var actions [3][8]uint64 // sigaction of the kernel, of which 4 words are in use
	faults := [3]uintptr{uintptr(unix.SIGSEGV), uintptr(unix.SIGBUS), uintptr(unix.SIGFPE)}
	const setBytes = 8 // of a set of signals
	for i, s := range faults {
		unix.RawSyscall6(unix.SYS_RT_SIGACTION, s, 0, uintptr(unsafe.Pointer(&actions[i])), setBytes, 0, 0)
	}
	return func() {
		for i, s := range faults {
			unix.RawSyscall6(unix.SYS_RT_SIGACTION, s, uintptr(unsafe.Pointer(&actions[i])), 0, setBytes, 0, 0)
		}
	}
}

// operation is what is to be done.
type operation struct {
	data   []byte
	peer   int
	recv   bool
	all    []byte // of a gathering
	counts []int
}

// request is an operation, in one or more operations of MPI.
type request struct {
	operation
	world *world
	comm  uintptr

	handles []uintptr
	lengths []int32 // of counts and offsets, for the library
	place   int     // in active
	got     int     // bytes received
	err     error
}

const (
	spin     = 50 * time.Microsecond // of asking without a pause
	longest  = time.Millisecond      // between questions
	fraction = 16                    // a pause is this part of the time waited so far
	piece    = 1 << 30               // bytes of one operation of the library, which counts with int
)

// newWorld initializes MPI.
func newWorld() (w *world, err error) {
	defer keepFaults()()
	w = &world{wake: make(chan struct{}, 1), stop: make(chan struct{})}
	if w.lib, err = load(); err != nil {
		return nil, err
	}
	if err := w.lib.call(mpiInitialized, uintptr(unsafe.Pointer(&w.flag))); err != nil {
		return nil, err
	}
	if w.flag != 0 {
		return nil, fmt.Errorf("%w: MPI was initialized before in this process", ErrUnavailable)
	}
	if err := w.lib.call(mpiInitThread, 0, 0, uintptr(w.lib.serialized), uintptr(unsafe.Pointer(&w.flag))); err != nil {
		return nil, err
	}
	if int(w.flag) < w.lib.serialized {
		return nil, fmt.Errorf("%w: %s supports calls of one thread only", ErrUnavailable, w.lib.version)
	}
	go w.push()
	return w, w.lib.call(mpiCommSetErrhandler, w.lib.world, w.lib.errorsReturn)
}

// start starts an operation.
func (w *world) start(c *comm, o operation, start func(*request) error) *request {
	w.mu.Lock()
	defer w.mu.Unlock()
	var r *request
	if n := len(w.spare); n > 0 {
		r = w.spare[n-1]
		w.spare = w.spare[:n-1]
	} else {
		r = &request{world: w}
	}
	r.comm, r.operation = c.comm, o
	if w.ended {
		r.err = errFinished
	} else {
		r.err = start(r)
	}
	r.place = len(w.active)
	w.active = append(w.active, r)
	if w.waiting == 0 {
		select {
		case w.wake <- struct{}{}:
		default:
		}
	}
	return r
}

// Wait implements transport.Request. A request that is complete is used again.
func (r *request) Wait(ctx context.Context) error {
	w := r.world
	begin := time.Now()
	for first := true; ; first = false {
		w.mu.Lock()
		if first {
			w.waiting++
		}
		done, err := r.complete()
		if !done && ctx.Err() != nil {
			done, err = true, ctx.Err()
		} else if done {
			w.release(r)
		}
		if done {
			w.waiting--
			w.mu.Unlock()
			return err
		}
		w.mu.Unlock()
		if waited := time.Since(begin); waited < spin {
			runtime.Gosched()
		} else {
			pause(waited)
		}
	}
}

// release removes a complete request from those of which the library uses memory, and keeps it for another operation.
func (w *world) release(r *request) {
	last := len(w.active) - 1
	w.active[r.place] = w.active[last]
	w.active[r.place].place = r.place
	w.active[last] = nil
	w.active = w.active[:last]
	*r = request{world: w, handles: r.handles[:0], lengths: r.lengths[:0]}
	w.spare = append(w.spare, r)
}

// push calls the library while there are operations and no goroutine waits for one, so that messages go on while this
// rank computes.
func (w *world) push() {
	for {
		select {
		case <-w.wake:
		case <-w.stop:
			return
		}
		for begin := time.Now(); ; {
			pause(max(fraction*spin, time.Since(begin)))
			w.mu.Lock()
			if len(w.active) == 0 || w.waiting > 0 || w.ended {
				w.mu.Unlock()
				break
			}
			w.lib.call(mpiIprobe, uintptr(w.lib.anySource), transport.MaxTag, w.lib.world, uintptr(unsafe.Pointer(&w.flag)), uintptr(unsafe.Pointer(&w.status)))
			w.mu.Unlock()
		}
	}
}

// complete reports whether all parts of r are complete, and its error. The world is locked.
func (r *request) complete() (bool, error) {
	w := r.world
	for len(r.handles) > 0 {
		last := len(r.handles) - 1
		w.flag = 0
		err := w.lib.call(mpiTest, uintptr(unsafe.Pointer(&r.handles[last])), uintptr(unsafe.Pointer(&w.flag)), uintptr(unsafe.Pointer(&w.status)))
		switch {
		case err != nil:
			if r.err == nil {
				r.err = err
			}
		case w.flag == 0:
			return false, nil
		case r.recv:
			n, err := w.received()
			if r.got += n; r.err == nil {
				r.err = err
			}
		}
		r.handles = r.handles[:last]
	}
	if r.recv && r.err == nil && r.got != len(r.data) {
		r.err = fmt.Errorf("%w: a message of %d bytes from rank %d was expected to have %d", transport.ErrTransport, r.got, r.peer, len(r.data))
	}
	return true, r.err
}

// received returns the length of the message of the status.
func (w *world) received() (int, error) {
	w.flag = 0
	err := w.lib.call(mpiGetCount, uintptr(unsafe.Pointer(&w.status)), w.lib.byte, uintptr(unsafe.Pointer(&w.flag)))
	return int(w.flag), err
}

// handle returns room for the handle of another operation.
func (r *request) handle() uintptr {
	r.handles = append(r.handles, 0)
	return uintptr(unsafe.Pointer(&r.handles[len(r.handles)-1]))
}

// started removes the handle of an operation that did not start.
func (r *request) started(err error) error {
	if err != nil {
		r.handles = r.handles[:len(r.handles)-1]
	}
	return err
}

// pause sleeps for a part of the time waited so far. The runtime's own sleep may take a millisecond at least.
func pause(waited time.Duration) {
	nap := unix.NsecToTimespec(int64(min(longest, waited/fraction)))
	unix.Nanosleep(&nap, nil)
}

// address returns the address of a slice's memory.
func address(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) }
