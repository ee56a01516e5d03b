// Package kernels lists the module's kernels: force, potential, leapfrog and wh of package gravity,
// laplacian and heat of package grid, and those of package multigrid: start, cycle and finish
// for uniform plates, smooth, restrict, prolong, direction, step and dot for networks.
//
// A kernel's contract is the exact sequence of IEEE-754 operations that every device must
// reproduce; `offload vet` finds products in it that a compiler might fuse with a sum. The
// shaders are in package shaders.
package kernels

import (
	"offload/device"
	"offload/kernels/gravity"
	"offload/kernels/grid"
	"offload/kernels/multigrid"
)

// All returns the kernels, each in the precisions that it has.
func All() []*device.Kernel {
	var all []*device.Kernel
	for _, kernel := range []func(device.Type) *device.Kernel{gravity.Force, gravity.Potential, grid.Laplacian, grid.Heat} {
		all = append(all, kernel(device.Float32), kernel(device.Float64))
	}
	all = append(all, gravity.Leapfrog(), gravity.WisdomHolman())
	return append(append(all, multigrid.Plain()...), multigrid.General()...)
}
