// Package sched decides on which device a task runs, and runs it again elsewhere
// when that device fails.
//
// A Task names the kernels that it needs, how much work it will give them and how
// much data it moves. A Scheduler predicts from measured cost when each of its
// candidates would be done, hands the task to the earliest, and returns a future.
// A device that is lost, out of memory, silent or wrong costs time and no result:
// the task starts again on the next one, and at last on the host, whose pool of
// workers is never taken out. In exact arithmetic every device gives the same bits,
// so that nobody can tell from a result where it came from; its Report says it.
//
// The package stands above the backends and knows none: the maker of a Scheduler
// hands it devices, or functions that open them.
package sched

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"offload/device"
)

// Candidate is a device that a scheduler may choose.
type Candidate struct {
	Name string
	// Open opens the device, at New and after it was lost.
	Open func(ctx context.Context) (device.Device, error)
	// Gain is how much faster, as a part, the device must be predicted to be than the
	// best of the candidates that ask for less: 0.1 for a device that is worth its
	// trouble only with a tenth to gain.
	Gain float64
}

// Options say what a scheduler works with.
type Options struct {
	// Devices are the candidates. The last is the host's: it runs what nobody else can
	// or does, and is never taken out.
	Devices []Candidate
	// Pool is that of the host's device. The scheduler closes it.
	Pool device.Executor
	// Folder is where measured costs are kept from one process to the next; empty for
	// nowhere. Version is part of what they are kept under.
	Folder, Version string
	// Calibrate has kernels measured that tasks need and that were never measured: in
	// the background, while the tasks run on the host. Ready waits for it. Without it,
	// kernels that were never measured stay on the host.
	Calibrate bool
	// Patience is how often its predicted time a device other than the host's may make
	// no progress before its task runs elsewhere; 0 means 10. It always has MinDeadline.
	Patience float64
	// Pause is how long a device that failed three times in a row is left alone; 0
	// means 30 s.
	Pause time.Duration
	// Recheck is the time after which a device has to give the known answers again
	// before a result of it is believed; 0 means 1 s. It is less where that takes no more
	// than a twentieth of the device's time. What a device computed wrongly once, and
	// not in the next known answer, only a task's own Check can find.
	Recheck time.Duration
	// Recorder is told of decisions; nil for none.
	Recorder device.Recorder
	// Placed, if set, is told of each task before it runs, and before it runs again
	// elsewhere: where, and which attempts have failed. It is called on many goroutines,
	// but not for what Map does with plain functions.
	Placed func(task string, c Choice, failed []Attempt)
}

// MinDeadline is the time that a device has at least before it counts as silent.
const MinDeadline = 2 * time.Second

// Scheduler hands tasks to devices. Its methods, and the functions that take one, may
// be called from many goroutines, tasks among them.
type Scheduler struct {
	opts       Options
	candidates []*candidate
	store      store
	ctx        context.Context // done once the scheduler is closed
	cancel     context.CancelFunc
	behind     sync.WaitGroup // tasks on devices, revivals, measurements

	mu       sync.Mutex
	pending  int           // tasks that were submitted and have not ended
	idle     chan struct{} // closed when none is pending; nil while nobody waits
	todo     []wish        // what is measured in the background, one after another
	measured chan struct{} // closed when all is measured; nil while nothing is
}

// New opens the candidates. One that does not open is left out, and why is told with
// every choice; but the host must open. Errors: device.ErrInvalid, and the host's.
func New(ctx context.Context, o Options) (*Scheduler, error) {
	if len(o.Devices) == 0 || o.Pool == nil {
		return nil, device.Invalidf("a scheduler needs the host's device and its pool")
	}
	for _, c := range o.Devices {
		if c.Open == nil {
			return nil, device.Invalidf("candidate %q has no Open", c.Name)
		}
	}
	o.Patience = cmp.Or(max(o.Patience, 0), 10)
	o.Pause = cmp.Or(max(o.Pause, 0), 30*time.Second)
	o.Recheck = cmp.Or(max(o.Recheck, 0), time.Second)
	s := &Scheduler{opts: o, store: store(o.Folder)}
	s.ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	for i, d := range o.Devices {
		c := &candidate{Candidate: d, s: s, host: i == len(o.Devices)-1}
		c.costs.Store(newProfile(""))
		s.candidates = append(s.candidates, c)
		d, err := c.Open(ctx)
		switch {
		case err == nil:
			c.begin(newOpened(d))
		case c.host || ctx.Err() != nil:
			return nil, errors.Join(err, s.Close())
		default: // it was not lost, it is not here: nothing to revive
			c.why, c.until = err, time.Unix(1<<40, 0)
		}
	}
	return s, nil
}

// candidate is the one of that name, nil if there is none.
func (s *Scheduler) candidate(name string) *candidate {
	if i := slices.IndexFunc(s.candidates, func(c *candidate) bool { return c.Name == name }); i >= 0 {
		return s.candidates[i]
	}
	return nil
}

// Held is the place of the host's pool that the calling goroutine takes up.
func (s *Scheduler) Held(ctx context.Context) device.Place {
	if o, ok := s.opts.Pool.(device.Owner); ok {
		return o.Held(ctx)
	}
	return nil
}

// Drain waits until every task that was submitted has ended, or until ctx is done.
func (s *Scheduler) Drain(ctx context.Context) error {
	s.mu.Lock()
	if s.pending > 0 && s.idle == nil {
		s.idle = make(chan struct{})
	}
	idle := s.idle
	s.mu.Unlock()
	if idle == nil {
		return nil
	}
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close ends what has not begun with device.ErrClosed, waits for what runs, but not for
// devices that hang, and closes the devices and the pool. It must not be called from a
// task. Its error is that of a device, or why measured costs could not be kept.
func (s *Scheduler) Close() error {
	s.mu.Lock()
	closed := s.ctx.Err() != nil
	s.cancel()
	s.mu.Unlock()
	if closed {
		return nil
	}
	s.behind.Wait()
	errs := []error{s.opts.Pool.Close()}
	s.Drain(context.Background())
	errs = append(errs, s.Save())
	for _, c := range s.candidates {
		errs = append(errs, c.close())
	}
	return errors.Join(errs...)
}

// enter counts a task; leave says that it has ended.
func (s *Scheduler) enter() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return device.ErrClosed
	}
	s.pending++
	return nil
}

func (s *Scheduler) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pending--; s.pending == 0 && s.idle != nil {
		close(s.idle)
		s.idle = nil
	}
}

// goBehind runs f on a goroutine that Close waits for; false once the scheduler is
// closed.
func (s *Scheduler) goBehind(f func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	open := s.ctx.Err() == nil
	if open {
		s.behind.Go(f)
	}
	return open
}

// State is one candidate as it is now.
type State struct {
	Name   string
	Info   device.Info // of the device that is open, or was last
	Usable bool
	Err    error // why it is not
}

// States lists the candidates, in their order.
func (s *Scheduler) States() []State {
	var states []State
	for _, c := range s.candidates {
		c.mu.Lock()
		states = append(states, State{c.Name, c.info, c.use != nil, c.why})
		c.mu.Unlock()
	}
	return states
}

// record tells the recorder, if there is one, of a decision.
func (s *Scheduler) record(name, detail string) {
	if r := s.opts.Recorder; r != nil {
		r.Record(device.Event{Kind: device.EventDecision, Start: time.Now(), Name: name, Detail: detail})
	}
}
