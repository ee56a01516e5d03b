// Package device is the contract between programs, kernels and the hardware
// that runs them.
//
// A Device owns Buffers and runs Kernels on them. A Kernel is data: it names
// its parameters and says how each is accessed, and it carries the executable
// contract, a plain serial Go function that defines the result to the last
// bit. A Launch binds arguments to a kernel and names the rows of the output to
// compute; it writes those rows and nothing else.
//
// A Call is a launch on slices of the host, which may be views of larger matrices:
// Run uploads, launches and downloads. Package check tests whether a kernel keeps
// that rule.
//
// The queue of a device is in order. Launch returns at once; what went wrong is
// reported by every wait for and read of a buffer that a failed launch was to
// write. Numbers that do not fit are refused as ErrInvalid, never truncated. Every
// error wraps one of the documented values of this package.
//
// The package imports the standard library only and knows no backend.
package device
