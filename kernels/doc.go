// Package kernels describes the computations that come with offload: gravity
// (force, potential) and five-point stencils (laplacian, heat), each in float32
// and float64.
//
// Each file pair is one kernel: x.go says what it takes, what it costs and what
// it refuses; x_contract.go is the executable contract, the exact sequence of
// IEEE-754 operations that every device must reproduce (`offload vet` finds products
// that a compiler might fuse with a sum). The shaders are in package shaders;
// x_shader.go says how a launch is cut for them.
package kernels

import "offload/device"

// All lists the kernels, each in both precisions.
func All() []*device.Kernel {
	return []*device.Kernel{
		force32, force64, potential32, potential64,
		laplacian32, laplacian64, heat32, heat64,
	}
}

// pick is the kernel of a pair that computes in type t; nil for another type.
func pick(t device.Type, k32, k64 *device.Kernel) *device.Kernel {
	switch t {
	case device.Float32:
		return k32
	case device.Float64:
		return k64
	}
	return nil
}

// name is base with the precision: force.f64.
func name[T device.Float](base string) string {
	return base + "." + device.TypeOf[T]().String()
}
