package device_test

import (
	"context"
	"errors"
	"slices"
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

// eager computes a row too many.
type eager struct{ device.Device }

func (d eager) Launch(ctx context.Context, l *device.Launch) error {
	long := *l
	long.Args = slices.Clone(l.Args)
	long.Args[0].Len++
	long.Rows.Hi++
	return d.Device.Launch(ctx, &long)
}

// A row that is left unwritten differs, whatever stood there; also one that should hold
// zeros, as new buffers do.
func TestVerifyFindsRowsThatAreNotWrittenAsAsked(t *testing.T) {
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
				y[i] = 0 // as in new buffers
			}
		},
	}
	for _, rows := range []device.Range{{Hi: 5}, {Lo: 2, Hi: 4}} {
		y := []float64{1, 1, 1, 1, 1}
		c := &device.Call{Kernel: zero, Rows: rows, Args: []device.HostArg{device.HostVec(y)}}
		if err := c.Verify(t.Context(), d); err != nil {
			t.Errorf("rows %v: %v", rows, err)
		}
		var diff *device.Difference
		if err := c.Verify(t.Context(), lazy{d}); !errors.As(err, &diff) || diff.Index != rows.Hi-1 {
			t.Errorf("rows %v, the last unwritten: %v", rows, err)
		}
		err := c.Verify(t.Context(), eager{d})
		if !errors.As(err, &diff) || diff.Index != rows.Hi || diff.Outside != (rows.Hi == len(y)) {
			t.Errorf("rows %v, and one too many: %v", rows, err)
		}
		for i, v := range y {
			if v != 1 {
				t.Errorf("element %d of the caller's data was set to %g", i, v)
			}
		}
	}
}
