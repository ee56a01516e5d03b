package device

import "time"

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
