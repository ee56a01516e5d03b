// Package device defines the interface between programs, kernels and the hardware that
// runs them.
//
// A Device owns Buffers and runs Kernels on them. A Kernel is data: it names its
// parameters, declares how each is accessed, and has an executable contract, a plain
// serial Go function that defines the result to the last bit. A Launch binds arguments
// to a kernel and names the rows of the output to compute; it writes those rows and
// nothing else.
//
// A Call is a launch on host slices, which may be views of larger matrices: Run uploads,
// launches and downloads. Package check tests whether a kernel writes its rows only.
//
// A device has one in-order queue. Launch returns at once; the error of a failed launch
// is returned by every wait for and read of its outputs. Numbers that do not fit are
// refused as ErrInvalid, never truncated. Every error wraps one of the documented values
// of this package.
//
// The package imports the standard library only and no backend.
package device

import (
	"context"
	"fmt"
	"time"
)

// Device runs kernels. Its methods are safe for concurrent use; the queue keeps the order
// of the calls.
type Device interface {
	// Info describes the device; it does not change while the device is open.
	Info() Info

	// Alloc allocates a buffer of n elements of type t, all zero. If memory is short, it
	// waits for freed buffers that the queue still uses. Errors: ErrInvalid for a negative
	// n, ErrUnsupported for a type that the device lacks, ErrOutOfMemory, ErrLost,
	// ErrClosed.
	Alloc(t Type, n int) (Buffer, error)

	// Launch queues l and returns; l and its arguments may be reused at once. A launch that
	// takes less time than a hand-over may run before Launch returns. While QueueDepth
	// launches are queued, Launch waits until one of them begins or ctx is done. Launch
	// returns mistakes in l as ErrInvalid or ErrUnsupported, and a shader that the driver
	// does not compile as ErrShader; Wait and Read of the outputs report later errors. Once
	// ctx is done, work of l that has not started is dropped.
	Launch(ctx context.Context, l *Launch) error

	// Sync waits for all work queued before. It reports whether the device was lost or
	// closed; errors of a launch are reported by Wait and Read of its outputs. If ctx is
	// done first, Sync returns the context's error and the queue continues.
	Sync(ctx context.Context) error

	// Counters returns the device's work since it was opened, up to the last Sync.
	Counters() Counters

	// Parts returns the devices that a composite device consists of, without those that
	// were lost; nil for any other device. They stay open as long as the composite, and
	// only the composite may close them.
	Parts() []Device

	// Report returns findings of the device about itself since it was opened, one line
	// each, for people to read; nil if there are none.
	Report() []string

	// Close drops queued work, waits for running work and frees all buffers. Waits for the
	// device then end with ErrClosed. Like Alloc, Close has no context: if the hardware
	// never answers, it does not return. A second Close does nothing.
	Close() error
}

// Buffer is device memory for a fixed number of elements of one type.
//
// A launch that fails leaves the rows that it was to write undefined. Waits for them,
// reads of them, and launches that read them then fail with the same error, until a
// write or a launch has set them all again.
type Buffer interface {
	Type() Type
	Len() int

	// Write copies src to the elements at off and after, once all work queued before is
	// done. Errors: ErrInvalid for another type or a range outside the buffer, ErrClosed,
	// ErrLost.
	Write(ctx context.Context, off int, src Slice) error

	// Read copies the elements at off and after to dst, once all work queued before is
	// done. It returns the error of a failed launch that should have set them. Errors: as
	// for Write.
	Read(ctx context.Context, off int, dst Slice) error

	// Wait waits for all work queued before. It returns the error of a failed launch that
	// should have set any of the elements.
	Wait(ctx context.Context) error

	// Free releases the memory once all work queued before is done, without waiting for it.
	// Later use of the buffer fails with ErrClosed.
	Free() error
}

// QueueDepth is the largest number of launches that wait in a device's queue.
const QueueDepth = 1024

// Wait waits for all work queued before on the buffers, and returns the first error of
// any of them, in their order.
func Wait(ctx context.Context, buffers ...Buffer) error {
	var first error
	for _, b := range buffers {
		var err error
		if b == nil {
			err = Invalidf("no buffer")
		} else {
			err = b.Wait(ctx)
		}
		if first == nil {
			first = err
		}
	}
	return first
}

// Wrapper is implemented by devices that compute in host memory.
type Wrapper interface {
	// Wrap returns a buffer whose memory is that of s, which belongs to the device until the
	// buffer is freed and work queued before is done: launches read and write it in place.
	// Errors: ErrUnsupported for a type that the device lacks, or if it does not compute in
	// host memory after all; ErrLost, ErrClosed.
	Wrap(s Slice) (Buffer, error)
}

// Wrap returns a buffer on d whose memory is that of s; see Wrapper. Devices that do not
// compute in host memory return ErrUnsupported.
func Wrap(d Device, s Slice) (Buffer, error) {
	if w, ok := d.(Wrapper); ok {
		return w.Wrap(s)
	}
	return nil, fmt.Errorf("%w: buffers in the host's memory", ErrUnsupported)
}

// Upload allocates a buffer on d and copies src into it.
func Upload[T Element](ctx context.Context, d Device, src []T) (Buffer, error) {
	if d == nil {
		return nil, Invalidf("no device")
	}
	b, err := d.Alloc(TypeOf[T](), len(src))
	if err != nil {
		return nil, err
	}
	if err := b.Write(ctx, 0, Of(src)); err != nil {
		b.Free()
		return nil, err
	}
	return b, nil
}

// Download returns a copy of all elements of b.
func Download[T Element](ctx context.Context, b Buffer) ([]T, error) {
	if b == nil {
		return nil, Invalidf("no buffer")
	}
	if b.Type() != TypeOf[T]() {
		return nil, Invalidf("a buffer of %v was downloaded as %v", b.Type(), TypeOf[T]())
	}
	dst := make([]T, b.Len())
	if err := b.Read(ctx, 0, Of(dst)); err != nil {
		return nil, err
	}
	return dst, nil
}

// Counters counts a device's work since it was opened. Devices that compute in host
// memory count Progress only.
type Counters struct {
	Progress   int64         // grows with every piece of queued work done; constant while a device hangs
	Launches   int64         // launches handed to the hardware
	Dispatches int64         // pieces that launches were cut into
	KernelTime time.Duration // hardware time of the dispatches long enough to be timed
	Uploaded   int64         // bytes written to buffers
	Downloaded int64         // bytes read from buffers
}

// Recorder records what devices do, for a timeline; package trace has one that writes
// files. Its methods are called from many goroutines during the work and must be fast.
type Recorder interface {
	// Opened registers an open device and returns the number for Event.Device.
	Opened(info Info) int
	// Record records e.
	Record(e Event)
}

// EventKind is the kind of an event.
type EventKind uint8

// The kinds of events. Those of a queue do not overlap, nor do the tiles of one
// worker of a device.
const (
	EventUpload   EventKind = iota + 1 // a write to a buffer
	EventLaunch                        // a launch: computed, or handed to the hardware
	EventReadBack                      // a read of a buffer, including the wait for the hardware
	EventWait                          // a Sync that waits for the hardware
	EventTile                          // a task of a launch on a worker
	EventDecision                      // a decision of a scheduler; an instant
)

// EventScalars is the largest number of a launch's scalars that an event holds.
const EventScalars = 4

// Event is one piece of work, from Start to End.
type Event struct {
	Kind       EventKind
	Device     int // the number from Recorder.Opened
	Worker     int // of a tile: its worker, from 0
	Start, End time.Time

	Kernel  *Kernel              // of a launch or a tile
	Rows    Range                // of a launch, or of a tile without a plan
	Scalars [EventScalars]uint64 // of a launch: bits of its first scalars, in binding order
	Phase   int                  // of a tile
	Task    int                  // of a tile
	Bytes   int64                // of a transfer
	Failed  bool

	Name, Detail string // of a decision: what was decided, and why
}

// LaunchEvent returns the event of l, which began at start and ends now.
func LaunchEvent(l *Launch, start time.Time, failed bool) Event {
	e := Event{Kind: EventLaunch, Start: start, End: time.Now(), Kernel: l.Kernel, Rows: l.Rows, Failed: failed}
	n := 0
	for i, p := range l.Kernel.Params {
		if p.Access == Value && n < EventScalars {
			e.Scalars[n] = l.Args[i].value
			n++
		}
	}
	return e
}
