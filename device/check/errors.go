package check

import (
	"errors"
	"fmt"
)

// The errors of this package; test for them with errors.Is.
var (
	// ErrNotFinite: a launch gave a NaN or an Inf; see NotFinite.
	ErrNotFinite = errors.New("a result is not finite")
	// ErrBroken: a kernel breaks the rule of a launch, or a device computes something else; see Broken.
	ErrBroken = errors.New("the rule of a launch is broken")
	// ErrChecksum: a result cannot be right.
	ErrChecksum = errors.New("a checksum is wrong: memory, a transfer or the device failed; run again, or on another device")
)

// NotFinite is the first place where a result is no number. It wraps ErrNotFinite.
type NotFinite struct {
	Kernel string
	Launch int    // on this device, from 1, since it was wrapped
	Sweep  int    // of the launch, from 1; 0 for a kernel without sweeps
	Again  bool   // the launch was repeated, and gave the same kind of result
	Param  string // the output, or the input where that was no number already
	Input  bool   // Param is an input
	Index  int    // element of the parameter
	Row    int
	Column int
	Value  float64
}

func (e *NotFinite) Error() string {
	where := fmt.Sprintf("kernel %s, launch %d", e.Kernel, e.Launch)
	if e.Sweep > 0 {
		where += fmt.Sprintf(", sweep %d", e.Sweep)
	}
	what := fmt.Sprintf("%s[%d] (row %d, column %d) is %g", e.Param, e.Index, e.Row, e.Column, e.Value)
	switch {
	case e.Input:
		what = "its input " + what + " already: it changed since it was written"
	case !e.Again:
		what += "; a repeat gave none"
	}
	return fmt.Sprintf("%v: %s: %s", ErrNotFinite, where, what)
}

// Unwrap makes errors.Is find ErrNotFinite.
func (e *NotFinite) Unwrap() error { return ErrNotFinite }
