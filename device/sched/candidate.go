package sched

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"offload/device"
)

// candidate is a device that tasks may go to, and the one owner of what is known of
// it. Tasks take turns on it, in order; those of the host's do not: they wait in its
// pool. The mutex is never held while a driver is called.
type candidate struct {
	s    *Scheduler
	name string
	open func(ctx context.Context) (device.Device, error)
	gain float64
	host bool

	mu       sync.Mutex
	use      *opened // nil while there is none
	info     device.Info
	costs    *profile
	out      bool // not to be used
	why      error
	until    time.Time // when it may be tried again
	strikes  int       // failures in a row
	reviving bool
	hung     int // devices that were left and do not close
	stopped  bool

	holder *turn
	queue  []*turn       // that wait, oldest first
	load   time.Duration // predicted for all that is queued or runs
	begun  time.Time     // when the holder's turn began
}

// opened is a device from when it was opened until the candidate has left it.
type opened struct {
	dev  device.Device
	gone chan struct{} // closed when the candidate left the device
	why  error         // it did, once gone is closed

	checked map[*device.Kernel]proof // of kernels that gave their known answers
	refused map[*device.Kernel]error // what the device cannot run
}

// proof is when a kernel last gave its known answers, and how long that took.
type proof struct {
	at   time.Time
	took time.Duration
}

const (
	// strikesOut is the number of failures in a row after which a device is taken out.
	strikesOut = 3
	// mostHung is the number of devices that may hang when they are closed; then the
	// candidate is not opened again before one of them is.
	mostHung = 3
	// closeWait is how long a device may take to close before it is left to itself,
	// and openWait how long one may take to open and to give the known answers.
	closeWait = time.Second
	openWait  = 10 * time.Second
)

// never is a time that does not come.
var never = time.Unix(1<<40, 0)

// errLeft is why a task that waits for its turn has to go elsewhere.
var errLeft = errors.New("the device was left before the turn came")

// start opens the device. A candidate whose device does not open is out for good: it
// was not lost, it is not here.
func (c *candidate) start(ctx context.Context) error {
	d, err := c.open(ctx)
	if err != nil {
		c.out, c.why, c.until = true, err, never
		return err
	}
	c.begin(d, nil)
	return nil
}

// begin makes d the candidate's device, with what it has proved.
func (c *candidate) begin(d device.Device, checked map[*device.Kernel]proof) {
	info := d.Info()
	costs := c.s.store.load(profileKey(c.s.opts.Version, info))
	if checked == nil {
		checked = map[*device.Kernel]proof{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.costs == nil || c.costs.key != costs.key {
		c.costs = costs
	}
	c.use = &opened{dev: d, gone: make(chan struct{}), checked: checked, refused: map[*device.Kernel]error{}}
	c.info, c.out, c.why, c.reviving = info, false, nil, false
}

// stop ends what waits for a turn, now and later.
func (c *candidate) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = true
	for _, t := range c.queue {
		close(t.granted)
	}
	c.queue = nil
}

// turn is the right of one run to the device. While the run waits for other tasks, its
// turn is theirs.
type turn struct {
	c       *candidate
	on      *opened
	allowed time.Duration // that the device may be silent
	beats   atomic.Int64  // of the run

	// Guarded by the candidate's mutex.
	granted chan struct{} // closed when the turn has come, or never will
	lent    int           // waits of the run, during which it has no turn
	over    bool          // the run has returned; what it left running has no turn
	timer   *time.Timer
	seen    int64 // progress at the last look
}

// acquire waits for a turn. The device may be silent for the time allowed from then on.
func (c *candidate) acquire(ctx context.Context, allowed time.Duration) (*turn, error) {
	c.mu.Lock()
	switch {
	case c.stopped:
		c.mu.Unlock()
		return nil, device.ErrClosed
	case c.out || c.use == nil:
		c.mu.Unlock()
		return nil, errLeft
	}
	t := &turn{c: c, on: c.use, allowed: allowed}
	t.timer = time.AfterFunc(allowed, t.look)
	c.enqueue(len(c.queue), t)
	err := t.wait(ctx)
	if err != nil {
		c.vacate(t)
		t = nil
	}
	c.mu.Unlock()
	return t, err
}

// enqueue lets t wait at place i of those who wait; the candidate is locked.
func (c *candidate) enqueue(i int, t *turn) {
	t.granted = make(chan struct{})
	c.queue = slices.Insert(c.queue, i, t)
	c.advance()
}

// wait waits until the turn has come, and begins to look whether the device makes
// progress. The candidate is locked before and after.
func (t *turn) wait(ctx context.Context) error {
	c := t.c
	t.timer.Stop()
	c.mu.Unlock()
	select {
	case <-t.granted:
	case <-t.on.gone:
	case <-ctx.Done():
	}
	now := t.progress()
	c.mu.Lock()
	c.queue = slices.DeleteFunc(c.queue, func(x *turn) bool { return x == t })
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case c.holder == t:
	case c.stopped:
		return device.ErrClosed
	default:
		return errLeft
	}
	t.seen = now
	t.timer.Reset(t.allowed)
	return nil
}

// progress grows with what the device and the run get done.
func (t *turn) progress() int64 { return t.beats.Load() + t.on.dev.Counters().Progress }

// advance gives the turn to the next who waits, if nobody has it.
func (c *candidate) advance() {
	if c.holder != nil || len(c.queue) == 0 {
		return
	}
	c.holder, c.queue = c.queue[0], c.queue[1:]
	c.begun = time.Now()
	close(c.holder.granted)
}

// look takes the device out if it was silent since the last look.
func (t *turn) look() {
	now, c := t.progress(), t.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.holder != t || c.use != t.on || c.out {
		return
	}
	if t.seen == now {
		c.leave(t.on, fmt.Errorf("%w: silent for %v", ErrDeadline, t.allowed))
		return
	}
	t.seen = now
	t.timer.Reset(t.allowed)
}

// release ends the turn of a run that has returned err.
func (t *turn) release(err error) {
	c := t.c
	c.mu.Lock()
	defer c.mu.Unlock()
	t.over = true
	t.timer.Stop()
	c.judge(t.on, err)
	c.vacate(t)
}

func (c *candidate) vacate(t *turn) {
	if c.holder == t {
		c.holder, c.begun = nil, time.Now()
		c.advance()
	}
}

// Lend gives the turn to other tasks while the run waits for them.
func (t *turn) Lend() {
	t.c.mu.Lock()
	defer t.c.mu.Unlock()
	if t.lent++; t.lent == 1 {
		t.timer.Stop()
		t.c.vacate(t)
	}
}

// Return takes the turn back. A run whose context has ended, or whose device was left,
// goes on without it.
func (t *turn) Return(ctx context.Context) {
	c := t.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.lent--; t.lent > 0 || t.over || c.stopped || c.out || c.use != t.on {
		return
	}
	c.enqueue(0, t)
	if t.wait(ctx) == nil && t.over {
		c.vacate(t)
	}
}

// run runs f on the candidate's device, in a turn of its own. It returns when f has
// returned, when ctx is done, or when the device was left; then f goes on by itself and
// keeps the turn until it returns. The host has no turns, and no deadline: there is
// nowhere to go from there.
func (c *candidate) run(ctx context.Context, allowed time.Duration, f func(ctx context.Context, on *opened) error) error {
	if c.host {
		c.mu.Lock()
		on := c.use
		c.mu.Unlock()
		if on == nil {
			return device.ErrClosed
		}
		return f(context.WithValue(ctx, turnKey{}, &turn{c: c, on: on}), on)
	}
	t, err := c.acquire(ctx, allowed)
	if err != nil {
		return err
	}
	inner, cancel := context.WithCancel(context.WithValue(device.WithPlace(ctx, t), turnKey{}, t))
	defer cancel()
	done := make(chan error, 1)
	go func() {
		var err error
		returned := false
		defer func() {
			if !returned {
				err = device.Caught("task", recover())
			}
			t.release(err)
			done <- err
		}()
		err = f(inner, t.on)
		returned = true
	}()
	select {
	case err = <-done:
	case <-ctx.Done():
		return ctx.Err()
	case <-t.on.gone:
	}
	if err == nil { // what comes from a device that was left is not believed
		select {
		case <-t.on.gone:
			err = t.on.why
		default:
		}
	}
	return err
}

type turnKey struct{}

// judge takes note of how a run ended. A device that is lost, or wrong, or that failed
// too often is out until it was revived. The candidate is locked.
func (c *candidate) judge(on *opened, err error) {
	switch {
	case c.use != on || c.out:
	case err == nil:
		c.strikes = 0
	case errors.Is(err, device.ErrLost), errors.Is(err, device.ErrUnavailable), errors.Is(err, device.ErrClosed),
		errors.Is(err, ErrDeadline), errors.Is(err, ErrWrong):
		c.leave(on, err)
	case errors.Is(err, device.ErrOutOfMemory):
		if c.strikes+1 >= strikesOut {
			c.leave(on, err)
		} else {
			c.strikes++
		}
	}
}

// leave takes the candidate out if on is still its device; what waits for a turn goes
// elsewhere. The candidate is locked.
func (c *candidate) leave(on *opened, err error) {
	if c.use != on || c.out {
		return
	}
	c.strikes++
	c.out, c.why, c.until = true, err, time.Now()
	if c.strikes >= strikesOut {
		c.until = c.until.Add(c.s.opts.Pause)
	}
	on.why = err
	close(on.gone)
	c.holder, c.queue = nil, nil // a run that hangs keeps no turn on the next device
	c.s.record(c.name+" left", err.Error())
}

// reviveIfDue brings a candidate that is out back in the background, once its pause is
// over: the device is opened again, and has to give the known answers of the kernels
// that are asked for. The candidate is locked.
func (c *candidate) reviveIfDue(now time.Time, kernels []*device.Kernel) {
	if !c.out || c.reviving || c.stopped || now.Before(c.until) || c.hung >= mostHung {
		return
	}
	c.reviving = true
	old := c.use
	if c.use = nil; old != nil {
		c.hung++
	}
	c.s.behind.Go(func() { c.revive(old, kernels) })
}

// revive closes the device that was left, on which no task counts any more, and opens
// another.
func (c *candidate) revive(old *opened, kernels []*device.Kernel) {
	if old != nil {
		closeSoon(old.dev, func() {
			c.mu.Lock()
			c.hung--
			c.mu.Unlock()
		})
	}
	start := time.Now()
	d, err := within(c.s.ctx, openWait, c.open, func(d device.Device) { closeSoon(d, nil) })
	if err == nil {
		_, err = within(c.s.ctx, openWait, func(ctx context.Context) (struct{}, error) { return struct{}{}, known(ctx, d, kernels) }, nil)
		if err != nil {
			closeSoon(d, nil)
		}
	}
	end := time.Now()
	if err == nil {
		checked := map[*device.Kernel]proof{}
		for _, k := range kernels {
			checked[k] = proof{end, end.Sub(start)}
		}
		c.begin(d, checked)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.why, c.strikes, c.until, c.reviving = err, c.strikes+1, end.Add(c.s.opts.Pause), false
		c.s.record(c.name+" stays out", err.Error())
		return
	}
	// One failure more takes it out again; only a task that ends well clears it.
	c.strikes = min(c.strikes, strikesOut-1)
	c.s.record(c.name+" is back", "it gave the known answers")
}

// take is the candidate's device, which it then has no more.
func (c *candidate) take() *opened {
	c.mu.Lock()
	defer c.mu.Unlock()
	on := c.use
	c.use = nil
	return on
}

// within calls f on a goroutine of its own and waits for it, but no longer than the
// time allowed or until ctx is done. What comes too late goes to late.
func within[T any](ctx context.Context, allowed time.Duration, f func(context.Context) (T, error), late func(T)) (T, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, allowed, fmt.Errorf("%w: no answer for %v", ErrDeadline, allowed))
	defer cancel()
	future := device.NewFuture(context.WithoutCancel(ctx), func(context.Context) (T, error) { return f(ctx) })
	value, _ := future.Get(ctx)
	select {
	case <-future.Done():
		return future.Get(context.Background())
	default:
	}
	if late != nil {
		go func() {
			if v, err := future.Get(context.Background()); err == nil {
				late(v)
			}
		}()
	}
	return value, context.Cause(ctx)
}

// closeSoon closes a device that may hang: then it is left to itself. It calls closed, if
// that is not nil, once the device is closed.
func closeSoon(d device.Device, closed func()) error {
	_, err := within(context.Background(), closeWait, func(context.Context) (struct{}, error) {
		if closed != nil {
			defer closed()
		}
		return struct{}{}, d.Close()
	}, nil)
	return err
}
