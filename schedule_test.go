package offload_test

import (
	"context"
	"errors"
	"testing"

	"offload"
	"offload/device"
	"offload/device/devicetest"
	"offload/device/reference"
	"offload/device/sched"
	"offload/kernels/gravity"
)

// Schedule ends on the host, and on a requested device if that is faster.
func TestSchedule(t *testing.T) {
	devicetest.NoLeak(t)
	for _, names := range [][]string{nil, {}, {"reference"}, {"hybrid:cpu+reference"}} {
		s, err := offload.Schedule(t.Context(), offload.ScheduleOptions{Names: names, Calibrate: true, Costs: t.TempDir(), Device: device.Options{Workers: 2}})
		if err != nil {
			t.Fatal(err)
		}
		call, err := gravity.ForceCall(gravity.Plummer[float64](700, 1), make([]float64, 700*gravity.AccelWidth), 0.01)
		if err != nil {
			t.Fatal(err)
		}
		report, err := sched.Run(t.Context(), s, call)
		if err != nil || report.Device() != "cpu" && names == nil {
			t.Errorf("%q: %v, %v", names, report.Choice, err)
		}
		states := s.States()
		if host := states[len(states)-1]; host.Name != "cpu" || !host.Usable || host.Info.Workers != 2 {
			t.Errorf("%q: the host is %+v", names, host)
		}
		if err := s.Close(); err != nil {
			t.Errorf("%q: %v", names, err)
		}
	}
}

func TestScheduleRefuses(t *testing.T) {
	devicetest.NoLeak(t)
	for name, o := range map[string]offload.ScheduleOptions{
		"an unknown device": {Names: []string{"tpu"}},
		"the host twice":    {Names: []string{"cpu"}},
		"auto in auto":      {Names: []string{"auto"}},
		"too many workers":  {Device: device.Options{Workers: 1 << 20}},
		"unknown math":      {Device: device.Options{Math: "sloppy"}},
	} {
		if _, err := offload.Schedule(t.Context(), o); !errors.Is(err, device.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if s, err := offload.Schedule(ctx, offload.ScheduleOptions{}); err == nil {
		s.Close()
		t.Error("a context that is done made a scheduler")
	}
}

// A scheduler that cannot be made leaves no device open, whichever were opened for it.
func TestScheduleThatFailsClosesDevices(t *testing.T) {
	devicetest.NoLeak(t)
	ctx, cancel := context.WithCancel(t.Context())
	opened := 0
	open := func(ctx context.Context, o device.Options) (device.Device, error) {
		if opened++; opened == 1 {
			return nil, device.ErrUnavailable
		}
		cancel() // while the scheduler is being made, which ends it at the first device
		return reference.Open(context.WithoutCancel(ctx), o)
	}
	table := append(offload.Backends{{Name: "one", Open: open, Auto: true}, {Name: "two", Open: open, Auto: true}}, offload.Default()...)
	s, err := table.Schedule(ctx, offload.ScheduleOptions{Costs: t.TempDir()})
	if err == nil {
		s.Close()
	}
	if !errors.Is(err, device.ErrUnavailable) || opened != 2 {
		t.Errorf("%v, %d devices opened; want ErrUnavailable after 2", err, opened)
	}
}
