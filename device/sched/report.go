package sched

import (
	"fmt"
	"strings"
	"time"
)

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
func (e Estimate) String() string { return e.Device + ": " + e.text() }

func (e Estimate) text() string {
	switch {
	case e.Reason != "":
		return e.Reason
	case !e.Known:
		return "not measured"
	case e.Wait > 0:
		return fmt.Sprintf("predicted %v after %v", round(e.Run), round(e.Wait))
	}
	return fmt.Sprintf("predicted %v", round(e.Run))
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
