// Package offload hands numerical work to a co-processor. A kernel is described
// once, as data; it runs on whichever device was opened, with the same bits.
//
//	dev, err := offload.Open(ctx, "auto", device.Options{})
//	if err != nil { … }
//	defer dev.Close()
//
// The subpackages: device is the contract (devices, buffers, kernels, launches),
// kernels holds gravity and the five-point stencils, cpu has the pool of workers,
// sims the two simulations.
package offload

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"offload/cpu"
	"offload/device"
	"offload/device/reference"
	"offload/gl"
	"offload/kernels"
)

// backend is one way to open a device.
type backend struct {
	name    string
	open    func(ctx context.Context, index int, o device.Options) (device.Device, error)
	auto    bool // a candidate for “auto”
	indexed bool // there may be several: gpu:1
	joins   bool // it splits launches over others: hybrid:cpu+software
}

// backends is the one table of backends, in the order in which “auto” tries them.
func backends() []backend {
	return []backend{
		{name: "gpu", open: openGL(device.GPU), auto: true, indexed: true},
		{name: "cpu", open: only(cpu.Open), auto: true},
		{name: "software", open: openGL(device.Software), indexed: true},
		{name: "reference", open: only(reference.Open)},
		{name: "hybrid", joins: true},
	}
}

func openGL(class device.Class) func(context.Context, int, device.Options) (device.Device, error) {
	return func(ctx context.Context, index int, o device.Options) (device.Device, error) {
		return gl.Open(ctx, class, index, o)
	}
}

// only is for a backend with one device.
func only(open func(context.Context, device.Options) (device.Device, error)) func(context.Context, int, device.Options) (device.Device, error) {
	return func(ctx context.Context, _ int, o device.Options) (device.Device, error) { return open(ctx, o) }
}

// VariantVariable is the environment variable that selects a form of host code,
// for programs that do not set Options.Variant: avx2, neon, go or contract.
const VariantVariable = "OFFLOAD_VARIANT"

// Auto is the name that stands for the best device that is here.
const Auto = "auto"

// Names lists what Open accepts. A name of which there may be several devices takes
// an index: gpu:1 is the second. “hybrid” takes the devices to split launches over,
// as in hybrid:cpu+software; by itself it is the GPU and the CPU.
func Names() []string {
	names := []string{Auto}
	for _, b := range backends() {
		names = append(names, b.name)
	}
	return names
}

// Open opens the device of that name. “auto” takes the GPU if there is one, else
// the CPU; never a software rasteriser. Why a better device was not taken is
// said in Info.Notes. Any other name gives that device or an error that wraps
// device.ErrUnavailable; there is no silent substitute. The module's kernels are
// probed, and those of Options.Kernels beside them.
func Open(ctx context.Context, name string, o device.Options) (device.Device, error) {
	o.Kernels = besideOurs(o.Kernels)
	if o.Variant == "" && name != "reference" {
		o.Variant = os.Getenv(VariantVariable)
	}
	if err := checkOptions(o); err != nil {
		return nil, err
	}
	if name == Auto {
		return openAuto(ctx, o)
	}
	return openNamed(ctx, name, o)
}

// besideOurs are the module's kernels and those that are not among them.
func besideOurs(own []*device.Kernel) []*device.Kernel {
	all := kernels.All()
	for _, k := range own {
		if !slices.Contains(all, k) {
			all = append(all, k)
		}
	}
	return all
}

// openNamed opens the device of a name that stands for itself.
func openNamed(ctx context.Context, name string, o device.Options) (device.Device, error) {
	open, err := find(name)
	if err != nil {
		return nil, err
	}
	return open(ctx, o)
}

// CheckName refuses a name that Open does not know, as device.ErrInvalid.
func CheckName(name string) error {
	if name == Auto {
		return nil
	}
	_, err := find(name)
	return err
}

// find is what opens the device of a name.
func find(name string) (func(context.Context, device.Options) (device.Device, error), error) {
	word, which, given := strings.Cut(name, ":")
	for _, b := range backends() {
		switch {
		case b.name != word || given && !b.indexed && !b.joins:
			continue
		case b.joins:
			parts, err := hybridParts(which, given)
			return func(ctx context.Context, o device.Options) (device.Device, error) {
				return openHybrid(ctx, name, parts, o, openNamed)
			}, err
		}
		index := 0
		if given {
			var err error
			if index, err = strconv.Atoi(which); err != nil || index < 0 {
				return nil, device.Invalidf("%q: the devices called %s are numbered from 0", name, word)
			}
		}
		return func(ctx context.Context, o device.Options) (device.Device, error) { return b.open(ctx, index, o) }, nil
	}
	return nil, device.Invalidf("no device is called %q; there are %s", name, strings.Join(Names(), ", "))
}

func checkOptions(o device.Options) error {
	switch o.Math {
	case "", device.Exact, device.Fast:
		return nil
	}
	return device.Invalidf("math %q; there are %s and %s", o.Math, device.Exact, device.Fast)
}

// openAuto opens the first candidate that works, which is told of the others.
func openAuto(ctx context.Context, o device.Options) (device.Device, error) {
	var last error
	for _, b := range backends() {
		if !b.auto {
			continue
		}
		d, err := b.open(ctx, 0, o)
		if err == nil {
			return d, nil
		}
		last = err
		o.Notes = append(o.Notes, "auto: not on "+strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return nil, last
}

// Entry is a device that is here, or the reason why it is not.
type Entry struct {
	Name string
	Info device.Info // zero where Err is set
	Err  error
}

// Devices opens and closes every device in turn and tells what it found.
func Devices(ctx context.Context, o device.Options) []Entry {
	var entries []Entry
	for _, b := range backends() {
		e := entryOf(ctx, b.name, o)
		entries = append(entries, e)
		for i := 1; b.indexed && e.Err == nil; i++ {
			if e = entryOf(ctx, fmt.Sprintf("%s:%d", b.name, i), o); e.Err == nil {
				entries = append(entries, e)
			}
		}
	}
	return entries
}

// entryOf opens and closes a device.
func entryOf(ctx context.Context, name string, o device.Options) Entry {
	e := Entry{Name: name}
	d, err := Open(ctx, name, o)
	if e.Err = err; err == nil {
		e.Info = d.Info()
		e.Err = d.Close()
	}
	return e
}
