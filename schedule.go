package offload

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"offload/cpu"
	"offload/device"
	"offload/device/sched"
)

// ScheduleOptions say what Schedule works with. The zero value is a good default.
type ScheduleOptions struct {
	// Device is how the devices are opened; Workers and Variant are the host's.
	Device device.Options
	// Names are the candidates besides the host, as Open takes them. Nil means those
	// that “auto” may take: the GPU, and the GPU together with the host; never a
	// software rasteriser.
	Names []string
	// Calibrate measures kernels that were not measured before; see sched.Options.
	Calibrate bool
	// Placed is told where tasks run; see sched.Options.
	Placed func(task string, c sched.Choice, failed []sched.Attempt)
	// Costs is the folder where measured costs are kept; empty for CostsFolder.
	Costs string
}

// Schedule makes a scheduler over the devices of the table that are here. It ends on the host's pool
// of workers, which serves plain tasks and the host's device together. Closing it closes
// all of them. Errors: those of Open for names and options.
func (t Backends) Schedule(ctx context.Context, o ScheduleOptions) (*sched.Scheduler, error) {
	o.Device.Kernels = besideOurs(o.Device.Kernels)
	if err := checkOptions(o.Device); err != nil {
		return nil, err
	}
	if err := t.checkCandidates(o.Names); err != nil {
		return nil, err
	}
	pool, err := cpu.NewPool(o.Device.Workers)
	if err != nil {
		return nil, err
	}
	candidates := t.namedCandidates(o, pool)
	if o.Names == nil {
		candidates = t.autoCandidates(ctx, o, pool)
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

// checkCandidates refuses names that are none, or that stand for the host.
func (t Backends) checkCandidates(names []string) error {
	for _, name := range names {
		if err := t.CheckName(name); err != nil {
			return err
		}
		if name == Auto || name == "cpu" {
			return device.Invalidf("%q is no candidate besides the host", name)
		}
	}
	return nil
}

func (t Backends) namedCandidates(o ScheduleOptions, pool *cpu.Pool) (candidates []sched.Candidate) {
	for _, name := range o.Names {
		candidates = append(candidates, t.candidate(name, o.Device, pool))
	}
	return candidates
}

// autoCandidates are the devices that “auto” may take besides the host: what the table
// says, and, where one of these is here, that one together with the host.
func (t Backends) autoCandidates(ctx context.Context, o ScheduleOptions, pool *cpu.Pool) (candidates []sched.Candidate) {
	here := false
	for _, b := range t {
		if !b.Auto || b.Name == "cpu" {
			continue
		}
		c := t.candidate(b.Name, o.Device, pool)
		first, err := c.Open(ctx)
		open := c.Open
		c.Open = func(ctx context.Context) (device.Device, error) {
			if d, e := first, err; d != nil || e != nil {
				first, err = nil, nil
				return d, e
			}
			return open(ctx)
		}
		candidates, here = append(candidates, c), here || err == nil
	}
	if here {
		candidates = append(candidates, t.candidate(hybridName, o.Device, pool))
	}
	return candidates
}

func (t Backends) candidate(name string, o device.Options, pool *cpu.Pool) sched.Candidate {
	if word, which, given := strings.Cut(name, ":"); word == hybridName {
		return sched.Candidate{Name: name, Gain: compositeGain, Open: t.openTogether(name, which, given, o, pool)}
	}
	o.Workers, o.Variant = 0, ""
	return sched.Candidate{Name: name, Open: func(ctx context.Context) (device.Device, error) {
		return t.openNamed(ctx, name, o)
	}}
}

// openTogether opens a device of several, of which the host's uses the pool.
func (t Backends) openTogether(name, which string, given bool, o device.Options, pool *cpu.Pool) func(context.Context) (device.Device, error) {
	return func(ctx context.Context) (device.Device, error) {
		parts, err := t.hybridParts(which, given)
		if err != nil {
			return nil, err
		}
		return openHybrid(ctx, name, parts, o, func(ctx context.Context, part string, o device.Options) (device.Device, error) {
			if part == "cpu" {
				return cpu.OpenOn(ctx, pool, o)
			}
			o.Workers, o.Variant = 0, ""
			return t.openNamed(ctx, part, o)
		})
	}
}

func hostCandidate(pool *cpu.Pool, o device.Options) sched.Candidate {
	if o.Variant == "" {
		o.Variant = os.Getenv(VariantVariable)
	}
	return sched.Candidate{Name: "cpu", Open: func(ctx context.Context) (device.Device, error) {
		return cpu.OpenOn(ctx, pool, o)
	}}
}
