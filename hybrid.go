package offload

import (
	"context"
	"fmt"
	"strings"

	"offload/device"
	"offload/device/hybrid"
)

// hybridParts are the names in a list such as cpu+software, or those that “hybrid”
// stands for by itself.
func (t Backends) hybridParts(list string, given bool) ([]string, error) {
	if !given {
		return []string{"gpu", "cpu"}, nil
	}
	parts := strings.Split(list, "+")
	if len(parts) < 2 {
		return nil, device.Invalidf("hybrid:%s: two devices or more are needed, such as hybrid:cpu+software", list)
	}
	for _, name := range parts {
		if word, _, _ := strings.Cut(name, ":"); word == Auto || word == hybridName {
			return nil, device.Invalidf("hybrid:%s: %s is no device to split over", list, name)
		}
		if _, err := t.find(name); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

// namedOpener opens a device by its name, as openNamed does.
type namedOpener func(ctx context.Context, name string, o device.Options) (device.Device, error)

// openHybrid opens every part by open and joins them; that one of them is not here is
// an error, for there is no silent substitute.
func openHybrid(ctx context.Context, name string, parts []string, o device.Options, open namedOpener) (device.Device, error) {
	var opened []device.Device
	for _, part := range parts {
		each := o
		if each.Notes = nil; part == "reference" {
			each.Variant = "" // it has but one
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
