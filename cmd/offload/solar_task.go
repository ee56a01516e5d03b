package main

import (
	"context"
	"math"

	"offload/device"
	"offload/device/sched"
	"offload/internal/progress"
	"offload/kernels/gravity"
	"offload/sims/solar"
)

// solarEnd is how an integration ended: the states that are to be written, the one that
// was reached, and the track that is to be drawn, nil if it is not.
type solarEnd struct {
	states []solar.Snapshot
	last   solar.Snapshot
	track  *solar.Track
	report solar.Report
	info   device.Info // of the device
	err    error       // the simulation's, not the device's
}

// evaluationsPerStep is about how often a step asks for the accelerations, at least.
const evaluationsPerStep = 17

// solarTask is the integration that the flags name, from the start.
func solarTask(f *solarFlags, sys *solar.System, bar *progress.Bar) sched.Task[solarEnd] {
	n := len(sys.Bodies)
	bodies := device.Arg{Len: n * gravity.BodyWidth, Width: gravity.BodyWidth}
	acc := device.Arg{Len: n * gravity.AccelWidth, Width: gravity.AccelWidth}
	launch := gravity.NewForce(bodies, bodies, acc, 0.0, 0)
	times := solar.Evaluations(f.options(), math.Min(math.Abs(f.until-sys.Epoch), solar.MaxJD))
	size := int64(8 * n)
	return sched.Task[solarEnd]{
		Name:  "the integration",
		Needs: sched.Needs{Kernels: []*device.Kernel{launch.Kernel}, Memory: size * (gravity.BodyWidth + gravity.AccelWidth), Exact: true},
		Work:  []sched.Work{sched.WorkOf(launch, times)},
		Up:    sched.Transfer{Count: times, Bytes: totalBytes(times, size*gravity.BodyWidth)},
		Down:  sched.Transfer{Count: times, Bytes: totalBytes(times, size*gravity.AccelWidth)},
		Steps: max(1, times/evaluationsPerStep),
		Run: func(ctx context.Context, d device.Device) (solarEnd, error) {
			end, err := f.integrate(ctx, sys, d, bar)
			if err == nil || sched.IsFault(err) || impossible(err) && d.Info().Class != device.CPU {
				return end, err
			}
			end.err = err
			return end, nil
		},
	}
}

func (f *solarFlags) options() solar.Options {
	return solar.Options{Integrator: f.integrator, Dt: f.dt, Tol: f.tol, Relativity: f.gr}
}

// integrate runs to the end on d.
func (f *solarFlags) integrate(ctx context.Context, sys *solar.System, d device.Device, bar *progress.Bar) (end solarEnd, err error) {
	end.info = d.Info()
	field, err := solar.NewDeviceField(f.checked.wrap(d), sys.GMs())
	if err != nil {
		return end, err
	}
	defer field.Close()
	sim, err := solar.New(sys, field, f.options())
	if err != nil {
		return end, err
	}
	if f.plot != "" {
		end.track = solar.NewTrack(sim)
	}
	end.report, err = sim.Run(ctx, f.until, solar.Watch{
		Every: f.every,
		Progress: func(jd float64) {
			sched.Alive(ctx)
			bar.Set((jd - sys.Epoch) / (f.until - sys.Epoch))
			if end.track != nil {
				end.track.Add(sim)
			}
		},
		Sample: func(s solar.Snapshot) error {
			end.states = append(end.states, s)
			return nil
		},
	})
	end.last = sim.Snapshot()
	return end, err
}
