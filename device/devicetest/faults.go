package devicetest

import "sync/atomic"

// FaultKind is a kind of fault of a device.
type FaultKind uint8

// The faults that Faulty injects.
const (
	// Slow makes work take ten times as long, as seen by waits for it.
	Slow FaultKind = iota
	// Stall makes the call wait until its context is done or the device is closed; a launch
	// returns and never completes. All later waiting calls stall, too.
	Stall
	// Lost makes the device fail with ErrLost from this call on. A launch in which it
	// is lost returns nil; the calls after it report the loss.
	Lost
	// OutOfMemory makes Alloc, or a launch, fail with ErrOutOfMemory.
	OutOfMemory
	// BitFlip inverts one bit of a launch's output, or of transferred data.
	BitFlip
	// Stale skips a launch, so that its outputs keep their content.
	Stale
	// Truncated makes a read end halfway, without an error.
	Truncated
	// Hang makes the call, and all later calls including Close, wait for Fault.Until,
	// whatever their contexts, as in a driver that hangs. Then they fail with ErrLost.
	Hang
)

// String returns a word for names of tests.
func (k FaultKind) String() string {
	return [...]string{"slow", "stall", "lost", "out of memory", "bit flip", "stale", "truncated", "hang"}[k]
}

// CallKind is a kind of calls of a device.
type CallKind uint8

// The kinds of calls of a device and its buffers. A fault on AnyCall counts the calls in
// which it can happen.
const (
	AnyCall CallKind = iota
	AllocCall
	WriteCall
	LaunchCall
	SyncCall
	ReadCall
)

// String returns a word for names of tests.
func (c CallKind) String() string {
	return [...]string{"any", "alloc", "write", "launch", "sync", "read"}[c]
}

// Fault is a fault at a chosen call.
type Fault struct {
	Kind  FaultKind
	On    CallKind
	At    int // the first faulty call of that kind, from 1; 0 means 1
	Count int // number of faulty calls; 0: all from then on

	Until <-chan struct{} // ends a Hang; nil: it never ends

	// Armed, if set, reports whether calls count at present.
	Armed *atomic.Bool
}

// happens reports whether a fault can happen in a call.
func (k FaultKind) happens(c CallKind) bool {
	switch k {
	case OutOfMemory:
		return c == AllocCall || c == LaunchCall
	case BitFlip:
		return c == LaunchCall || c == WriteCall || c == ReadCall
	case Stale:
		return c == LaunchCall
	case Truncated:
		return c == ReadCall
	}
	return true
}

// armed is a fault and its number of calls so far.
type armed struct {
	Fault
	seen int
}

// trips counts a call and reports whether it is faulty.
func (a *armed) trips(c CallKind) bool {
	if a.On != AnyCall && a.On != c || !a.Kind.happens(c) || a.Armed != nil && !a.Armed.Load() {
		return false
	}
	a.seen++
	first := max(a.At, 1)
	return a.seen >= first && (a.Count == 0 || a.seen < first+a.Count)
}
