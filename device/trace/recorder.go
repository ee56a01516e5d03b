package trace

import (
	"slices"
	"sync"
	"time"

	"offload/device"
)

// DefaultLimit is the number of events that a Recorder keeps: files of some 40 MB.
const DefaultLimit = 1 << 18

// Recorder keeps events in memory, a bounded number: the first half of the limit
// and the latest half. What was between them is counted and dropped. Its methods
// may be called from many goroutines.
type Recorder struct {
	began time.Time
	half  int // of the limit

	mu      sync.Mutex
	devices []device.Info
	first   []device.Event
	latest  []device.Event // a ring once it is full
	next    int            // where the ring goes on
	dropped int
}

// New makes a recorder of at most limit events; 0 means DefaultLimit. It panics
// if limit is negative.
func New(limit int) *Recorder {
	if limit == 0 {
		limit = DefaultLimit
	}
	if limit < 0 {
		panic("trace: a limit below zero")
	}
	return &Recorder{began: time.Now(), half: (limit + 1) / 2}
}

// Opened implements device.Recorder.
func (r *Recorder) Opened(info device.Info) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.devices = append(r.devices, info)
	return len(r.devices) - 1
}

// Record implements device.Recorder.
func (r *Recorder) Record(e device.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case len(r.first) < r.half:
		r.first = append(r.first, e)
	case len(r.latest) < r.half:
		r.latest = append(r.latest, e)
	default:
		r.latest[r.next] = e
		r.next = (r.next + 1) % r.half
		r.dropped++
	}
}

// Counts is the number of events that are kept, and of those that were dropped.
func (r *Recorder) Counts() (kept, dropped int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.first) + len(r.latest), r.dropped
}

// snapshot is what is kept, in the order of the starts.
func (r *Recorder) snapshot() (devices []device.Info, events []device.Event, dropped int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	events = slices.Concat(r.first, r.latest[r.next:], r.latest[:r.next])
	slices.SortStableFunc(events, func(a, b device.Event) int { return a.Start.Compare(b.Start) })
	return slices.Clone(r.devices), events, r.dropped
}
