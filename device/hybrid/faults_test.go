package hybrid_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"offload/device"
	"offload/device/devicetest"
	"offload/device/hybrid"
	"offload/internal/simulated"
)

// moments are the calls in which faults are put.
func moments() (faults []devicetest.Fault) {
	for _, kind := range []devicetest.FaultKind{devicetest.Slow, devicetest.Stall, devicetest.Lost, devicetest.OutOfMemory} {
		for _, on := range []devicetest.CallKind{devicetest.AllocCall, devicetest.WriteCall, devicetest.LaunchCall, devicetest.SyncCall, devicetest.ReadCall} {
			if kind == devicetest.OutOfMemory && on != devicetest.AllocCall && on != devicetest.LaunchCall {
				continue
			}
			for _, at := range []int{1, 2, 7} {
				if testing.Short() && at == 2 {
					continue
				}
				faults = append(faults, devicetest.Fault{Kind: kind, On: on, At: at})
			}
		}
	}
	return faults
}

// TestFaultOfAPart: whatever goes wrong with one part, and whenever, the program ends
// within seconds, with the right bits; or, if a part that is lost alone had data that
// are needed, with ErrLost: a field that stays on the parts, or a result that is about
// to be read. That nothing goes on behind the scenes, the bubble shows: it ends when
// all of its goroutines have.
func TestFaultOfAPart(t *testing.T) {
	for _, p := range programs(48) {
		var want device.Slice
		virtually(t, p.name+"/alone", func(t *testing.T) {
			_, want = alone(t, model("cpu", device.CPU, 1), p, 8)
		})
		keeps := strings.HasPrefix(p.name, "laplacian") || strings.HasPrefix(p.name, "heat")
		for _, fault := range moments() {
			virtually(t, fmt.Sprintf("%s/%v in %v %d", p.name, fault.Kind, fault.On, fault.At), func(t *testing.T) {
				dies := fault.Kind == devicetest.Lost || fault.Kind == devicetest.Stall
				mayBeGone := dies && (keeps || fault.On == devicetest.ReadCall)
				start := time.Now()
				d := withFaults(t, []devicetest.Fault{fault})
				_, got, err := times(d, p, 8)
				switch {
				case err == nil && !bytes.Equal(got.Bytes(), want.Bytes()):
					t.Error("the result differs from that of one device")
				case err != nil && !(mayBeGone && errors.Is(err, device.ErrLost)):
					t.Error(err)
				}
				if err := d.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
				if took := time.Since(start); took > 10*time.Second {
					t.Errorf("it took %v", took)
				}
			})
		}
	}
}

// withFaults splits launches evenly over a healthy host and a GPU with faults.
func withFaults(t *testing.T, faults []devicetest.Fault) *hybrid.Device {
	t.Helper()
	ctx := context.Background()
	var parts []device.Device
	for _, m := range []simulated.Model{model("cpu", device.CPU, 1), model("gpu", device.GPU, 1)} {
		d, err := simulated.Open(m)(ctx, device.Options{})
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, d)
	}
	parts[1] = devicetest.Faulty(parts[1], faults...)
	d, err := hybrid.Open(ctx, parts, hybrid.Options{Shares: []float64{1, 1}})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestDataGoneWithAPart: what a lost part alone had is gone, and the device with it;
// what others have too is not.
func TestDataGoneWithAPart(t *testing.T) {
	for _, c := range []struct {
		name string
		step func(ctx context.Context, d device.Device, u, v device.Buffer) error
		want error
	}{
		{"read of the host's half", func(ctx context.Context, d device.Device, u, v device.Buffer) error {
			return v.Read(ctx, 0, device.Of(make([]float32, 500)))
		}, nil},
		{"read of the lost half", func(ctx context.Context, d device.Device, u, v device.Buffer) error {
			return v.Read(ctx, 500, device.Of(make([]float32, 500)))
		}, device.ErrLost},
		{"the launch again", func(ctx context.Context, d device.Device, u, v device.Buffer) error {
			if err := copyRows(ctx, d, u, v); err != nil {
				return err
			}
			return v.Read(ctx, 0, device.Of(make([]float32, 1000)))
		}, nil},
		{"a launch that reads the lost half", func(ctx context.Context, d device.Device, u, v device.Buffer) error {
			if err := copyRows(ctx, d, v, u); err != nil {
				return err
			}
			return d.Sync(ctx)
		}, device.ErrLost},
	} {
		virtually(t, c.name, func(t *testing.T) {
			ctx := context.Background()
			d := withFaults(t, []devicetest.Fault{{Kind: devicetest.Lost, On: devicetest.LaunchCall, At: 2}})
			defer d.Close()
			u, err := device.Upload(ctx, d, make([]float32, 1000))
			if err != nil {
				t.Fatal(err)
			}
			v, err := d.Alloc(device.Float32, 1000)
			if err != nil {
				t.Fatal(err)
			}
			w, err := d.Alloc(device.Float32, 1000)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(copyRows(ctx, d, u, v), copyRows(ctx, d, u, w), d.Sync(ctx)); err != nil {
				t.Fatalf("the launch in which the part is lost: %v; its inputs are known", err)
			}
			if err := c.step(ctx, d, u, v); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
			if r := strings.Join(d.Report(), "\n"); !strings.Contains(r, "left: device lost") {
				t.Errorf("the report does not name the part that left: %q", r)
			}
		})
	}
}

func copyRows(ctx context.Context, d device.Device, from, to device.Buffer) error {
	return d.Launch(ctx, &device.Launch{Kernel: copying, Rows: device.Range{Hi: from.Len()}, Args: []device.Arg{device.Vec(from), device.Vec(to)}})
}

// copying writes x to y.
var copying = &device.Kernel{
	Name: "copying",
	Params: []device.Param{
		{Name: "x", Type: device.Float32, Access: device.ReadRows},
		{Name: "y", Type: device.Float32, Access: device.WriteRows},
	},
	Contract: func(t *device.Tile) {
		copy(device.View[float32](t, 1)[t.Rows.Lo:t.Rows.Hi], device.View[float32](t, 0)[t.Rows.Lo:t.Rows.Hi])
	},
}
