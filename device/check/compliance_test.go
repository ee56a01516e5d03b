package check_test

import (
	"context"
	"testing"

	"offload/cpu"
	"offload/device"
	"offload/device/check"
	"offload/device/devicetest"
	"offload/kernels"
)

// A checked device is a device. Debug is not among them, since the suite has kernels that
// do not end before Launch has returned.
func TestCompliance(t *testing.T) {
	for name, wrap := range map[string]func(device.Device) device.Device{"finite": check.Finite, "checksum": check.Checksum} {
		t.Run(name, func(t *testing.T) {
			devicetest.Run(t, func(ctx context.Context, o device.Options) (device.Device, error) {
				d, err := cpu.Open(ctx, o)
				if err != nil {
					return nil, err
				}
				return wrap(d), nil
			}, kernels.All()[:8]...) // of gravity and grid
		})
	}
}
