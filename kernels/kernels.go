// Package kernels lists the kernels that come with offload. They are in its packages:
// gravity has force and potential, grid has laplacian and heat.
//
// A kernel's contract is the exact sequence of IEEE-754 operations that every device must
// reproduce; `offload vet` finds products in it that a compiler might fuse with a sum. The
// shaders are in package shaders.
package kernels

import (
	"offload/device"
	"offload/kernels/gravity"
	"offload/kernels/grid"
)

// All lists the kernels, each in both precisions.
func All() []*device.Kernel {
	var all []*device.Kernel
	for _, kernel := range []func(device.Type) *device.Kernel{gravity.Force, gravity.Potential, grid.Laplacian, grid.Heat} {
		all = append(all, kernel(device.Float32), kernel(device.Float64))
	}
	return all
}
