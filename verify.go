package offload

import (
	"context"
	"errors"

	"offload/device"
	"offload/kernels"
)

// VerifySizes returns the sizes at which Verify compares: 0, 1, primes, odd remainders of
// vectors and tiles, and more than one tile.
func VerifySizes() []int {
	return []int{0, 1, 2, 3, 7, 8, 9, 31, 63, 64, 65, 127, 255, 257, 521}
}

// Check is the result of comparing one kernel on one device with its contract.
type Check struct {
	Device  string
	Variant string // the host code used, if any
	Kernel  string
	Calls   int   // number of examples run, over all sizes
	Err     error // nil if all bits are equal; the first *device.Difference, or the error of a run
}

// Verify runs the examples of every kernel of the module on d, at each of the sizes, and
// compares all bits with the contracts. It calls report once for each kernel. The error
// is that of a run; a difference is reported in Check.Err only.
func Verify(ctx context.Context, d device.Device, sizes []int, report func(Check)) error {
	if d == nil {
		return device.Invalidf("no device")
	}
	info := d.Info()
	for _, k := range kernels.All() {
		c := Check{Device: info.Backend, Variant: info.Variant, Kernel: k.Name}
		for _, n := range sizes {
			var calls int
			if calls, c.Err = verifyAt(ctx, d, k, n); c.Err != nil {
				break
			}
			c.Calls += calls
		}
		report(c)
		var diff *device.Difference
		if c.Err != nil && !errors.As(c.Err, &diff) {
			return c.Err
		}
	}
	return nil
}

// verifyAt compares the examples of one size, and returns how many there are.
func verifyAt(ctx context.Context, d device.Device, k *device.Kernel, n int) (calls int, err error) {
	examples := k.Examples(n)
	for _, c := range examples {
		if err := c.Verify(ctx, d); err != nil {
			return 0, err
		}
	}
	return len(examples), nil
}
