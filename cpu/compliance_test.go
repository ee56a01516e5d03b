package cpu

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"offload/device"
	"offload/device/devicetest"
	"offload/kernels"
	"offload/kernels/gravity"
	"offload/kernels/grid"
	"offload/kernels/multigrid"
)

// TestCompliance runs the suite for several numbers of workers, with every variant of
// host code that this machine can run; with the best one it does for the numbers, of
// which the last one runs all kernels. With -short it leaves out numbers in between, and
// runs one kernel of each kind of parameters.
func TestCompliance(t *testing.T) {
	numbers := []int{1, 2, 3, 7}
	if testing.Short() {
		numbers = []int{1, 7}
	}
	few := []*device.Kernel{gravity.Force(device.Float32), grid.Laplacian(device.Float64), multigrid.Cycle(device.Float64), multigrid.Restrict()}
	all := kernels.All()
	if testing.Short() {
		all = few
	}
	for i, workers := range numbers {
		ks := all
		if i != len(numbers)-1 {
			ks = few
		}
		t.Run(fmt.Sprint("workers=", workers), func(t *testing.T) {
			devicetest.Run(t, func(ctx context.Context, o device.Options) (device.Device, error) {
				o.Workers = workers
				return Open(ctx, o)
			}, ks...)
		})
	}
	for _, variant := range Variants(kernels.All())[1:] {
		ks := slices.DeleteFunc(slices.Clone(all), func(k *device.Kernel) bool {
			return variant != contract && !slices.Contains(Variants([]*device.Kernel{k}), variant)
		})
		t.Run("variant="+variant, func(t *testing.T) {
			devicetest.Run(t, func(ctx context.Context, o device.Options) (device.Device, error) {
				o.Variant = variant
				if len(o.Kernels) == 0 { // to find the variant's name, a kernel must be known
					o.Kernels = []*device.Kernel{grid.Laplacian(device.Float32), multigrid.Cycle(device.Float32)}
				}
				return Open(ctx, o)
			}, ks...)
		})
	}
}

func BenchmarkDevice(b *testing.B) { devicetest.Bench(b, Open, kernels.All()...) }
