package sched

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"offload/device"
)

// Task is work that ends in a value of type T. A simulation is a task, and so is one
// launch on slices of the host. Only Run is needed; a task without kernels is a plain
// Go function and runs on the host's pool.
type Task[T any] struct {
	Name  string
	Needs Needs
	Work  []Work   // launches, as far as they are known before
	Up    Transfer // to the device
	Down  Transfer // from the device

	// Steps is how many times Run calls Alive. A device must not be silent for longer
	// than one of them may take.
	Steps int

	// Run computes the value on d. It may be called again on another device, even while
	// an earlier call is stuck on a dead one: it reads what belongs to the task, and
	// changes nothing that lives longer than the call. It returns soon after ctx is
	// done, and frees its buffers.
	Run func(ctx context.Context, d device.Device) (T, error)

	// Check refuses a value that cannot be right. The device is then treated as one
	// that computes wrongly, and the task runs again on the next.
	Check func(T) error

	call *device.Call // to measure kernels without examples by
}

// Needs is what a device must offer.
type Needs struct {
	Kernels []*device.Kernel
	Memory  int64 // bytes of buffers that are alive at once
	// Exact asks for results that equal the kernels' contracts bit for bit. Devices that
	// were not shown to do so are left out.
	Exact bool
}

// Work is a number of launches of one kernel with the same cost.
type Work struct {
	Kernel   *device.Kernel
	Cost     device.Cost // of one launch
	Launches int
}

// WorkOf is that many launches like l, whose buffers need not be there.
func WorkOf(l *device.Launch, launches int) Work {
	return Work{Kernel: l.Kernel, Cost: device.CostOf(l), Launches: launches}
}

// amount is what a launch is measured by.
func amount(c device.Cost) float64 {
	if c.Ops > 0 {
		return c.Ops
	}
	return c.Items
}

// Transfer is a number of copies between host and device, with their bytes together.
type Transfer struct {
	Count int
	Bytes int64
}

// add counts one more copy, if it has any bytes.
func (t *Transfer) add(bytes int64) {
	if bytes > 0 {
		t.Count++
		t.Bytes += bytes
	}
}

// spec is what the scheduler looks at in a task, whatever its type.
type spec = Task[struct{}]

func (t *Task[T]) spec() spec {
	return spec{Name: t.Name, Needs: t.Needs, Work: t.Work, Up: t.Up, Down: t.Down, Steps: t.Steps, call: t.call}
}

// valid refuses a task without Run, a kernel that is nil, and amounts below zero or NaN.
func (t *Task[T]) valid() error {
	switch {
	case t.Run == nil:
		return device.Invalidf("task %q has no Run", t.Name)
	case slices.Contains(t.Needs.Kernels, nil):
		return device.Invalidf("task %q needs a kernel that is nil", t.Name)
	case min(t.Steps, t.Up.Count, t.Down.Count) < 0 || min(t.Up.Bytes, t.Down.Bytes, t.Needs.Memory) < 0:
		return device.Invalidf("task %q: a negative number of steps, transfers or bytes", t.Name)
	}
	for _, w := range t.Work {
		if w.Kernel == nil || !w.Cost.Valid() || w.Launches < 0 {
			return device.Invalidf("task %q: %d launches of %g operations", t.Name, w.Launches, w.Cost.Ops)
		}
	}
	return nil
}

// plain reports whether the task is a Go function, with no interest in devices.
func (t *Task[T]) plain() bool { return len(t.Needs.Kernels) == 0 && len(t.Work) == 0 }

// Result is what a task ended in, and how it came to it.
type Result[T any] struct {
	Value  T
	Report Report
}

// Report says which devices a task was run on, and why.
type Report struct {
	Task     string
	Choice   Choice        // at the start
	Attempts []Attempt     // in order; the last one gave the result, if there is one
	Queued   time.Duration // from Submit to the first attempt
}

// Device is the name of the device that gave the result; empty for a failed task.
func (r *Report) Device() string {
	if n := len(r.Attempts); n > 0 && r.Attempts[n-1].Err == nil {
		return r.Attempts[n-1].Device
	}
	return ""
}

// Attempt is one run of a task on a device.
type Attempt struct {
	Device    string
	Predicted time.Duration // 0 if nothing was known
	Took      time.Duration
	Err       error // why the device was left; nil for success
}

// Choice is the prediction for each candidate, in the order of the scheduler, and
// which was taken.
type Choice struct {
	Device    string
	Estimates []Estimate
}

// Estimate is what is expected of one device.
type Estimate struct {
	Device string
	Known  bool          // there is a prediction
	Run    time.Duration // of the task
	Wait   time.Duration // for what is queued already
	Reason string        // why the device cannot be taken; empty if it can
}

// String is the choice in one line: each device with its prediction, or with the
// reason why it was left out.
func (c Choice) String() string {
	parts := make([]string, len(c.Estimates))
	for i, e := range c.Estimates {
		parts[i] = e.String()
	}
	return fmt.Sprintf("%s (%s)", c.Device, strings.Join(parts, "; "))
}

// String is the device with its prediction, or with the reason why it was left out.
func (e Estimate) String() string {
	text := fmt.Sprintf("predicted %v", round(e.Run))
	switch {
	case e.Reason != "":
		text = e.Reason
	case !e.Known:
		text = "not measured"
	case e.Wait > 0:
		text += fmt.Sprintf(" after %v", round(e.Wait))
	}
	return e.Device + ": " + text
}

// round keeps about three digits.
func round(d time.Duration) time.Duration {
	for unit := time.Duration(1); ; unit *= 10 {
		if d < 1000*unit {
			return d.Round(unit)
		}
	}
}

// TaskError is why a task has no result.
type TaskError struct {
	Report Report
	Err    error
}

func (e *TaskError) Error() string {
	if e.Report.Task == "" {
		return e.Err.Error()
	}
	return e.Report.Task + ": " + e.Err.Error()
}

func (e *TaskError) Unwrap() error { return e.Err }

// The faults that the scheduler finds itself.
var (
	// ErrDeadline: the device was silent for far longer than predicted.
	ErrDeadline = errors.New("deadline missed (the device hangs, or is far slower than it was)")
	// ErrWrong: the device does not compute what the kernel's contract says.
	ErrWrong = errors.New("wrong result (the device does not compute what the contract says)")
)

// IsFault reports whether err is the device's and not the task's, so that the task may
// succeed elsewhere.
func IsFault(err error) bool {
	return isAny(err, device.ErrLost, device.ErrOutOfMemory, device.ErrUnavailable, device.ErrUnsupported,
		device.ErrClosed, ErrDeadline, ErrWrong)
}

func isAny(err error, targets ...error) bool {
	return slices.ContainsFunc(targets, func(t error) bool { return errors.Is(err, t) })
}

// Run performs c on the device that is predicted to be done first, exactly, and writes
// the rows computed to the caller's slices, unless it returns an error. The kernel may be
// anybody's: with Options.Calibrate, one that was never measured runs on the host, and
// is compared with its contract and measured on the other devices meanwhile. Errors:
// device.ErrInvalid for the call, and a *TaskError.
func Run(ctx context.Context, s *Scheduler, c *device.Call) (Report, error) {
	t, err := CallTask(c)
	if err != nil {
		return Report{}, err
	}
	done, err := Do(ctx, s, t)
	if err == nil {
		err = c.Assign(done.Value)
	}
	return done.Report, err
}

// CallTask is the task of Run; its value is the call with its outputs computed. The
// call's data are copied, since a run on a device that hangs may read them for ever.
func CallTask(c *device.Call) (Task[*device.Call], error) {
	l, err := c.Shape()
	if err != nil {
		return Task[*device.Call]{}, err
	}
	t := Task[*device.Call]{
		Name:  c.Kernel.Name,
		Needs: Needs{Kernels: []*device.Kernel{c.Kernel}, Exact: true},
		call:  c.Clone(),
	}
	err = device.Guard("kernel "+c.Kernel.Name, func() error { t.Work = []Work{WorkOf(l, 1)}; return nil })
	if err != nil {
		return Task[*device.Call]{}, err
	}
	for i, p := range l.Kernel.Params {
		if p.Access != device.Value {
			size := int64(p.Type.Size())
			t.Needs.Memory += size * int64(l.Args[i].Len)
			t.Up.add(size * int64(l.ReadRange(i).Len()))
			t.Down.add(size * int64(l.WriteRange(i).Len()))
		}
	}
	t.Run = func(ctx context.Context, d device.Device) (*device.Call, error) {
		mine := t.call.Clone()
		b, err := mine.Bind(ctx, d)
		if err != nil {
			return nil, err
		}
		defer b.Free(ctx)
		start := time.Now()
		if err := d.Launch(ctx, b.Launch); err != nil {
			return nil, err
		}
		if err := b.Launch.Wait(ctx); err != nil {
			return nil, err
		}
		Observe(ctx, b.Launch, time.Since(start))
		return mine, b.Read(ctx)
	}
	return t, nil
}
