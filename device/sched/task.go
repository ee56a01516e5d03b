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

// Task is work with a result of type T, such as a simulation or one launch on host
// slices. Only Run is required. A task without kernels is a plain Go function and runs on
// the host's pool.
type Task[T any] struct {
	Name  string
	Needs Needs
	Work  []Work   // launches known in advance
	Up    Transfer // to the device
	Down  Transfer // from the device

	// Steps is the number of calls of Alive in Run. It sets the time that a device may be
	// silent: that of one step.
	Steps int

	// Run computes the value on d. It may be called again on another device while an
	// earlier call still hangs on a dead one, so it must not change data that outlives the
	// call. It must return soon after ctx is done, and free its buffers.
	Run func(ctx context.Context, d device.Device) (T, error)

	// Check returns an error for a value that cannot be right. The device then counts as
	// wrong, and the task runs again on the next one.
	Check func(T) error

	call *device.Call // to measure kernels without examples with
}

// Needs are a task's requirements for its device.
type Needs struct {
	Kernels []*device.Kernel
	Memory  int64 // largest total size in bytes of live buffers
	// Exact requires results that equal the kernels' contracts bit for bit. Devices that
	// were not shown to be exact are left out.
	Exact bool
}

// Work is a number of launches of one kernel with the same cost.
type Work struct {
	Kernel   *device.Kernel
	Cost     device.Cost // of one launch
	Launches int
}

// WorkOf returns the work of the given number of launches like l. The buffers of l are
// not used and may be nil.
func WorkOf(l *device.Launch, launches int) Work {
	return Work{Kernel: l.Kernel, Cost: device.CostOf(l), Launches: launches}
}

// amount returns the size of a launch for the cost model: Ops, or Items if that is 0.
func amount(c device.Cost) float64 {
	if c.Ops > 0 {
		return c.Ops
	}
	return c.Items
}

// Transfer is a number of copies between host and device, with their total bytes.
type Transfer struct {
	Count int
	Bytes int64
}

// add counts one more copy if it is not empty.
func (t *Transfer) add(bytes int64) {
	if bytes > 0 {
		t.Count++
		t.Bytes += bytes
	}
}

// spec is the part of a task that is independent of its result type.
type spec = Task[struct{}]

func (t *Task[T]) spec() spec {
	return spec{Name: t.Name, Needs: t.Needs, Work: t.Work, Up: t.Up, Down: t.Down, Steps: t.Steps, call: t.call}
}

// valid refuses a task without Run, nil kernels, and amounts that are negative or NaN.
func (t *Task[T]) valid() error {
	switch {
	case t.Run == nil:
		return device.Invalidf("task %q has no Run", t.Name)
	case slices.Contains(t.Needs.Kernels, nil):
		return device.Invalidf("task %q: nil kernel", t.Name)
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

// plain reports whether the task is a plain Go function, which uses no device.
func (t *Task[T]) plain() bool { return len(t.Needs.Kernels) == 0 && len(t.Work) == 0 }

// Result is the value of a task and the report of its runs.
type Result[T any] struct {
	Value  T
	Report Report
}

// Report lists the devices that a task ran on, and the reasons.
type Report struct {
	Task     string
	Choice   Choice        // for the first attempt
	Attempts []Attempt     // in order; the last one gave the result, if any
	Queued   time.Duration // from Submit to the first attempt
}

// Device returns the name of the device that gave the result; empty for a failed task.
func (r *Report) Device() string {
	if n := len(r.Attempts); n > 0 && r.Attempts[n-1].Err == nil {
		return r.Attempts[n-1].Device
	}
	return ""
}

// Attempt is one run of a task on a device.
type Attempt struct {
	Device    string
	Predicted time.Duration // 0 if not measured
	Took      time.Duration
	Err       error // nil for success
}

// Choice is the chosen device and the prediction for each candidate, in the scheduler's
// order.
type Choice struct {
	Device    string
	Estimates []Estimate
}

// Estimate is the prediction for one device.
type Estimate struct {
	Device string
	Known  bool          // Run is a prediction
	Run    time.Duration // of the task
	Wait   time.Duration // for work already queued
	Reason string        // why the device cannot be chosen; empty if it can
}

// String returns the choice in one line: each device with its prediction, or the reason
// why it was left out.
func (c Choice) String() string {
	parts := make([]string, len(c.Estimates))
	for i, e := range c.Estimates {
		parts[i] = e.String()
	}
	return fmt.Sprintf("%s (%s)", c.Device, strings.Join(parts, "; "))
}

// String returns the device with its prediction, or the reason why it was left out.
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

// round rounds to about three digits.
func round(d time.Duration) time.Duration {
	for unit := time.Duration(1); ; unit *= 10 {
		if d < 1000*unit {
			return d.Round(unit)
		}
	}
}

// TaskError is the error of a task, with the report of its runs.
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

// The faults that the scheduler detects.
var (
	// ErrDeadline: the device made no progress for far longer than predicted.
	ErrDeadline = errors.New("deadline missed")
	// ErrWrong: the device's results differ from the kernel's contract, or failed the
	// task's Check.
	ErrWrong = errors.New("wrong result")
)

// IsFault reports whether err is an error of the device rather than the task, so that the
// task may succeed elsewhere.
func IsFault(err error) bool {
	return isAny(err, device.ErrLost, device.ErrOutOfMemory, device.ErrUnavailable, device.ErrUnsupported,
		device.ErrClosed, ErrDeadline, ErrWrong)
}

func isAny(err error, targets ...error) bool {
	return slices.ContainsFunc(targets, func(t error) bool { return errors.Is(err, t) })
}

// Run performs c, exactly, on the device predicted to finish first, and writes the
// computed rows to the caller's slices unless it returns an error. With
// Options.Calibrate, a kernel without measured costs runs on the host while it is
// compared with its contract and measured on the other devices. Errors: device.ErrInvalid
// for the call, and a *TaskError.
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

// CallTask returns the task of Run; its value is the call with its outputs computed. The
// call's data are copied, because a run on a device that hangs may read them
// indefinitely.
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
	err = device.Guard("kernel "+c.Kernel.Name, func() error { // its Cost and Halo
		t.Work = []Work{WorkOf(l, 1)}
		for i, p := range l.Kernel.Params {
			if p.Access != device.Value {
				size := int64(p.Type.Size())
				t.Needs.Memory += size * int64(l.Args[i].Len)
				t.Up.add(size * int64(l.ReadRange(i).Len()))
				t.Down.add(size * int64(l.WriteRange(i).Len()))
			}
		}
		return nil
	})
	if err != nil {
		return Task[*device.Call]{}, err
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
