// Package sched chooses the device for a task, and runs the task again elsewhere if that
// device fails.
//
// A Task names the kernels that it needs, their predicted work and the data to move. A
// Scheduler predicts from measured costs when each candidate would finish, queues the
// task on the earliest, and returns a future. If a device is lost, out of memory, silent
// or wrong, the task starts again on the next one, and finally on the host, whose pool of
// workers always stays in use. In exact arithmetic every device gives the same bits; the
// Report names the device that gave the result.
//
// The package imports no backend: a Scheduler is given functions that open its devices.
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
	// Open opens the device, in New and after a loss.
	Open func(ctx context.Context) (device.Device, error)
	// Gain is the least predicted gain over the best of the candidates after it in
	// Options.Devices: 0.1 for a device that is used only if it is 10 % faster.
	Gain float64
}

// Options configure a scheduler.
type Options struct {
	// Devices are the candidates. The last is the host's: it runs the tasks that no other
	// device runs, and is never taken out.
	Devices []Candidate
	// Pool is the pool of the host's device. The scheduler closes it.
	Pool device.Executor
	// Folder is where measured costs are kept between processes; empty means that they are
	// not kept. Version is part of the key of the costs.
	Folder, Version string
	// Calibrate enables the measurement of kernels that tasks need and that have no
	// measured costs, in the background, while the tasks run on the host. Ready waits for
	// it. Without Calibrate, kernels without measured costs stay on the host.
	Calibrate bool
	// Patience is the time without progress, as a multiple of the predicted time, after
	// which a task moves from a device other than the host's; 0 means 10. The time is at
	// least MinDeadline.
	Patience float64
	// Pause is the time for which a device is out after three failures in a row; 0 means 30
	// s.
	Pause time.Duration
	// Recheck is the time after which a device must give the known answers again before its
	// results count; 0 means 1 s. It is less if the checks then take at most a twentieth of
	// the device's time. An error of the device that the next known answers do not show can
	// be found by the task's Check only.
	Recheck time.Duration
	// Recorder records decisions; it may be nil.
	Recorder device.Recorder
	// Placed, if set, is called before each run of a task, with the choice of the device
	// and the failed attempts. It is called from many goroutines, but not for plain
	// functions in Map.
	Placed func(task string, c Choice, failed []Attempt)
}

// MinDeadline is the least time without progress after which a device counts as silent.
const MinDeadline = 2 * time.Second

// Scheduler distributes tasks to devices. Its methods, and functions with a Scheduler
// argument, are safe for concurrent use and may be called from tasks.
type Scheduler struct {
	opts       Options
	candidates []*candidate
	store      store
	ctx        context.Context // done once the scheduler is closed
	cancel     context.CancelFunc
	behind     sync.WaitGroup // tasks on devices, revivals, measurements

	mu       sync.Mutex
	pending  int           // submitted tasks that have not ended
	idle     chan struct{} // closed when no task is pending; nil without a waiter
	todo     []wish        // queue of background measurements
	measured chan struct{} // closed when todo is empty; nil while nothing is measured
}

// New opens the candidates. It leaves out candidates that fail to open, and gives the
// reason in every Choice; the host must open. Errors: device.ErrInvalid, and those of
// opening the host.
func New(ctx context.Context, o Options) (*Scheduler, error) {
	if len(o.Devices) == 0 || o.Pool == nil {
		return nil, device.Invalidf("scheduler without the host's device or its pool")
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
		default: // unavailable rather than lost: nothing to revive
			c.why, c.until = err, time.Unix(1<<40, 0)
		}
	}
	return s, nil
}

// candidate returns the named candidate, or nil.
func (s *Scheduler) candidate(name string) *candidate {
	if i := slices.IndexFunc(s.candidates, func(c *candidate) bool { return c.Name == name }); i >= 0 {
		return s.candidates[i]
	}
	return nil
}

// Held returns the place of the host's pool that the calling goroutine occupies, or nil.
func (s *Scheduler) Held(ctx context.Context) device.Place {
	if o, ok := s.opts.Pool.(device.Owner); ok {
		return o.Held(ctx)
	}
	return nil
}

// Drain waits until every submitted task has ended, or until ctx is done.
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

// Close ends tasks that have not begun with device.ErrClosed, waits for running ones
// except on devices that hang, saves measured costs, and closes the devices and the pool.
// It must not be called from a task. Its errors are those of the devices, the pool and
// Save.
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

// enter counts a task as pending; leave ends it.
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

// goBehind runs f on a goroutine that Close waits for. It returns false once the
// scheduler is closed.
func (s *Scheduler) goBehind(f func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	open := s.ctx.Err() == nil
	if open {
		s.behind.Go(f)
	}
	return open
}

// State is the current state of a candidate.
type State struct {
	Name   string
	Info   device.Info // of the device that is open, or was last
	Usable bool
	Err    error // why it is not usable
}

// States returns the states of the candidates, in the order of Options.Devices.
func (s *Scheduler) States() []State {
	var states []State
	for _, c := range s.candidates {
		c.mu.Lock()
		states = append(states, State{c.Name, c.info, c.use != nil, c.why})
		c.mu.Unlock()
	}
	return states
}

// record records a decision, if there is a recorder.
func (s *Scheduler) record(name, detail string) {
	if r := s.opts.Recorder; r != nil {
		r.Record(device.Event{Kind: device.EventDecision, Start: time.Now(), Name: name, Detail: detail})
	}
}
