package check

import (
	"errors"
	"fmt"

	"offload/device"
)

// The errors of this package; test for them with errors.Is.
var (
	// ErrNotFinite: a launch gave a NaN or an Inf; see NotFinite.
	ErrNotFinite = errors.New("a result is not finite")
	// ErrBroken: a kernel breaks the rule of a launch, or a device differs from the
	// contract; see Broken.
	ErrBroken = errors.New("the rule of a launch is broken")
	// ErrChecksum: a result violates the kernel's invariant.
	ErrChecksum = errors.New("a checksum is wrong: memory, a transfer or the device failed; run again, or on another device")
)

// NotFinite is the first NaN or Inf in a result. It wraps ErrNotFinite.
type NotFinite struct {
	Kernel string
	Launch int    // on this device, from 1, since it was wrapped
	Sweep  int    // of the launch, from 1; 0 for a kernel without sweeps
	Again  bool   // a repeat of the launch gave a NaN or Inf, too
	Param  string // the output, or an input that has a NaN or Inf
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

// Unwrap returns ErrNotFinite.
func (e *NotFinite) Unwrap() error { return ErrNotFinite }

// Breach is a way to break the rule of a launch: it writes all elements of its rows and
// nothing else, and reads only what its parameters declare.
type Breach string

// The ways to break the rule.
const (
	ReadsOutside  Breach = "reads what it does not declare" // see Reads
	WritesOutside Breach = "writes outside of its rows"
	ChangesInput  Breach = "changes an input"
	LeavesRows    Breach = "leaves an element of its rows as it was"
	ReadsOutput   Breach = "depends on what an output held that it does not declare as UpdateRows"
	Unsteady      Breach = "gives another result when it is run again"
	Divides       Breach = "gives another result for rows alone than for all rows"
	RefusesRows   Breach = "refuses a part of its rows"
	Differs       Breach = "differs from the contract"
)

// Broken describes how a kernel, or the device that ran it, breaks the rule of a launch.
// It wraps ErrBroken, and the error of the code, if any.
type Broken struct {
	Kernel string
	Form   string // contract, the name of host code, or the device
	Device bool   // the device is wrong; else the kernel's Go code
	Breach Breach
	Rows   device.Range // of the launch, or the part of it

	// The first wrong element; Param is empty if the code ended with an error.
	Param       string
	Row, Column int
	Got, Want   string // its value and the expected value, if meaningful

	Reads Reads // if Breach is ReadsOutside
	Err   error
}

// Reads is an element that was read and not declared.
type Reads struct {
	Param       string // empty if no single parameter explains it
	Row, Column int
	Declared    device.Range // the rows that may be read
}

func (e *Broken) Error() string {
	text := fmt.Sprintf("%v: kernel %s, %s, rows %d to %d: it %s", ErrBroken, e.Kernel, e.Form, e.Rows.Lo, e.Rows.Hi, e.Breach)
	then := ": "
	if r := e.Reads; r.Param != "" {
		text += fmt.Sprintf(": row %d, column %d of %s, of which it may read rows %d to %d", r.Row, r.Column, r.Param, r.Declared.Lo, r.Declared.Hi)
		then = "; then "
	}
	if e.Param != "" {
		text += fmt.Sprintf("%srow %d, column %d of %s", then, e.Row, e.Column, e.Param)
	}
	if e.Got != "" {
		text += " is " + e.Got
	}
	if e.Want != "" {
		text += ", not " + e.Want
	}
	if e.Err != nil {
		text += then + e.Err.Error()
	}
	return text
}

// Unwrap returns ErrBroken and the error of the code, if any.
func (e *Broken) Unwrap() []error {
	if e.Err != nil {
		return []error{ErrBroken, e.Err}
	}
	return []error{ErrBroken}
}
