package device

import (
	"fmt"
	"slices"
)

// Class says what kind of hardware a device is, so that no software stand-in
// can pass for a GPU.
type Class string

// The classes of devices.
const (
	CPU       Class = "cpu"       // the host's cores
	GPU       Class = "gpu"       // a graphics processor
	Software  Class = "software"  // a graphics driver that computes on the host
	Reference Class = "reference" // the serial oracle
	Composite Class = "composite" // several devices behind one
)

// Math is the arithmetic that results come from.
type Math string

// The modes of arithmetic.
const (
	Exact Math = "exact" // every result equals the kernel's contract bit for bit
	Fast  Math = "fast"  // within the kernel's stated error bound
)

// Info describes an open device.
type Info struct {
	Backend    string   // the word that opens it: cpu, reference, …
	Name       string   // the hardware, as its vendor calls it
	Driver     string   // its driver and version, where there is one
	Class      Class    // what kind of device
	Precisions []Type   // floating-point types that it computes in
	Math       Math     // the arithmetic that it really uses
	Exact      []string // kernels shown at open to equal their contract
	Workers    int      // goroutines or queues that share a launch
	Memory     int64    // bytes that buffers may take; 0 where unknown
	Limit      string   // what sets Memory if it is not the hardware, such as a control group
	Variant    string   // form of the kernels in use: contract, go, avx2, …, glsl
	Notes      []string // what a user should know: fallbacks and their reasons
}

// OutOfMemory is the error about something that needs more bytes than the device has: it
// wraps ErrOutOfMemory, and names both amounts and what limits the second.
func (i Info) OutOfMemory(what string, bytes float64) error {
	limit := ""
	if i.Limit != "" {
		limit = " (limit of " + i.Limit + ")"
	}
	return fmt.Errorf("%w: %s: %s needed, %s has %s left%s", ErrOutOfMemory, what, size(bytes), i.Backend, size(float64(i.Memory)), limit)
}

func size(bytes float64) string {
	if bytes >= 1<<30 {
		return fmt.Sprintf("%.1f GiB", bytes/(1<<30))
	}
	return fmt.Sprintf("%.1f MiB", bytes/(1<<20))
}

// IsExact reports whether the kernel of that name was shown to equal its contract.
func (i Info) IsExact(kernel string) bool { return slices.Contains(i.Exact, kernel) }

// Options say how to open a device. The zero value is a good default.
type Options struct {
	Workers int       // 0: one for each CPU that the process may use
	Math    Math      // "": Exact
	Variant string    // host code to use, by name; "": the fastest
	Memory  int64     // bytes that buffers may take; 0: what the machine has free
	Kernels []*Kernel // kernels to probe at open, and list in Info.Exact if they equal their contracts
	Notes   []string  // to be found in Info.Notes

	Recorder Recorder // told what the device does once it is open; nil: nobody
}
