package sched_test

import (
	"context"
	"testing"
	"time"

	"offload/device/sched"
	"offload/kernels/gravity"
)

// From Submit to the first line of the task, on a CPU with nothing else to do.
func BenchmarkSubmitToStart(b *testing.B) {
	s := onHost(b, 2)
	ctx := context.Background()
	b.ReportAllocs()
	waited := time.Duration(0)
	for range b.N {
		began := make(chan time.Time, 1)
		start := time.Now()
		f := sched.Submit(ctx, s, plain(func(context.Context) (int, error) {
			began <- time.Now()
			return 0, nil
		}))
		waited += (<-began).Sub(start) // no wait for the future: a worker begins it
		<-f.Done()
	}
	b.ReportMetric(float64(waited.Nanoseconds())/float64(b.N), "ns/start")
}

func BenchmarkSubmitAndGet(b *testing.B) {
	s := onHost(b, 2)
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		f := sched.Submit(ctx, s, plain(func(context.Context) (int, error) { return 1, nil }))
		if _, err := f.Get(ctx); err != nil {
			b.Fatal(err)
		}
	}
}

// A million tiny tasks on two workers.
func BenchmarkMapMillion(b *testing.B) {
	s := onHost(b, 2)
	in := make([]int, 1_000_000)
	for i := range in {
		in[i] = i
	}
	task := func(i int) sched.Task[int] {
		return plain(func(context.Context) (int, error) { return i + 1, nil })
	}
	for b.Loop() {
		out, err := sched.Map(context.Background(), s, in, task)
		if err != nil || out[len(out)-1] != len(out) {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(in))*float64(b.N)/b.Elapsed().Seconds(), "tasks/s")
}

// A small launch on slices of the host, through the scheduler.
func BenchmarkForce11(b *testing.B) {
	s := onHost(b, 2)
	task, err := forceTask(gravity.Plummer[float64](11, 1), 0.01)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := sched.Do(context.Background(), s, task); err != nil {
			b.Fatal(err)
		}
	}
}
