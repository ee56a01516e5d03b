package offload_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"offload"
	"offload/device"
	"offload/device/sched"
	"offload/kernels/gravity"
	"offload/kernels/grid"
)

// BenchmarkRegret compares the time of the scheduler's choice with that of the best
// device, among the devices of this machine, including software if it is built in.
func BenchmarkRegret(b *testing.B) {
	ctx := context.Background()
	names := []string{"gpu", "software", "reference"}
	s, err := offload.Schedule(ctx, offload.ScheduleOptions{Names: names, Calibrate: true, Costs: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	here := map[string]device.Device{}
	for _, name := range append(names, "cpu") {
		d, err := offload.Open(ctx, name, device.Options{})
		if errors.Is(err, device.ErrUnavailable) {
			b.Logf("%s is not here", name)
			continue
		}
		if err != nil {
			b.Fatal(err)
		}
		defer d.Close()
		here[name] = d
	}
	for b.Loop() {
		sum, worst, n := 0.0, 0.0, 0
		for _, size := range []int{3, 16, 64, 200, 512} {
			for _, t := range append(regretTasks[float32](b, size), regretTasks[float64](b, size)...) {
				if _, err := sched.Do(ctx, s, t); err != nil { // measures what was not measured yet
					b.Fatal(err)
				}
				chosen := sched.Predict(s, t).Device
				best, times := math.Inf(1), map[string]float64{}
				for name, d := range here {
					times[name] = medianTime(b, ctx, t, d)
					best = min(best, times[name])
				}
				r := times[chosen] / best
				if r > 1.3 {
					b.Logf("%s, n = %d: %s takes %.2f times as long as the best: %v; %v", t.Name, size, chosen, r, times, strings.ReplaceAll(sched.Predict(s, t).String(), "\n", " "))
				}
				sum, worst, n = sum+r, max(worst, r), n+1
			}
		}
		b.ReportMetric(sum/float64(n), "mean-regret")
		b.ReportMetric(worst, "worst-regret")
	}
}

func regretTasks[T device.Float](b *testing.B, n int) []sched.Task[int] {
	force, err := gravity.ForceCall(gravity.Plummer[T](n, 1), make([]T, n*gravity.AccelWidth), 0.01)
	if err != nil {
		b.Fatal(err)
	}
	sweeps, err := grid.LaplacianCall(grid.Plate[T](n, n, 1), make([]T, n*n), make([]T, n*grid.ResidualWidth), n, n, 16, 0.25, 0.25)
	if err != nil {
		b.Fatal(err)
	}
	var tasks []sched.Task[int]
	for _, c := range []*device.Call{force, sweeps} {
		t, err := sched.CallTask(c)
		if err != nil {
			b.Fatal(err)
		}
		tasks = append(tasks, valueless(t))
	}
	return tasks
}

func valueless[T any](t sched.Task[T]) sched.Task[int] {
	return sched.Task[int]{Name: t.Name, Needs: t.Needs, Work: t.Work, Up: t.Up, Down: t.Down,
		Run: func(ctx context.Context, d device.Device) (int, error) {
			_, err := t.Run(ctx, d)
			return 0, err
		}}
}

// medianTime returns the median time of a few runs, in seconds.
func medianTime(b *testing.B, ctx context.Context, t sched.Task[int], d device.Device) float64 {
	var times []float64
	for i := range 6 {
		start := time.Now()
		if _, err := t.Run(ctx, d); err != nil {
			b.Fatal(fmt.Errorf("%s: %w", t.Name, err))
		}
		if i > 0 {
			times = append(times, time.Since(start).Seconds())
		}
	}
	slices.Sort(times)
	return times[2]
}
