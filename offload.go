// Package offload hands numerical work to a co-processor. A kernel is described
// once, as data; it runs on whichever device was opened, with the same bits.
//
//	dev, err := offload.Open(ctx, "auto", device.Options{})
//	if err != nil { … }
//	defer dev.Close()
//
// Package device is the contract of devices, buffers, kernels and launches; kernels has
// gravity and five-point stencils; cpu has the pool of workers; sims has two simulations.
package offload

import (
	"context"

	"offload/device"
	"offload/device/sched"
)

// Version is the release that CHANGELOG.md describes.
const Version = "0.4.0"

// VariantVariable is the environment variable that selects a form of host code,
// for programs that do not set Options.Variant: avx2, neon, go or contract.
const VariantVariable = "OFFLOAD_VARIANT"

// Names lists what Open accepts; see Backends.Names.
func Names() []string { return Default().Names() }

// CheckName refuses a name that Open does not know, as device.ErrInvalid.
func CheckName(name string) error { return Default().CheckName(name) }

// Open opens the device of that name; see Backends.Open.
func Open(ctx context.Context, name string, o device.Options) (device.Device, error) {
	return Default().Open(ctx, name, o)
}

// Devices opens and closes every device in turn and returns what it found.
func Devices(ctx context.Context, o device.Options) []Entry { return Default().Devices(ctx, o) }

// Schedule makes a scheduler over the devices that are here; see Backends.Schedule.
func Schedule(ctx context.Context, o ScheduleOptions) (*sched.Scheduler, error) {
	return Default().Schedule(ctx, o)
}
