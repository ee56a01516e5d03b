package device

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// The errors that devices return; test for them with errors.Is.
var (
	// ErrUnavailable: there is no such device here.
	ErrUnavailable = errors.New("device unavailable")
	// ErrUnsupported: the device cannot run this kernel or hold this element type.
	ErrUnsupported = errors.New("not supported by this device")
	// ErrInvalid: the caller's arguments are wrong; nothing was run.
	ErrInvalid = errors.New("invalid argument")
	// ErrOutOfMemory: the device cannot hold the buffer.
	ErrOutOfMemory = errors.New("out of memory")
	// ErrLost: the device stopped working, and its buffers are gone. Another one may be
	// opened, to which the data have to be uploaded anew.
	ErrLost = errors.New("device lost")
	// ErrClosed: the device or the buffer was closed before the call.
	ErrClosed = errors.New("device or buffer closed")
	// ErrShader: the driver does not compile the kernel's shader.
	ErrShader = errors.New("shader does not compile")
	// ErrPanic: the code of a kernel or task panicked; see PanicError.
	ErrPanic = errors.New("panic in a kernel or task")
)

// PanicError is the error for a panic in the code of a kernel or task. It wraps ErrPanic,
// and the panic's value if that is an error.
type PanicError struct {
	Where string // kernel or task that panicked
	Value any    // the panic's value
	Stack []byte // the stack at the panic
}

// Caught returns the error for recovered, the result of recover in a deferred function.
// Nil stands for runtime.Goexit, which would otherwise look like success.
func Caught(where string, recovered any) *PanicError {
	if recovered == nil {
		recovered = "runtime.Goexit was called"
	}
	return &PanicError{Where: where, Value: recovered, Stack: debug.Stack()}
}

// Guard calls f on a new goroutine and returns its error. A panic or runtime.Goexit in f
// becomes a *PanicError.
func Guard(where string, f func() error) error {
	done := make(chan error, 1)
	go func() {
		var err error
		returned := false
		defer func() {
			if !returned {
				err = Caught(where, recover())
			}
			done <- err
		}()
		err = f()
		returned = true
	}()
	return <-done
}

func (e *PanicError) Error() string {
	return fmt.Sprintf("%s: panic: %v", e.Where, e.Value)
}

// Unwrap returns ErrPanic and the panic's value if that is an error.
func (e *PanicError) Unwrap() []error {
	if err, ok := e.Value.(error); ok {
		return []error{ErrPanic, err}
	}
	return []error{ErrPanic}
}

// Invalidf returns an error that wraps ErrInvalid and adds the formatted text.
func Invalidf(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
}
