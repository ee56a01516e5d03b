package split

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"offload/device"
	"offload/internal/inorder"
)

// Options say how to join devices.
type Options struct {
	Backend string           // the word that opens it, for Info; "": hybrid
	Kernels []*device.Kernel // kernels to probe at open; the parts must have probed them too
	Notes   []string         // to be found in Info.Notes

	// Shares fixes the share of each part, for tests and measurements. Nil: by the
	// rates that are measured, and only where it pays.
	Shares []float64

	Recorder device.Recorder // told what the device does; nil: nobody
}

// Device is a device whose launches are split over others.
type Device struct {
	*inorder.Device
	engine *engine
}

// Open joins at least two devices, which belong to the new one from now on, even if
// Open fails. The first of the host's cores among them is the home: it holds what is
// written. Errors: ErrInvalid for too few parts or other shares than parts, and those
// of the parts' probes.
func Open(ctx context.Context, parts []device.Device, o Options) (*Device, error) {
	d, err := open(ctx, parts, o)
	if err != nil {
		for _, p := range parts {
			p.Close()
		}
		return nil, err
	}
	return d, nil
}

func open(ctx context.Context, parts []device.Device, o Options) (*Device, error) {
	if len(parts) < 2 {
		return nil, device.Invalidf("%d devices to split over; at least two are needed", len(parts))
	}
	if o.Shares != nil && len(o.Shares) != len(parts) {
		return nil, device.Invalidf("%d shares for %d devices", len(o.Shares), len(parts))
	}
	e := newEngine(parts, o)
	e.probing = true
	d, err := inorder.Open(ctx, e.info(o), e, o.Kernels)
	if err != nil {
		return nil, err
	}
	if err := d.Sync(ctx); err != nil { // the queue is at rest: the engine may be changed
		d.Close()
		return nil, err
	}
	e.probing = false
	d.Observe(o.Recorder)
	return &Device{d, e}, nil
}

// info describes the parts as one device.
func (e *engine) info(o Options) device.Info {
	i := device.Info{Backend: o.Backend, Class: device.Composite, Math: device.Exact, Memory: e.order[0].info.Memory}
	if i.Backend == "" {
		i.Backend = "hybrid"
	}
	var names, drivers, variants []string
	host, software := false, false
	for _, p := range e.parts {
		names = append(names, p.info.Name)
		if p.info.Driver != "" {
			drivers = append(drivers, p.info.Driver)
		}
		if !slices.Contains(variants, p.info.Variant) && p.info.Variant != "" {
			variants = append(variants, p.info.Variant)
		}
		for _, t := range p.info.Precisions {
			if !slices.Contains(i.Precisions, t) {
				i.Precisions = append(i.Precisions, t)
			}
		}
		if p.info.Math != device.Exact {
			i.Math = p.info.Math
		}
		i.Workers += p.info.Workers
		host = host || p.info.Class == device.CPU
		software = software || p.info.Class == device.Software
		for _, n := range p.info.Notes {
			i.Notes = append(i.Notes, p.name+": "+n)
		}
	}
	i.Name, i.Driver, i.Variant = strings.Join(names, " + "), strings.Join(drivers, " + "), strings.Join(variants, "+")
	i.Notes = append(i.Notes, o.Notes...)
	i.Notes = append(i.Notes, e.unequal(o.Kernels)...)
	if host && software {
		i.Notes = append(i.Notes, "a software rasteriser and the pool share the host's cores; splitting over them can hardly pay")
	}
	return i
}

// unequal says which parts take no share of which kernels.
func (e *engine) unequal(kernels []*device.Kernel) (notes []string) {
	for _, p := range e.parts {
		var names []string
		for _, k := range kernels {
			if p.info.Math == device.Exact && !p.info.IsExact(k.Name) {
				names = append(names, k.Name)
			}
		}
		if names != nil {
			notes = append(notes, fmt.Sprintf("%s takes no share of %s: it was not shown to equal the contract", p.name, strings.Join(names, ", ")))
		}
	}
	return notes
}

// Parts lists the devices that launches are split over, as far as they are not lost.
func (d *Device) Parts() []device.Device {
	var left []device.Device
	for _, p := range d.engine.parts {
		if p.lost() == nil {
			left = append(left, p.dev)
		}
	}
	return left
}
