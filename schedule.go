package offload

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"offload/cpu"
	"offload/device"
	"offload/device/sched"
	"offload/kernels"
)

// Version is the release that CHANGELOG.md describes.
const Version = "0.4.0"

// ScheduleOptions say what Schedule works with. The zero value is a good default.
type ScheduleOptions struct {
	// Device is how the devices are opened; Workers and Variant are the host's.
	Device device.Options
	// Names are the candidates besides the host, as Open takes them. Nil means those
	// that “auto” may take: GPUs, never a software rasteriser.
	Names []string
	// Calibrate measures kernels that were not measured before; see sched.Options.
	Calibrate bool
	// Placed is told where tasks run; see sched.Options.
	Placed func(task string, c sched.Choice, failed []sched.Attempt)
	// Costs is the folder where measured costs are kept; empty for CostsFolder.
	Costs string
}

// Schedule makes a scheduler over the devices that are here. It ends on the host's pool
// of workers, which serves plain tasks and the host's device together. Closing it closes
// all of them. Errors: those of Open for names and options.
func Schedule(ctx context.Context, o ScheduleOptions) (*sched.Scheduler, error) {
	if o.Device.Kernels == nil {
		o.Device.Kernels = kernels.All()
	}
	if err := checkOptions(o.Device); err != nil {
		return nil, err
	}
	if o.Names == nil {
		for _, b := range backends() {
			if b.auto && b.name != "cpu" {
				o.Names = append(o.Names, b.name)
			}
		}
	}
	var candidates []sched.Candidate
	for _, name := range o.Names {
		if err := CheckName(name); err != nil || name == Auto || name == "cpu" {
			return nil, device.Invalidf("%q is no candidate besides the host", name)
		}
		candidates = append(candidates, candidate(name, o.Device))
	}
	pool, err := cpu.NewPool(o.Device.Workers)
	if err != nil {
		return nil, err
	}
	candidates = append(candidates, hostCandidate(pool, o.Device))
	if o.Costs == "" {
		o.Costs = CostsFolder()
	}
	return sched.New(ctx, sched.Options{
		Devices: candidates, Pool: pool,
		Folder: o.Costs, Version: Version,
		Calibrate: o.Calibrate, Placed: o.Placed, Recorder: o.Device.Recorder,
	})
}

// CostsFolder is where measured costs are kept: costs in the user's cache folder, or
// nowhere if the system does not say where that is.
func CostsFolder() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "offload", "costs")
}

// compositeGain is the part by which several devices together must be predicted to be
// faster than one of them.
const compositeGain = 0.1

func candidate(name string, o device.Options) sched.Candidate {
	o.Workers, o.Variant = 0, ""
	c := sched.Candidate{Name: name, Open: func(ctx context.Context) (device.Device, error) {
		d, err := Open(ctx, name, o)
		if err != nil {
			return nil, err
		}
		if d.Info().Class == device.CPU {
			d.Close()
			return nil, fmt.Errorf("%w: %s is the host itself", device.ErrUnavailable, name)
		}
		return d, nil
	}}
	if name == "hybrid" {
		c.Gain = compositeGain
	}
	return c
}

func hostCandidate(pool *cpu.Pool, o device.Options) sched.Candidate {
	if o.Variant == "" {
		o.Variant = os.Getenv(VariantVariable)
	}
	return sched.Candidate{Name: "cpu", Open: func(ctx context.Context) (device.Device, error) {
		return cpu.OpenOn(ctx, pool, o)
	}}
}
