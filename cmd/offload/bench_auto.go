package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"offload/device"
	"offload/device/sched"
	"offload/internal/bench"
)

// measure runs one case, on auto where the scheduler takes it, and adds what a launch was
// predicted to take.
func (f *benchFlags) measure(cmd *cobra.Command, s *session, c bench.Case, step func()) (bench.Result, error) {
	t := caseTask(c, f.count, device.Math(f.math), step)
	if s.sched == nil {
		return t.Run(cmd.Context(), s.device)
	}
	if err := measured(cmd.Context(), s.sched, t.Needs.Kernels); err != nil {
		return bench.Result{}, err
	}
	launch, _, _ := c.Shape()
	alone := sched.Task[struct{}]{Name: t.Name, Needs: t.Needs, Work: []sched.Work{sched.WorkOf(launch, 1)}}
	before := sched.Predict(s.sched, alone)
	done, err := sched.Do(cmd.Context(), s.sched, t)
	r := done.Value
	if err != nil {
		return r, err
	}
	for _, e := range before.Estimates {
		if e.Device == done.Report.Device() && e.Known {
			r.SecondsPredicted = e.Run.Seconds()
		}
	}
	return r, nil
}

// caseTask is a case as a task: its upload, a cold launch and those that count, and its
// download. What it measures goes into later predictions.
func caseTask(c bench.Case, count int, math device.Math, step func()) sched.Task[bench.Result] {
	launch, up, down := c.Shape()
	return sched.Task[bench.Result]{
		Name:  fmt.Sprintf("%s, n = %d", launch.Kernel.Name, c.N),
		Needs: sched.Needs{Kernels: []*device.Kernel{launch.Kernel}, Memory: c.Memory(), Exact: math != device.Fast},
		Work:  []sched.Work{sched.WorkOf(launch, count+1)},
		Up:    sched.Transfer{Count: 1, Bytes: up},
		Down:  sched.Transfer{Count: 1, Bytes: down},
		Steps: count + 1,
		Run: func(ctx context.Context, d device.Device) (bench.Result, error) {
			r, err := bench.Run(ctx, d, c, count, func() { sched.Alive(ctx); step() })
			for _, s := range r.Samples {
				sched.Observe(ctx, launch, time.Duration(s*1e9))
			}
			return r, err
		},
	}
}
