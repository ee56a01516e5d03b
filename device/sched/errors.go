package sched

import (
	"errors"

	"offload/device"
)

// The faults that the scheduler finds itself.
var (
	// ErrDeadline: the device was silent for far longer than predicted.
	ErrDeadline = errors.New("deadline missed (the device hangs, or is far slower than it was)")
	// ErrWrong: the device does not compute what the kernel's contract says.
	ErrWrong = errors.New("wrong result (the device does not compute what the contract says)")
)

// IsFault tells whether err is the device's and not the task's, so that the task may
// succeed elsewhere.
func IsFault(err error) bool {
	for _, f := range []error{
		device.ErrLost, device.ErrOutOfMemory, device.ErrUnavailable, device.ErrUnsupported, device.ErrClosed,
		ErrDeadline, ErrWrong,
	} {
		if errors.Is(err, f) {
			return true
		}
	}
	return false
}
