package offload

import (
	"context"
	"fmt"
	"strings"

	"offload/device"
	"offload/device/hybrid"
)

// hybridParts returns the names in a list such as cpu+software, or the default parts if
// no list is given.
func (t Backends) hybridParts(list string, given bool) ([]string, error) {
	if !given {
		return []string{"gpu", "cpu"}, nil
	}
	parts := strings.Split(list, "+")
	if len(parts) < 2 {
		return nil, device.Invalidf("hybrid:%s: needs two devices or more, such as hybrid:cpu+software", list)
	}
	for _, name := range parts {
		if word, _, _ := strings.Cut(name, ":"); word == Auto || word == hybridName {
			return nil, device.Invalidf("hybrid:%s: cannot split launches over %s", list, name)
		}
		if _, err := t.find(name); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

// namedOpener opens a device by its name, as openNamed does.
type namedOpener func(ctx context.Context, name string, o device.Options) (device.Device, error)

// openHybrid opens every part with open and joins them. A part that does not open is an
// error: there is no silent substitute.
func openHybrid(ctx context.Context, name string, parts []string, o device.Options, open namedOpener) (device.Device, error) {
	var opened []device.Device
	for _, part := range parts {
		each := o
		if each.Notes = nil; part == "reference" {
			each.Variant = "" // it has only one
		}
		d, err := open(ctx, part, each)
		if err != nil {
			for _, d := range opened {
				d.Close()
			}
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		opened = append(opened, d)
	}
	d, err := hybrid.Open(ctx, opened, hybrid.Options{Backend: name, Kernels: o.Kernels, Notes: o.Notes, Recorder: o.Recorder})
	if err != nil {
		return nil, err
	}
	return d, nil
}
