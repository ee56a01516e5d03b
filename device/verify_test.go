package device_test

import (
	"context"
	"errors"
	"testing"

	"offload/device"
	"offload/device/reference"
)

// lazy skips the last row of a launch.
type lazy struct{ device.Device }

func (d lazy) Launch(ctx context.Context, l *device.Launch) error {
	short := *l
	short.Rows.Hi--
	return d.Device.Launch(ctx, &short)
}

// An unwritten row differs for any previous content, even if it should be zero, like a
// new buffer.
func TestVerifyFindsUnwrittenRows(t *testing.T) {
	d, err := reference.Open(t.Context(), device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	zero := &device.Kernel{
		Name:   "zero",
		Params: []device.Param{{Name: "y", Type: device.Float64, Access: device.WriteRows}},
		Contract: func(t *device.Tile) {
			y := device.View[float64](t, 0)
			for i := t.Rows.Lo; i < t.Rows.Hi; i++ {
				y[i] = 0
			}
		},
	}
	for _, rows := range []device.Range{{Hi: 5}, {Lo: 2, Hi: 4}} {
		y := []float64{0, 0, 0, 0, 0}
		c := &device.Call{Kernel: zero, Rows: rows, Args: []device.HostArg{device.HostVec(y)}}
		if err := c.Verify(t.Context(), d); err != nil {
			t.Errorf("rows %v: %v", rows, err)
		}
		var diff *device.Difference
		if err := c.Verify(t.Context(), lazy{d}); !errors.As(err, &diff) || diff.Index != rows.Hi-1 {
			t.Errorf("rows %v, the last unwritten: %v", rows, err)
		}
		for i, v := range y {
			if v != 0 {
				t.Errorf("element %d of the caller's data was set to %g", i, v)
			}
		}
	}
}
