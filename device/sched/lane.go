package sched

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"offload/device"
)

// lane is a candidate with its queue. Tasks of the host's lane wait in the pool.
type lane struct {
	name string
	open func(ctx context.Context) (device.Device, error)
	gain float64
	host bool

	mu      sync.Mutex
	work    *sync.Cond // there is something in todo, or stopped
	todo    []device.Pending
	stopped bool

	dev      device.Device // nil while there is none
	info     device.Info
	costs    *profile
	out      bool // not to be used
	reviving bool
	until    time.Time // when it may be tried again
	why      error     // it is out
	strikes  int       // failures in a row

	load    time.Duration // predicted for all that is queued or runs
	begun   time.Time     // when the task that runs began, if one does
	running int

	checked map[*device.Kernel]proof // of kernels that gave their known answers
	refused map[*device.Kernel]error // what the device cannot run
}

// proof is when a kernel last gave its known answers, and how long that took.
type proof struct {
	at   time.Time
	took time.Duration
}

func newLane(c Candidate, host bool) *lane {
	l := &lane{name: c.Name, open: c.Open, gain: c.Gain, host: host}
	l.work = sync.NewCond(&l.mu)
	return l
}

// start opens the device. A lane whose device does not open is out for good: it was
// not lost, it is not here.
func (l *lane) start(ctx context.Context, s *Scheduler) error {
	d, err := l.open(ctx)
	if err != nil {
		l.out, l.why, l.until = true, err, never
		return err
	}
	l.use(d, s)
	return nil
}

// never is a time that does not come.
var never = time.Unix(1<<40, 0)

// use makes d the lane's device.
func (l *lane) use(d device.Device, s *Scheduler) {
	info := d.Info()
	costs := s.store.load(profileKey(s.opts.Version, info))
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.costs == nil || l.costs.key != costs.key {
		l.costs = costs
	}
	l.dev, l.info = d, info
	l.out, l.why = false, nil
	l.checked, l.refused = map[*device.Kernel]proof{}, map[*device.Kernel]error{}
}

// take is the lane's device, which it then has no more.
func (l *lane) take() device.Device {
	l.mu.Lock()
	defer l.mu.Unlock()
	d := l.dev
	l.dev = nil
	return d
}

// begin queues a future; false if the lane is stopped.
func (l *lane) begin(f device.Pending) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stopped {
		return false
	}
	l.todo = append(l.todo, f)
	l.work.Signal()
	return true
}

// dispatch starts what is queued, one after another, until the lane is stopped. What
// somebody waited for has been started already.
func (l *lane) dispatch() {
	for {
		l.mu.Lock()
		for len(l.todo) == 0 && !l.stopped {
			l.work.Wait()
		}
		if l.stopped {
			l.mu.Unlock()
			return
		}
		f := l.todo[0]
		l.todo[0] = nil
		l.todo = l.todo[1:]
		l.mu.Unlock()
		f.Start()
	}
}

// stop drops what is queued and ends dispatch.
func (l *lane) stop() {
	l.mu.Lock()
	dropped := l.todo
	l.todo, l.stopped = nil, true
	l.work.Broadcast()
	l.mu.Unlock()
	for _, f := range dropped {
		f.Fail(device.ErrClosed)
	}
}

// reserve books the predicted time of a task, and unbook gives it back.
func (l *lane) reserve(d time.Duration) {
	l.mu.Lock()
	l.load += d
	l.mu.Unlock()
}

func (l *lane) unbook(d time.Duration) { l.reserve(-d) }

// enter and leave enclose the run of a task.
func (l *lane) enter(now time.Time) device.Device {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running++; l.running == 1 {
		l.begun = now
	}
	return l.dev
}

func (l *lane) leave(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running--
	l.begun = now
}

// wait is how long a new task has to wait. The caller holds the mutex.
func (l *lane) wait(now time.Time) time.Duration {
	d := l.load
	if l.running > 0 {
		d -= now.Sub(l.begun)
	}
	return max(0, d)
}

// reason is why the lane cannot be used; empty if it can. The caller holds the mutex.
func (l *lane) reason() string {
	if !l.out {
		return ""
	}
	return fmt.Sprintf("out: %v", l.why)
}

// strikesOut is the number of failures in a row after which a device is taken out.
const strikesOut = 3

// failed takes note of a failure of the device d. A device that is lost, or wrong, or
// that failed too often is out until it was revived.
func (l *lane) failed(s *Scheduler, d device.Device, err error, k []*device.Kernel) {
	if l.host {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dev != d || l.out {
		return // that one is gone already
	}
	l.strikes++
	l.why = err
	switch {
	case l.strikes >= strikesOut:
		l.out, l.until = true, time.Now().Add(s.opts.Pause)
		s.record(l.name+" taken out", fmt.Sprintf("%d failures in a row, the last: %v", l.strikes, err))
	case errors.Is(err, device.ErrLost), errors.Is(err, device.ErrUnavailable), errors.Is(err, device.ErrClosed),
		errors.Is(err, ErrDeadline), errors.Is(err, ErrWrong):
		l.out, l.until = true, time.Now()
		s.record(l.name+" left", err.Error())
	}
}

// succeeded ends a row of failures.
func (l *lane) succeeded() {
	l.mu.Lock()
	l.strikes = 0
	l.mu.Unlock()
}

// current is the lane's device at this moment.
func (l *lane) current() device.Device {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dev
}
