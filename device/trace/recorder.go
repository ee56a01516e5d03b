package trace

import (
	"slices"
	"sync"
	"time"

	"offload/device"
)

// DefaultLimit is the number of events that a Recorder keeps: files of some 40 MB.
const DefaultLimit = 1 << 18

// Recorder keeps a bounded number of events in memory: the first and the latest, half of
// the limit each. Events between them are dropped and counted. Its methods are safe for
// concurrent use.
type Recorder struct {
	began time.Time
	half  int // of the limit

	mu      sync.Mutex
	devices []device.Info
	first   []device.Event
	latest  []device.Event // a ring once it is full
	next    int            // position of the next event in the ring
	dropped int
}

// New returns a recorder of at most limit events, rounded up to even; 0 means
// DefaultLimit. It panics if limit is negative.
func New(limit int) *Recorder {
	if limit == 0 {
		limit = DefaultLimit
	}
	if limit < 0 {
		panic("trace: negative limit")
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

// Counts returns the numbers of kept and of dropped events.
func (r *Recorder) Counts() (kept, dropped int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.first) + len(r.latest), r.dropped
}

// snapshot returns the kept events, in the order of their starts.
func (r *Recorder) snapshot() (devices []device.Info, events []device.Event, dropped int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	events = slices.Concat(r.first, r.latest[r.next:], r.latest[:r.next])
	slices.SortStableFunc(events, func(a, b device.Event) int { return a.Start.Compare(b.Start) })
	return slices.Clone(r.devices), events, r.dropped
}
