package sched_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"offload/device"
	"offload/device/devicetest"
	"offload/device/sched"
	"offload/internal/simulated"
	"offload/kernels/gravity"
)

// A busy device is predicted to finish later: tasks go where they end first.
func TestQueuedWorkCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gpu := simulated.Model{Name: "gpu", Rate: 1e6, Dry: true} // a third faster than the host
		cpu := simulated.Model{Name: "cpu", Class: device.CPU, Rate: 0.75e6, Dry: true}
		s := dryScheduler(t, gpu, cpu)
		defer s.Close()
		count := map[string]int{}
		var futures []*device.Future[sched.Result[int]]
		for range 70 {
			k := task(func(ctx context.Context, d device.Device) (int, error) {
				time.Sleep(10 * time.Millisecond * 1e6 / time.Duration(map[device.Class]float64{device.GPU: 1e6, device.CPU: 0.75e6}[d.Info().Class]))
				return 0, nil
			})
			k.Needs.Exact = false // a device that computes nothing does not prove anything
			futures = append(futures, sched.Submit(t.Context(), s, k))
		}
		for _, f := range futures {
			<-f.Done()
			r, err := f.Get(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			count[r.Report.Device()]++
		}
		if count["gpu"] < 35 || count["gpu"] > 45 || count["gpu"]+count["cpu"] != 70 {
			t.Errorf("%v; 40 and 30 were as fast as possible", count)
		}
	})
}

// dryScheduler is one over devices that only take their time, with force measured.
func dryScheduler(t *testing.T, models ...simulated.Model) *sched.Scheduler {
	t.Helper()
	var candidates []sched.Candidate
	for _, m := range models {
		m.Dry = true
		candidates = append(candidates, candidate(m.Name, simulated.Open(m)))
	}
	s, err := sched.New(t.Context(), sched.Options{Devices: candidates, Pool: new(goPool)})
	if err != nil {
		t.Fatal(err)
	}
	calibrate(t, s, gravity.Force(device.Float64))
	return s
}

// A device gets no tasks that it cannot run or was not shown to run exactly, and the
// choice gives the reason.
func TestReasons(t *testing.T) {
	force := gravity.Force(device.Float64)
	for _, c := range []struct {
		name  string
		gpu   opener
		needs sched.Needs
		says  string
	}{
		{"not here", func(context.Context, device.Options) (device.Device, error) {
			return nil, errors.Join(device.ErrUnavailable, errors.New("no GPU"))
		}, sched.Needs{}, "no GPU"},
		{"not measured", simulated.Open(simulated.Model{Name: "new", Dry: true}), sched.Needs{Exact: true}, "not measured"},
		{"no f64", simulated.Open(simulated.Model{Name: "gpu", Dry: true, Precisions: []device.Type{device.Float32}}), sched.Needs{}, "does not compute in f64"},
		{"too small", simulated.Open(simulated.Model{Name: "gpu", Dry: true, Memory: 1 << 20}), sched.Needs{Memory: 1 << 30}, "needs 1024"},
		{"not shown to be exact", unproven(simulated.Open(simulated.Model{Name: "gpu", Dry: true})), sched.Needs{Exact: true}, "not shown to be exact"},
		{"fast arithmetic", fast(simulated.Open(simulated.Model{Name: "gpu", Dry: true})), sched.Needs{Exact: true}, "fast arithmetic"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, err := sched.New(t.Context(), sched.Options{
					Devices: []sched.Candidate{candidate("gpu", c.gpu), candidate("cpu", simulated.Open(slowHost))}, Pool: new(goPool)})
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				k := task(func(_ context.Context, d device.Device) (device.Class, error) { return d.Info().Class, nil })
				k.Needs = c.needs
				k.Needs.Kernels = []*device.Kernel{force}
				r, err := sched.Do(t.Context(), s, k)
				if err != nil || r.Value != device.CPU || !strings.Contains(r.Report.Choice.String(), c.says) {
					t.Errorf("ran on %v, %v: %v", r.Value, err, r.Report.Choice)
				}
			})
		})
	}
}

// unproven devices were shown to be exact for nothing.
func unproven(o opener) opener {
	return func(ctx context.Context, opts device.Options) (device.Device, error) {
		return o(ctx, device.Options{})
	}
}

// fast devices compute with fast arithmetic.
func fast(o opener) opener {
	return func(ctx context.Context, opts device.Options) (device.Device, error) {
		d, err := o(ctx, opts)
		return quick{d}, err
	}
}

type quick struct{ device.Device }

func (q quick) Info() device.Info {
	i := q.Device.Info()
	i.Math = device.Fast
	return i
}

// With Calibrate a kernel is measured on all candidates once it is needed, in the
// background: the first task runs on the host and does not wait. A device that fails
// while it is measured is left out.
func TestCalibrateFirst(t *testing.T) {
	for _, c := range []struct {
		name   string
		faults []devicetest.Fault
		want   device.Class
	}{
		{"sound", nil, device.GPU},
		{"lost", []devicetest.Fault{{Kind: devicetest.Lost, On: devicetest.LaunchCall, At: 9}}, device.CPU},
		{"silent", []devicetest.Fault{{Kind: devicetest.Stall, On: devicetest.SyncCall, At: 9}}, device.CPU},
		{"silent at once", []devicetest.Fault{{Kind: devicetest.Stall}}, device.CPU},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				gpu, cpu := fastGPU, slowHost
				gpu.Dry, cpu.Dry = true, true
				s, err := sched.New(t.Context(), sched.Options{
					Devices: []sched.Candidate{
						candidate("gpu", devicetest.FaultyOpen(simulated.Open(gpu), c.faults)),
						candidate("cpu", simulated.Open(cpu)),
					},
					Pool: new(goPool), Calibrate: true})
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				start := time.Now()
				k := task(func(_ context.Context, d device.Device) (device.Class, error) { return d.Info().Class, nil })
				k.Needs.Exact = false
				first, err := sched.Do(t.Context(), s, k)
				if err != nil || first.Value != device.CPU || time.Since(start) > 0 {
					t.Errorf("the first ran on %v after %v, %v", first.Value, time.Since(start), err)
				}
				if err := s.Ready(t.Context()); err != nil {
					t.Error(err)
				}
				r, err := sched.Do(t.Context(), s, k)
				if err != nil || r.Value != c.want {
					t.Errorf("ran on %v, %v: %v", r.Value, err, r.Report.Choice)
				}
				if took := time.Since(start); took > 2*time.Minute {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}
