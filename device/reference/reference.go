// Package reference is the serial device: it runs each kernel's contract in one
// goroutine, row by row. Other devices are compared with it, and it is the place to debug
// a kernel.
package reference

import (
	"context"
	"fmt"

	"offload/device"
	"offload/device/hostdev"
)

// Open opens a reference device. Options.Workers must be 0 or 1.
func Open(ctx context.Context, o device.Options) (device.Device, error) {
	if o.Workers < 0 || o.Workers > 1 {
		return nil, device.Invalidf("reference device with %d workers; it is serial", o.Workers)
	}
	if o.Variant != "" && o.Variant != variant {
		return nil, fmt.Errorf("%w: variant %q; the reference device has only %q", device.ErrUnsupported, o.Variant, variant)
	}
	info := device.Info{
		Backend:    "reference",
		Name:       "serial contract",
		Class:      device.Reference,
		Precisions: []device.Type{device.Float32, device.Float64},
		Math:       device.Exact,
		Workers:    1,
		Memory:     o.Memory,
		Variant:    variant,
		Notes:      o.Notes,
	}
	d, err := hostdev.Open(ctx, info, new(serial), o.Kernels)
	if err != nil {
		return nil, err
	}
	d.Observe(o.Recorder)
	return d, nil
}

const variant = "contract"

// serial executes a launch by the kernel's contract, as one tile.
type serial struct{ tile device.Tile }

func (s *serial) Execute(b *device.Binding) error {
	b.Tile(&s.tile, b.Launch.Rows, 0, nil)
	b.Launch.Kernel.Contract(&s.tile)
	return nil
}

// Inline reports whether a launch takes at most about ten microseconds; false for a
// kernel without Cost.
func (s *serial) Inline(_ context.Context, l *device.Launch) bool {
	return l.Kernel.Cost != nil && device.CostOf(l).Ops < 10_000
}

func (s *serial) Close() {}
