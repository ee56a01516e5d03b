// Package offload runs numerical kernels on a GPU or a pool of CPU workers. A kernel is
// described once, as data, and gives the same bits on every device.
//
//	dev, err := offload.Open(ctx, "auto", device.Options{})
//	if err != nil { … }
//	defer dev.Close()
//
// Package device defines devices, buffers, kernels and launches; kernels has gravity and
// five-point stencils; cpu has the pool of workers; sims has two simulations.
package offload

import (
	"context"

	"offload/device"
	"offload/device/sched"
)

// Version is the release that CHANGELOG.md describes.
const Version = "0.4.0"

// VariantVariable is the environment variable that selects the host code if
// Options.Variant is empty: avx512, avx2, neon, go or contract.
const VariantVariable = "OFFLOAD_VARIANT"

// Names returns the names that Open accepts; see Backends.Names.
func Names() []string { return Default().Names() }

// CheckName returns an error that wraps device.ErrInvalid if Open does not accept name.
func CheckName(name string) error { return Default().CheckName(name) }

// Open opens the named device; see Backends.Open.
func Open(ctx context.Context, name string, o device.Options) (device.Device, error) {
	return Default().Open(ctx, name, o)
}

// Devices opens and closes every device in turn and returns one entry for each.
func Devices(ctx context.Context, o device.Options) []Entry { return Default().Devices(ctx, o) }

// Schedule returns a scheduler over the available devices; see Backends.Schedule.
func Schedule(ctx context.Context, o ScheduleOptions) (*sched.Scheduler, error) {
	return Default().Schedule(ctx, o)
}
