package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"offload/device"
	"offload/sims/solar"
)

// The exit codes.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitUnavailable = 3
)

// usageError is a command line that makes no sense.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// inputError is about a file whose content is at fault, not the command line.
type inputError struct{ err error }

func (e *inputError) Error() string { return e.err.Error() }
func (e *inputError) Unwrap() error { return e.err }

// exitCode is the code for a command's outcome.
func exitCode(err error) int {
	var usage *usageError
	var input *inputError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &input):
		return exitFailed
	case errors.Is(err, device.ErrUnavailable):
		return exitUnavailable
	case errors.Is(err, device.ErrInvalid), errors.Is(err, solar.ErrInput):
		return exitUsage
	}
	return exitFailed
}

// message is an error on one line.
func message(ctx context.Context, err error) string {
	text := strings.Join(strings.Fields(strings.ReplaceAll(err.Error(), "\n", "; ")), " ")
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return "interrupted: " + text
	}
	return text
}
