package check_test

import (
	"context"
	"testing"

	"offload/cpu"
	"offload/device"
	"offload/device/devicetest"
)

// A checked device is a device.
func TestCompliance(t *testing.T) {
	for name, wrap := range wrappers {
		t.Run(name, func(t *testing.T) {
			devicetest.Run(t, func(ctx context.Context, o device.Options) (device.Device, error) {
				d, err := cpu.Open(ctx, o)
				if err != nil {
					return nil, err
				}
				return wrap(d), nil
			})
		})
	}
}
