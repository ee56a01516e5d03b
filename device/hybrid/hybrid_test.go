package hybrid_test

import (
	"context"
	"testing"

	"offload/cpu"
	"offload/device"
	"offload/device/devicetest"
	"offload/device/hybrid"
	"offload/device/reference"
	"offload/internal/simulated"
	"offload/kernels"
	"offload/kernels/gravity"
	"offload/kernels/grid"
	"offload/kernels/multigrid"
)

// join opens each part and a device that splits over them.
func join(ctx context.Context, o device.Options, shares []float64, parts ...devicetest.Open) (device.Device, error) {
	var opened []device.Device
	for _, open := range parts {
		d, err := open(ctx, o)
		if err != nil {
			return nil, err
		}
		opened = append(opened, d)
	}
	d, err := hybrid.Open(ctx, opened, hybrid.Options{Kernels: o.Kernels, Notes: o.Notes, Shares: shares, Recorder: o.Recorder})
	if err != nil {
		return nil, err
	}
	return d, nil
}

// gpu is a device that takes no time.
var gpu = simulated.Open(simulated.Model{Name: "gpu"})

// TestCompliance: the device is one like any other, with shares that change and with
// shares that are fixed, whatever the parts. One mixture runs all kernels, the others one
// of each kind of parameters.
func TestCompliance(t *testing.T) {
	all := kernels.All()
	few := []*device.Kernel{gravity.Force(device.Float32), grid.Laplacian(device.Float64), multigrid.Cycle(device.Float64), multigrid.Restrict()}
	for _, c := range []struct {
		name    string
		shares  []float64
		parts   []devicetest.Open
		short   bool // also with -short
		kernels []*device.Kernel
	}{
		{"measured shares", nil, []devicetest.Open{cpu.Open, gpu}, true, few},
		{"equal shares", []float64{1, 1}, []devicetest.Open{cpu.Open, gpu}, false, few},
		{"the host second", []float64{3, 1}, []devicetest.Open{gpu, cpu.Open}, false, few},
		{"three parts", []float64{1, 5, 2}, []devicetest.Open{gpu, cpu.Open, reference.Open}, true, all},
		{"no host", []float64{2, 3}, []devicetest.Open{gpu, gpu}, false, few},
		{"nothing for the home", []float64{0, 1}, []devicetest.Open{cpu.Open, gpu}, false, few},
	} {
		if testing.Short() && !c.short {
			continue
		}
		if testing.Short() {
			c.kernels = few
		}
		t.Run(c.name, func(t *testing.T) {
			devicetest.Run(t, func(ctx context.Context, o device.Options) (device.Device, error) {
				return join(ctx, o, c.shares, c.parts...)
			}, c.kernels...)
		})
	}
}

func BenchmarkDevice(b *testing.B) {
	devicetest.Bench(b, func(ctx context.Context, o device.Options) (device.Device, error) {
		return join(ctx, o, nil, cpu.Open, gpu)
	}, kernels.All()...)
}
