package devicetest

import "sync/atomic"

// FaultKind is what goes wrong with a device.
type FaultKind uint8

// The faults that Faulty injects.
const (
	// Slow makes work take ten times as long, as the one who waits for it sees it.
	Slow FaultKind = iota
	// Stall makes the call wait until its context is done or the device is closed;
	// a launch returns, and is never done. All waiting calls after it stall too.
	Stall
	// Lost makes the device fail with ErrLost from this call on. A launch in which it
	// is lost returns nil; the calls after it report the loss.
	Lost
	// OutOfMemory refuses a buffer, or makes a launch fail.
	OutOfMemory
	// BitFlip inverts one bit in what a launch wrote, or in what a transfer moved.
	BitFlip
	// Stale leaves a launch out, so that its outputs keep what was in them.
	Stale
	// Truncated makes a read end half way, without an error.
	Truncated
	// Hang makes the call wait for Fault.Until, whatever its context says and whoever
	// closes the device, as in a driver that hangs; so do all calls after it, Close
	// included. Then they fail with ErrLost.
	Hang
)

// String is a word for names of tests.
func (k FaultKind) String() string {
	return [...]string{"slow", "stall", "lost", "out of memory", "bit flip", "stale", "truncated", "hang"}[k]
}

// CallKind says which calls of a device count.
type CallKind uint8

// The calls of a device and its buffers. A fault on AnyCall counts those in which
// it can happen.
const (
	AnyCall CallKind = iota
	AllocCall
	WriteCall
	LaunchCall
	SyncCall
	ReadCall
)

// String is a word for names of tests.
func (c CallKind) String() string {
	return [...]string{"any", "alloc", "write", "launch", "sync", "read"}[c]
}

// Fault is something that goes wrong at a chosen moment.
type Fault struct {
	Kind  FaultKind
	On    CallKind
	At    int // the first call of that kind to go wrong, from 1; 0 counts as 1
	Count int // calls that go wrong; 0: all from then on

	Until <-chan struct{} // ends a Hang; nil: nothing does

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

// armed is a fault and the calls that it has seen.
type armed struct {
	Fault
	seen int
}

// trips counts a call and reports whether it goes wrong.
func (a *armed) trips(c CallKind) bool {
	if a.On != AnyCall && a.On != c || !a.Kind.happens(c) || a.Armed != nil && !a.Armed.Load() {
		return false
	}
	a.seen++
	first := max(a.At, 1)
	return a.seen >= first && (a.Count == 0 || a.seen < first+a.Count)
}
