// Package device is the contract between programs, kernels and the hardware
// that runs them.
//
// A Device owns Buffers and runs Kernels on them. A Kernel is data: it names
// its parameters and says how each is accessed, and it carries the executable
// contract, a plain serial Go function that defines the result to the last
// bit. A Launch binds arguments to a kernel and names the rows of the output to
// compute; it writes those rows and nothing else.
//
// A Call is a launch on slices of the host, which may be views of larger matrices:
// Run uploads, launches and downloads. Package check tests whether a kernel keeps
// that rule.
//
// The queue of a device is in order. Launch returns at once; what went wrong is
// reported by every wait for and read of a buffer that a failed launch was to
// write. Numbers that do not fit are refused as ErrInvalid, never truncated. Every
// error wraps one of the documented values of this package.
//
// The package imports the standard library only and knows no backend.
package device

import (
	"context"
	"time"
)

// Device runs kernels. Its methods may be called from many goroutines; the
// queue keeps the order in which the calls were made.
type Device interface {
	// Info describes the device; it does not change while the device is open.
	Info() Info

	// Alloc makes a buffer of n elements, all zero. Where memory is short it waits for
	// that of buffers which were freed while the queue used them. Errors: ErrInvalid for a
	// negative n, ErrUnsupported for a type that the device lacks,
	// ErrOutOfMemory, ErrLost, ErrClosed.
	Alloc(t Type, n int) (Buffer, error)

	// Launch queues l and returns; l and its arguments may be reused at once.
	// A launch too small to pay for a hand-over may run before Launch returns. When
	// QueueDepth launches are queued, it waits until one has begun or ctx is done.
	// Mistakes in l are returned here, as ErrInvalid or ErrUnsupported, and so is a
	// shader that the driver does not compile, as ErrShader; what goes wrong later is
	// reported by Wait and Read of the buffers that l was to write. Once ctx is done,
	// work of l that has not started is dropped.
	Launch(ctx context.Context, l *Launch) error

	// Sync waits for all that was queued before it. It reports that the device was
	// lost or closed; what went wrong with a launch is told to those who use its data.
	// If ctx is done first it returns the context's error and the queue goes on.
	Sync(ctx context.Context) error

	// Counters returns what the device has done since it was opened, up to the last Sync.
	Counters() Counters

	// Parts lists the devices that this one is made of, without those that were lost;
	// nil if it is not made of others. They stay open as long as the whole, and only the
	// whole may close them.
	Parts() []Device

	// Report says what the device has found out about itself since it was opened, a line
	// each for people to read; nil if there is nothing to say.
	Report() []string

	// Close drops what is queued, waits for what runs, and frees all buffers. Whatever
	// waits for the device then ends with ErrClosed. Close has no context, as Alloc has
	// none: where the hardware never answers they do not return. A second Close does
	// nothing.
	Close() error
}

// Buffer is memory of a device: a fixed number of elements of one type.
//
// A launch that fails leaves the rows that it was to write undefined. Waits for them,
// reads of them, and launches that read them then fail with the same error, until a
// write or a launch has set them all again.
type Buffer interface {
	Type() Type
	Len() int

	// Write copies src into the elements from off on, after all work queued
	// before. Errors: ErrInvalid for another type or a range outside the
	// buffer, ErrClosed, ErrLost.
	Write(ctx context.Context, off int, src Slice) error

	// Read copies the elements from off on into dst, after all work queued
	// before, and reports the error of a launch that should have set them.
	Read(ctx context.Context, off int, dst Slice) error

	// Wait waits for all work queued before, and reports the error of a launch that
	// should have set any of the elements.
	Wait(ctx context.Context) error

	// Free releases the memory as soon as all work queued before is done, and does not
	// wait for that. Later use of the buffer fails with ErrClosed.
	Free() error
}

// QueueDepth is the number of launches that wait in the queue of a device at most.
const QueueDepth = 1024

// Wait waits for all work on the buffers that was queued before, and returns the first
// error that concerns one of them.
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

// Counters is what a device has done since it was opened. Devices that compute in the
// host's memory count their progress alone.
type Counters struct {
	Progress   int64         // grows whenever something of what is queued was done; a device that hangs leaves it as it is
	Launches   int64         // launches handed to the hardware
	Dispatches int64         // pieces that they were cut into
	KernelTime time.Duration // time that the hardware took for those that were long enough to be timed
	Uploaded   int64         // bytes written to buffers
	Downloaded int64         // bytes read from buffers
}

// Recorder is told what devices do, for a timeline; package trace has one that
// writes files. Its methods are called from many goroutines in the middle of the
// work: they must be quick.
type Recorder interface {
	// Opened gives an open device the number that its events carry.
	Opened(info Info) int
	// Record takes e down.
	Record(e Event)
}

// EventKind is what an event is about.
type EventKind uint8

// The kinds of events. Those of a queue do not overlap, nor do the tiles of one
// worker of a device.
const (
	EventUpload   EventKind = iota + 1 // a write to a buffer, in its turn
	EventLaunch                        // a launch, in its turn: computed, or handed to the hardware
	EventReadBack                      // a read of a buffer, in its turn; what it waits for in the hardware included
	EventWait                          // a Sync that waits for the hardware
	EventTile                          // a worker runs a task of a launch
	EventDecision                      // a scheduler has decided something; without length
)

// EventScalars is the number of a launch's scalars that an event has room for.
const EventScalars = 4

// Event is something that was done from Start to End.
type Event struct {
	Kind       EventKind
	Device     int // the number from Recorder.Opened
	Worker     int // of a tile, from 0
	Start, End time.Time

	Kernel  *Kernel              // of a launch or a tile
	Rows    Range                // of a launch, or of a tile without a plan
	Scalars [EventScalars]uint64 // of a launch: bits of its first scalars, in binding order
	Phase   int                  // of a tile
	Task    int                  // of a tile
	Bytes   int64                // of a transfer
	Failed  bool

	Name, Detail string // of a decision: what, and why
}

// LaunchEvent is the event of l.
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
