package device

import (
	"fmt"
	"slices"
)

// Class is the kind of hardware of a device. It distinguishes software stand-ins from
// GPUs.
type Class string

// The classes of devices.
const (
	CPU       Class = "cpu"       // the host's cores
	GPU       Class = "gpu"       // a graphics processor
	Software  Class = "software"  // a graphics driver that computes on the host
	Reference Class = "reference" // the serial oracle
	Composite Class = "composite" // several devices behind one
)

// Math is the arithmetic of results.
type Math string

// The modes of arithmetic.
const (
	Exact Math = "exact" // every result equals the kernel's contract bit for bit
	Fast  Math = "fast"  // within the kernel's stated error bound
)

// Info describes an open device.
type Info struct {
	Backend    string   // the name that opens it: cpu, reference, …
	Name       string   // the hardware, as its vendor calls it
	Driver     string   // its driver and version, if any
	Class      Class    // what kind of device
	Precisions []Type   // floating-point types that it computes in
	Math       Math     // the arithmetic in use
	Exact      []string // kernels shown at open to equal their contract
	Workers    int      // goroutines or queues that share a launch
	Memory     int64    // bytes available for buffers; 0 if unknown
	Limit      string   // what limits Memory other than the hardware, such as a control group
	Variant    string   // form of the kernels in use: contract, go, avx2, …, glsl
	Notes      []string // for the user: fallbacks and their reasons
}

// OutOfMemory returns an error that wraps ErrOutOfMemory and states the bytes that what
// needs, the bytes that the device has left, and the limit.
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

// Options configure a device to open. The zero value is a good default.
type Options struct {
	Workers int       // 0: one for each CPU available to the process
	Math    Math      // "": Exact
	Variant string    // host code to use, by name; "": the fastest
	Memory  int64     // bytes available for buffers; 0: the machine's free memory
	Kernels []*Kernel // kernels to probe at open, and list in Info.Exact if they equal their contracts
	Notes   []string  // copied to Info.Notes

	Recorder Recorder // records what the device does once it is open; may be nil
}
