package sched_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"offload/cpu"
	"offload/device"
	"offload/device/devicetest"
	"offload/device/sched"
	"offload/kernels/gravity"
)

// onHost is a scheduler over the host alone, with a real pool.
func onHost(t testing.TB, workers int) *sched.Scheduler {
	t.Helper()
	pool, err := cpu.NewPool(workers)
	if err != nil {
		t.Fatal(err)
	}
	return schedule(t, sched.Options{Pool: pool, Devices: []sched.Candidate{{
		Name: "cpu", Open: func(ctx context.Context) (device.Device, error) {
			return cpu.OpenOn(ctx, pool, device.Options{})
		}}}})
}

// plain is a task that is a Go function.
func plain[T any](run func(ctx context.Context) (T, error)) sched.Task[T] {
	return sched.Task[T]{Name: "plain", Run: func(ctx context.Context, _ device.Device) (T, error) { return run(ctx) }}
}

// fibonacci submits tasks from tasks.
func fibonacci(ctx context.Context, s *sched.Scheduler, n int) *device.Future[sched.Result[int]] {
	return sched.Submit(ctx, s, plain(func(ctx context.Context) (int, error) {
		if n < 2 {
			return n, nil
		}
		a, b := fibonacci(ctx, s, n-1), fibonacci(ctx, s, n-2)
		x, err := a.Get(ctx)
		if err != nil {
			return 0, err
		}
		y, err := b.Get(ctx)
		return x.Value + y.Value, err
	}))
}

// Tasks may submit tasks and wait for them, to any depth, even on one worker.
func TestTasksSubmitTasks(t *testing.T) {
	for _, workers := range []int{1, 2, 7} {
		t.Run(fmt.Sprint(workers), func(t *testing.T) {
			devicetest.NoLeak(t)
			s := onHost(t, workers)
			r, err := fibonacci(t.Context(), s, 15).Get(t.Context())
			if err != nil || r.Value != 610 {
				t.Errorf("%v, %v", r.Value, err)
			}
		})
	}
}

// Kernels run on the pool whose workers their tasks occupy.
func TestKernelsOnTheTasksOwnPool(t *testing.T) {
	bodies := gravity.Plummer[float64](300, 1)
	want := forceByContract(t, bodies)
	for _, workers := range []int{1, 2} {
		s := onHost(t, workers)
		task, err := forceTask(bodies, 0.01)
		if err != nil {
			t.Fatal(err)
		}
		var futures []*device.Future[sched.Result[[]float64]]
		for range 20 {
			futures = append(futures, sched.Submit(t.Context(), s, task))
		}
		for _, f := range futures {
			if r, err := f.Get(t.Context()); err != nil || !slices.Equal(r.Value, want) {
				t.Fatalf("%d workers: %v; equal: %v", workers, err, slices.Equal(r.Value, want))
			}
		}
	}
}

// Map gives results in the order of the input, and the error of the first element that
// fails.
func TestMap(t *testing.T) {
	s := onHost(t, 3)
	in := make([]int, 10_000)
	for i := range in {
		in[i] = i
	}
	square := func(i int) sched.Task[int] {
		return plain(func(context.Context) (int, error) { return i * i, nil })
	}
	out, err := sched.Map(t.Context(), s, in, square)
	if err != nil || len(out) != len(in) {
		t.Fatal(len(out), err)
	}
	for i, v := range out {
		if v != i*i {
			t.Fatalf("out[%d] = %d", i, v)
		}
	}
	fails := errors.New("fails")
	_, err = sched.Map(t.Context(), s, in, func(i int) sched.Task[int] {
		return plain(func(context.Context) (int, error) {
			if i%1000 == 77 {
				return 0, fmt.Errorf("%w at %d", fails, i)
			}
			return i, nil
		})
	})
	if !errors.Is(err, fails) || err.Error() != "fails at 77" {
		t.Errorf("%v, want that of the first", err)
	}
	forces, err := sched.Map(t.Context(), s, []int{5, 300, 17}, func(n int) sched.Task[[]float64] {
		task, err := forceTask(gravity.Plummer[float64](n, 1), 0.01)
		if err != nil {
			t.Error(err)
		}
		return task
	})
	if err != nil || len(forces[0]) != 15 || !slices.Equal(forces[1], forceByContract(t, gravity.Plummer[float64](300, 1))) {
		t.Errorf("tasks with kernels: %v", err)
	}
}

// A task whose context is done before it begins does not run; the context of a running
// one ends.
func TestCancel(t *testing.T) {
	s := onHost(t, 1)
	ctx, cancel := context.WithCancel(t.Context())
	began := make(chan struct{})
	running := sched.Submit(ctx, s, plain(func(ctx context.Context) (int, error) {
		close(began)
		<-ctx.Done()
		return 0, ctx.Err()
	}))
	<-began
	var ran atomic.Bool
	queued := sched.Submit(ctx, s, plain(func(context.Context) (int, error) {
		ran.Store(true)
		return 0, nil
	}))
	cancel()
	for _, f := range []*device.Future[sched.Result[int]]{running, queued} {
		if _, err := f.Get(t.Context()); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	}
	if ran.Load() {
		t.Error("a cancelled task was run")
	}
	if err := s.Drain(t.Context()); err != nil {
		t.Error(err)
	}
}

// Close ends what has not begun and waits for what runs; Drain waits for all.
func TestClose(t *testing.T) {
	devicetest.NoLeak(t)
	pool, err := cpu.NewPool(1)
	if err != nil {
		t.Fatal(err)
	}
	s, err := sched.New(t.Context(), sched.Options{Pool: pool, Devices: []sched.Candidate{host}})
	if err != nil {
		t.Fatal(err)
	}
	began, release := make(chan struct{}), make(chan struct{})
	running := sched.Submit(t.Context(), s, plain(func(context.Context) (int, error) {
		close(began)
		<-release
		return 1, nil
	}))
	<-began
	queued := sched.Submit(t.Context(), s, plain(func(context.Context) (int, error) { return 2, nil }))
	short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := s.Drain(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Drain with work left: %v", err)
	}
	time.AfterFunc(10*time.Millisecond, func() { close(release) })
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if r, err := running.Get(t.Context()); err != nil || r.Value != 1 {
		t.Errorf("what ran: %v, %v", r.Value, err)
	}
	if _, err := queued.Get(t.Context()); !errors.Is(err, device.ErrClosed) {
		t.Errorf("what had not begun: %v", err)
	}
	if _, err := sched.Submit(t.Context(), s, plain(func(context.Context) (int, error) { return 3, nil })).Get(t.Context()); !errors.Is(err, device.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
}
