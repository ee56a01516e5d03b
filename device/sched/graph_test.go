package sched_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"offload/device"
	"offload/device/devicetest"
	"offload/device/sched"
	"offload/internal/simulated"
	"offload/kernels/gravity"
)

// Random graphs of tasks, which wait for tasks made before them, end with the values that
// they would have one after another: with any failures of devices at any time, for any
// order of waits, in bounded time, and without leaks.
func TestRandomGraphs(t *testing.T) {
	seeds := 150
	if testing.Short() {
		seeds = 30
	}
	folder := t.TempDir()
	synctest.Test(t, func(t *testing.T) { measure(t, sched.Options{Folder: folder}) })
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { randomGraph(t, folder, rand.New(rand.NewPCG(uint64(seed), 7))) })
		})
	}
}

func randomGraph(t *testing.T, folder string, r *rand.Rand) {
	gpu := devicetest.FaultyOpen(simulated.Open(fastGPU), randomLife(r), randomLife(r))
	s, err := sched.New(t.Context(), sched.Options{
		Devices: []sched.Candidate{candidate("gpu", gpu), candidate("cpu", simulated.Open(slowHost))},
		Pool:    new(goPool), Folder: folder, Pause: 5 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	want, futures := make([]int, 30), make([]*device.Future[sched.Result[int]], 30)
	ctx := context.Background()
	for i := range futures {
		before := r.Perm(i)[:min(i, r.IntN(4))]
		want[i] = 1
		for _, b := range before {
			want[i] += want[b]
		}
		futures[i] = sched.Submit(ctx, s, graphTask(s, futures, before, r.IntN(3)))
	}
	for _, i := range r.Perm(len(futures)) {
		got, err := futures[i].Get(ctx)
		if err != nil || got.Value != want[i] {
			t.Errorf("task %d: %d, %v; want %d\n%+v", i, got.Value, err, want[i], got.Report)
		}
	}
	if took := time.Since(start); took > 5*time.Minute {
		t.Errorf("took %v", took)
	}
	if err := s.Drain(ctx); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil && !errors.Is(err, device.ErrLost) {
		t.Error(err)
	}
}

// graphTask adds 1 to the sum of the tasks before it: as plain Go, on a device, or as
// plain Go that runs a kernel by a task of its own.
func graphTask(s *sched.Scheduler, futures []*device.Future[sched.Result[int]], before []int, kind int) sched.Task[int] {
	sum := func(ctx context.Context) (int, error) {
		total := 1
		for _, b := range before {
			r, err := futures[b].Get(ctx)
			if err != nil {
				return 0, err
			}
			total += r.Value
		}
		return total, nil
	}
	bodies := gravity.Plummer[float64](20, 1)
	switch kind {
	case 0:
		return plain(sum)
	case 1:
		return plain(func(ctx context.Context) (int, error) {
			if _, _, err := force(ctx, s, bodies); err != nil {
				return 0, err
			}
			return sum(ctx)
		})
	}
	inner, err := forceTask(bodies, 0.01)
	if err != nil {
		panic(err)
	}
	return sched.Task[int]{
		Name: "graph", Needs: inner.Needs, Work: inner.Work, Up: inner.Up, Down: inner.Down,
		Run: func(ctx context.Context, d device.Device) (int, error) {
			if _, err := inner.Run(ctx, d); err != nil {
				return 0, err
			}
			return sum(ctx)
		},
	}
}

// randomLife is what goes wrong with one instance of a device.
func randomLife(r *rand.Rand) []devicetest.Fault {
	kinds := []devicetest.FaultKind{devicetest.Slow, devicetest.Stall, devicetest.Lost, devicetest.OutOfMemory}
	var faults []devicetest.Fault
	for range r.IntN(3) {
		faults = append(faults, devicetest.Fault{Kind: kinds[r.IntN(len(kinds))], At: 1 + r.IntN(60), Count: r.IntN(4)})
	}
	return faults
}
