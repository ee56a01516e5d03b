package cpu

import (
	"context"
	"fmt"
	"slices"

	"offload/device"
	"offload/device/hostdev"
	"offload/internal/sysinfo"
)

// Open opens the host's cores as a device with its own pool of Options.Workers workers.
// Errors: device.ErrInvalid for the number of workers, device.ErrUnsupported for a
// variant that this machine cannot run, and those of the probe.
func Open(ctx context.Context, o device.Options) (device.Device, error) {
	pool, err := NewPool(o.Workers)
	if err != nil {
		return nil, err
	}
	d, err := open(ctx, &engine{pool: pool, owned: true}, o)
	if err != nil {
		pool.Close()
		return nil, err
	}
	return d, nil
}

// OpenOn opens a device that computes on the workers of pool, which may be shared with
// other devices and work. It ignores Options.Workers. Closing the device leaves the pool
// open.
func OpenOn(ctx context.Context, pool *Pool, o device.Options) (device.Device, error) {
	return open(ctx, &engine{pool: pool}, o)
}

func open(ctx context.Context, e *engine, o device.Options) (device.Device, error) {
	if err := checkVariant(o.Variant, o.Kernels); err != nil {
		return nil, err
	}
	e.init(o)
	info := device.Info{
		Backend:    "cpu",
		Name:       sysinfo.CPUName(),
		Class:      device.CPU,
		Precisions: []device.Type{device.Float32, device.Float64},
		Math:       device.Exact,
		Workers:    e.pool.workers,
		Memory:     o.Memory,
		Variant:    bestVariant(o),
		Notes:      o.Notes,
	}
	d, err := hostdev.Open(ctx, info, e, o.Kernels)
	if err != nil {
		return nil, err
	}
	if o.Recorder != nil {
		e.recorder, e.number = o.Recorder, d.Observe(o.Recorder)
	}
	return d, nil
}

// contract is the variant that runs kernels' contracts on tiles.
const contract = "contract"

// checkVariant refuses a variant that no kernel has or that this machine cannot run.
func checkVariant(name string, kernels []*device.Kernel) error {
	variants := Variants(kernels)
	if name == "" || slices.Contains(variants, name) {
		return nil
	}
	return fmt.Errorf("%w: variant %q; this machine has %v", device.ErrUnsupported, name, variants)
}

// Variants returns the names of the kernels' host code that this machine can run, fastest
// first, and "contract" last.
func Variants(kernels []*device.Kernel) []string {
	var names []string
	seen := map[string]bool{}
	for _, k := range kernels {
		if k == nil {
			continue // the probe refuses it
		}
		for _, h := range k.Host {
			if ready(h) && !seen[h.Name] {
				names = append(names, h.Name)
				seen[h.Name] = true
			}
		}
	}
	return append(names, contract)
}

func bestVariant(o device.Options) string {
	if o.Variant != "" {
		return o.Variant
	}
	return Variants(o.Kernels)[0]
}

func ready(h device.HostCode) bool { return h.Ready == nil || h.Ready() }
