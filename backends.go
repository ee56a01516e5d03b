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

// Backend is one way to open a device.
type Backend struct {
	Name string // the name that opens it
	Open func(ctx context.Context, o device.Options) (device.Device, error)
	// OpenNumber is for a backend of several devices, numbered from 0, and is used if Open
	// is nil: gpu:1 opens the second.
	OpenNumber func(ctx context.Context, number int, o device.Options) (device.Device, error)
	Auto       bool // “auto” may take it, and the scheduler
}

// Backends is a table of backends. A program adds a backend by extending the default
// table:
//
//	table := append(offload.Backends{{Name: "tpu", Open: tpu.Open, Auto: true}}, offload.Default()...)
//	dev, err := table.Open(ctx, "tpu", device.Options{})
//
// The names “auto” and “hybrid” stand for devices of the other backends and have no
// entry.
type Backends []Backend

// Default returns the backends of this module, in the order in which “auto” tries them.
func Default() Backends {
	return Backends{
		{Name: "gpu", OpenNumber: openGL(device.GPU), Auto: true},
		{Name: "cpu", Open: cpu.Open, Auto: true},
		{Name: "software", OpenNumber: openGL(device.Software)},
		{Name: "reference", Open: reference.Open},
	}
}

func openGL(class device.Class) func(context.Context, int, device.Options) (device.Device, error) {
	return func(ctx context.Context, number int, o device.Options) (device.Device, error) {
		return gl.Open(ctx, class, number, o)
	}
}

// The names that stand for devices of the table.
const (
	Auto       = "auto"   // the best available device
	hybridName = "hybrid" // several together
)

// Names returns the names that Open accepts. A backend with several devices also accepts
// a number: gpu:1 is the second. “hybrid” accepts a list of devices to split launches
// over, as in hybrid:cpu+software; without a list it is the GPU and the CPU.
func (t Backends) Names() []string {
	names := []string{Auto}
	for _, b := range t {
		names = append(names, b.Name)
	}
	return append(names, hybridName)
}

// CheckName returns an error that wraps device.ErrInvalid if Open does not accept name.
func (t Backends) CheckName(name string) error {
	if name == Auto {
		return nil
	}
	_, err := t.find(name)
	return err
}

// Open opens the named device. “auto” opens the first backend of the table that has Auto
// set and is available: the GPU if there is one, else the CPU, never a software
// rasteriser; Info.Notes gives the reasons for skipping better devices. Any other name
// opens that device or fails with an error that wraps device.ErrUnavailable; Open never
// substitutes another device. It probes the module's kernels and Options.Kernels.
func (t Backends) Open(ctx context.Context, name string, o device.Options) (device.Device, error) {
	o.Kernels = besideOurs(o.Kernels)
	if o.Variant == "" && name != "reference" {
		o.Variant = os.Getenv(VariantVariable)
	}
	if err := checkOptions(o); err != nil {
		return nil, err
	}
	if name == Auto {
		return t.openAuto(ctx, o)
	}
	return t.openNamed(ctx, name, o)
}

// Devices opens and closes every device in turn and returns one entry for each.
func (t Backends) Devices(ctx context.Context, o device.Options) []Entry {
	var entries []Entry
	for _, b := range t {
		e := t.entry(ctx, b.Name, o)
		entries = append(entries, e)
		for i := 1; b.Open == nil && e.Err == nil; i++ {
			if e = t.entry(ctx, fmt.Sprintf("%s:%d", b.Name, i), o); e.Err == nil {
				entries = append(entries, e)
			}
		}
	}
	return append(entries, t.entry(ctx, hybridName, o))
}

// Entry describes an available device, or the reason why it is unavailable.
type Entry struct {
	Name string
	Info device.Info // zero where Err is set
	Err  error
}

// entry opens and closes a device.
func (t Backends) entry(ctx context.Context, name string, o device.Options) Entry {
	e := Entry{Name: name}
	d, err := t.Open(ctx, name, o)
	if e.Err = err; err == nil {
		e.Info = d.Info()
		e.Err = d.Close()
	}
	return e
}

type opener func(ctx context.Context, o device.Options) (device.Device, error)

// openAuto opens the first candidate that works and adds the errors of the others to its
// notes.
func (t Backends) openAuto(ctx context.Context, o device.Options) (device.Device, error) {
	err := fmt.Errorf("%w: no backend for auto", device.ErrUnavailable)
	for _, b := range t {
		if !b.Auto {
			continue
		}
		var d device.Device
		if d, err = b.opener(0)(ctx, o); err == nil {
			return d, nil
		}
		o.Notes = append(o.Notes, "auto: not on "+strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return nil, err
}

// openNamed opens the device of any name but “auto”.
func (t Backends) openNamed(ctx context.Context, name string, o device.Options) (device.Device, error) {
	open, err := t.find(name)
	if err != nil {
		return nil, err
	}
	return open(ctx, o)
}

// find returns the opener of the named device.
func (t Backends) find(name string) (opener, error) {
	word, which, given := strings.Cut(name, ":")
	if word == hybridName {
		parts, err := t.hybridParts(which, given)
		return func(ctx context.Context, o device.Options) (device.Device, error) {
			return openHybrid(ctx, name, parts, o, t.openNamed)
		}, err
	}
	i := slices.IndexFunc(t, func(b Backend) bool { return b.Name == word && (b.Open == nil || !given) })
	if i < 0 {
		return nil, device.Invalidf("unknown device %q; valid names: %s", name, strings.Join(t.Names(), ", "))
	}
	number := 0
	if given {
		var err error
		if number, err = strconv.Atoi(which); err != nil || number < 0 {
			return nil, device.Invalidf("device %q: the number must be 0 or more", name)
		}
	}
	return t[i].opener(number), nil
}

// opener returns the function that opens device number.
func (b *Backend) opener(number int) opener {
	if b.Open != nil {
		return b.Open
	}
	return func(ctx context.Context, o device.Options) (device.Device, error) {
		if b.OpenNumber == nil {
			return nil, device.Invalidf("backend %q has no Open", b.Name)
		}
		return b.OpenNumber(ctx, number, o)
	}
}

// besideOurs returns the module's kernels, followed by those of own that are not among
// them.
func besideOurs(own []*device.Kernel) []*device.Kernel {
	all := kernels.All()
	for _, k := range own {
		if !slices.Contains(all, k) {
			all = append(all, k)
		}
	}
	return all
}

func checkOptions(o device.Options) error {
	switch o.Math {
	case "", device.Exact, device.Fast:
		return nil
	}
	return device.Invalidf("unknown math %q; valid: %s, %s", o.Math, device.Exact, device.Fast)
}
