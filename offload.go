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
	"strings"

	"offload/cpu"
	"offload/device"
	"offload/device/reference"
	"offload/gl"
	"offload/kernels"
)

// backend is one way to open a device.
type backend struct {
	name string
	open func(ctx context.Context, o device.Options) (device.Device, error)
	auto bool // a candidate for “auto”
}

// backends is the one table of backends, in the order in which “auto” tries them.
func backends() []backend {
	return []backend{
		{"gpu", openGL(device.GPU), true},
		{"cpu", cpu.Open, true},
		{"software", openGL(device.Software), false},
		{"reference", reference.Open, false},
	}
}

func openGL(class device.Class) func(context.Context, device.Options) (device.Device, error) {
	return func(ctx context.Context, o device.Options) (device.Device, error) {
		return gl.Open(ctx, class, o)
	}
}

// VariantVariable is the environment variable that selects a form of host code,
// for programs that do not set Options.Variant: avx2, neon, go or contract.
const VariantVariable = "OFFLOAD_VARIANT"

// Auto is the name that stands for the best device that is here.
const Auto = "auto"

// Names lists what Open accepts.
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
// probed, unless Options.Kernels names others.
func Open(ctx context.Context, name string, o device.Options) (device.Device, error) {
	if o.Kernels == nil {
		o.Kernels = kernels.All()
	}
	if o.Variant == "" && name != "reference" {
		o.Variant = os.Getenv(VariantVariable)
	}
	if err := checkOptions(o); err != nil {
		return nil, err
	}
	if name == Auto {
		return openAuto(ctx, o)
	}
	for _, b := range backends() {
		if b.name == name {
			return b.open(ctx, o)
		}
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
		d, err := b.open(ctx, o)
		if err == nil {
			return d, nil
		}
		last = err
		o.Notes = append(o.Notes, fmt.Sprintf("auto: not on %s", err))
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
		e := Entry{Name: b.name}
		d, err := Open(ctx, b.name, o)
		if e.Err = err; err == nil {
			e.Info = d.Info()
			e.Err = d.Close()
		}
		entries = append(entries, e)
	}
	return entries
}
