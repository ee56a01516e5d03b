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

// ScheduleOptions configure Schedule. The zero value is a good default.
type ScheduleOptions struct {
	// Device holds the options that devices are opened with; Workers and Variant apply to
	// the host only.
	Device device.Options
	// Names are the candidates besides the host, as Open accepts them. Nil means the GPU,
	// and the GPU together with the host; never a software rasteriser.
	Names []string
	// Calibrate enables the measurement of kernels without measured costs; see
	// sched.Options.
	Calibrate bool
	// Placed, if set, is called with the placement of each task; see sched.Options.
	Placed func(task string, c sched.Choice, failed []sched.Attempt)
	// Costs is the folder for measured costs; empty means CostsFolder.
	Costs string
}

// Schedule returns a scheduler over the available devices of the table. Its last
// candidate is the host's pool of workers, which runs plain tasks and serves the host's
// device. Closing the scheduler closes the devices and the pool. Errors:
// device.ErrInvalid for names and options, and those of opening the host's device.
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
	candidates, drop := t.namedCandidates(o, pool), func() {}
	if o.Names == nil {
		candidates, drop = t.autoCandidates(ctx, o, pool)
	}
	candidates = append(candidates, hostCandidate(pool, o.Device))
	if o.Costs == "" {
		o.Costs = CostsFolder()
	}
	s, err := sched.New(ctx, sched.Options{
		Devices: candidates, Pool: pool,
		Folder: o.Costs, Version: Version,
		Calibrate: o.Calibrate, Placed: o.Placed, Recorder: o.Device.Recorder,
	})
	if err != nil {
		drop()
	}
	return s, err
}

// CostsFolder returns the folder for measured costs, offload/costs in the user's cache
// folder, or "" if there is no such folder.
func CostsFolder() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "offload", "costs")
}

// compositeGain is the least predicted gain of several devices together; see
// sched.Candidate.
const compositeGain = 0.1

// checkCandidates refuses unknown names and names for the host.
func (t Backends) checkCandidates(names []string) error {
	for _, name := range names {
		if err := t.CheckName(name); err != nil {
			return err
		}
		if name == Auto || name == "cpu" {
			return device.Invalidf("%q cannot be a candidate besides the host", name)
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

// autoCandidates returns the candidates of “auto” besides the host: the devices of the
// table, and, if one of them is available, “hybrid”. The devices are open for the first
// calls of Open; drop closes those that no such call has taken.
func (t Backends) autoCandidates(ctx context.Context, o ScheduleOptions, pool *cpu.Pool) (candidates []sched.Candidate, drop func()) {
	here := false
	var waiting []*device.Device
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
		waiting = append(waiting, &first)
	}
	if here {
		candidates = append(candidates, t.candidate(hybridName, o.Device, pool))
	}
	return candidates, func() {
		for _, d := range waiting {
			if *d != nil {
				(*d).Close()
			}
		}
	}
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

// openTogether returns a function that opens a composite device whose host part uses the
// pool.
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
