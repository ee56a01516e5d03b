package cpu

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"offload/device"
	"offload/device/devicetest"
)

// executors runs a test on pools of several sizes and on Serial.
func executors(t *testing.T, test func(t *testing.T, f Executor)) {
	for _, workers := range []int{1, 2, 3, 8} {
		t.Run(fmt.Sprint("workers=", workers), func(t *testing.T) {
			devicetest.NoLeak(t)
			p, err := NewPool(workers)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			test(t, p)
		})
	}
	t.Run("serial", func(t *testing.T) { test(t, new(Serial)) })
}

func TestNewPool(t *testing.T) {
	for _, n := range []int{-1, maxWorkers + 1} {
		if _, err := NewPool(n); !errors.Is(err, device.ErrInvalid) {
			t.Errorf("NewPool(%d): %v, want ErrInvalid", n, err)
		}
	}
	p, err := NewPool(0)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if p.Workers() != runtime.GOMAXPROCS(0) {
		t.Errorf("%d workers by default, want %d", p.Workers(), runtime.GOMAXPROCS(0))
	}
}

func TestDistribute(t *testing.T) {
	for _, c := range []struct {
		n, parts int
		want     string
	}{
		{0, 1, "[{0 0}]"},
		{10, 3, "[{0 4} {4 7} {7 10}]"},
		{2, 4, "[{0 1} {1 2} {2 2} {2 2}]"},
		{7, 1, "[{0 7}]"},
	} {
		if got := fmt.Sprint(Distribute(c.n, c.parts)); got != c.want {
			t.Errorf("Distribute(%d, %d) = %s, want %s", c.n, c.parts, got, c.want)
		}
	}
	for n := range 50 {
		for parts := 1; parts < 20; parts++ {
			next, least, most := 0, n, 0
			for _, r := range Distribute(n, parts) {
				if r.Lo != next {
					t.Fatalf("Distribute(%d, %d) leaves a gap at %d", n, parts, next)
				}
				next, least, most = r.Hi, min(least, r.Len()), max(most, r.Len())
			}
			if next != n || most-least > 1 {
				t.Fatalf("Distribute(%d, %d) ends at %d with lengths from %d to %d", n, parts, next, least, most)
			}
		}
	}
}

func TestMapKeepsTheOrder(t *testing.T) {
	executors(t, func(t *testing.T, f Executor) {
		for _, n := range []int{0, 1, 2, 17, 1000} {
			in := make([]int, n)
			for i := range in {
				in[i] = i
			}
			got, err := Map(context.Background(), f, in, func(_ context.Context, i int) (string, error) {
				return fmt.Sprint(i), nil
			})
			if err != nil || len(got) != n {
				t.Fatalf("Map of %d: %d results, %v", n, len(got), err)
			}
			for i, s := range got {
				if s != fmt.Sprint(i) {
					t.Fatalf("result %d is %q", i, s)
				}
			}
		}
	})
}

// The error of a map is that of the first element that fails, as in a plain loop, with
// any timing; later elements are dropped once it is known.
func TestMapReportsTheFirstError(t *testing.T) {
	executors(t, func(t *testing.T, f Executor) {
		for range 50 {
			var calls atomic.Int64
			in := make([]int, 1000)
			for i := range in {
				in[i] = i
			}
			got, err := Map(context.Background(), f, in, func(_ context.Context, i int) (int, error) {
				calls.Add(1)
				if i%300 == 299 {
					return 0, fmt.Errorf("element %d: %w", i, io.ErrNoProgress)
				}
				return i, nil
			})
			if got != nil || !errors.Is(err, io.ErrNoProgress) || !strings.Contains(err.Error(), "element 299:") {
				t.Fatalf("Map = %v, %v; want the error of element 299", got, err)
			}
			if f.Workers() == 1 && calls.Load() != 300 {
				t.Errorf("%d elements were computed, want 300", calls.Load())
			}
		}
	})
}

func TestPanicsBecomeErrors(t *testing.T) {
	executors(t, func(t *testing.T, f Executor) {
		ctx := context.Background()
		check := func(what string, err error) {
			t.Helper()
			var p *device.PanicError
			if !errors.Is(err, device.ErrPanic) || !errors.As(err, &p) {
				t.Errorf("%s: %v, want a PanicError", what, err)
			} else if p.Value != "boom" || !strings.Contains(string(p.Stack), "pool_test.go") {
				t.Errorf("%s: value %v, stack %.200s", what, p.Value, p.Stack)
			}
		}
		_, err := Map(ctx, f, []int{1, 2, 3}, func(context.Context, int) (int, error) { panic("boom") })
		check("Map", err)
		check("ForEach", f.ForEach(ctx, 100, func(context.Context, device.Range) error { panic("boom") }))
		_, err = Submit(ctx, f, func(context.Context) (int, error) { panic("boom") }).Get(ctx)
		check("Submit", err)
		if v, err := Submit(ctx, f, func(context.Context) (int, error) { return 7, nil }).Get(ctx); v != 7 || err != nil {
			t.Errorf("after panics: %d, %v", v, err)
		}
	})
}

func TestForEachCoversEveryIndexOnce(t *testing.T) {
	executors(t, func(t *testing.T, f Executor) {
		for _, n := range []int{0, 1, 5, 64, 10_007} {
			hits := make([]int32, n) // written in place, each range its own part
			err := f.ForEach(context.Background(), n, func(_ context.Context, r device.Range) error {
				for i := r.Lo; i < r.Hi; i++ {
					hits[i]++
				}
				return nil
			})
			if err != nil || slices.ContainsFunc(hits, func(h int32) bool { return h != 1 }) {
				t.Errorf("n = %d: %v, or an index was not visited once", n, err)
			}
		}
	})
}

// Tasks submit tasks and wait for them, to any depth, even with one worker.
func TestNestedTasksDoNotDeadlock(t *testing.T) {
	executors(t, func(t *testing.T, f Executor) {
		ctx := context.Background()
		var fib func(ctx context.Context, n int) (int, error)
		fib = func(ctx context.Context, n int) (int, error) {
			if n < 2 {
				return n, nil
			}
			left := Submit(ctx, f, func(ctx context.Context) (int, error) { return fib(ctx, n-1) })
			right := Submit(ctx, f, func(ctx context.Context) (int, error) { return fib(ctx, n-2) })
			a, err := left.Get(ctx)
			if err != nil {
				return 0, err
			}
			b, err := right.Get(ctx)
			return a + b, err
		}
		if got, err := fib(ctx, 14); got != 377 || err != nil {
			t.Errorf("fib(14) = %d, %v", got, err)
		}
		// A chain of 1000, each of which maps within a loop within a task.
		var chain func(ctx context.Context, depth int) (int, error)
		chain = func(ctx context.Context, depth int) (int, error) {
			if depth == 0 {
				return 0, nil
			}
			n, err := Submit(ctx, f, func(ctx context.Context) (int, error) { return chain(ctx, depth-1) }).Get(ctx)
			return n + 1, err
		}
		if got, err := chain(ctx, 1000); got != 1000 || err != nil {
			t.Errorf("chain(1000) = %d, %v", got, err)
		}
		sums, err := Map(ctx, f, []int{1, 2, 3, 4}, func(ctx context.Context, a int) (int, error) {
			parts, err := Map(ctx, f, make([]int, 10), func(context.Context, int) (int, error) { return a, nil })
			total := 0
			for _, p := range parts {
				total += p
			}
			return total, err
		})
		if fmt.Sprint(sums) != "[10 20 30 40]" || err != nil {
			t.Errorf("nested maps: %v, %v", sums, err)
		}
	})
}

func TestCancellation(t *testing.T) {
	executors(t, func(t *testing.T, f Executor) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		ran := false
		if _, err := Submit(ctx, f, func(context.Context) (int, error) { ran = true; return 1, nil }).Get(context.Background()); !errors.Is(err, context.Canceled) || ran {
			t.Errorf("Submit under a cancelled context: %v, ran: %v", err, ran)
		}
		if _, err := Map(ctx, f, []int{1}, func(context.Context, int) (int, error) { ran = true; return 1, nil }); !errors.Is(err, context.Canceled) || ran {
			t.Errorf("Map under a cancelled context: %v, ran: %v", err, ran)
		}
		if err := f.ForEach(ctx, 5, func(context.Context, device.Range) error { ran = true; return nil }); !errors.Is(err, context.Canceled) || ran {
			t.Errorf("ForEach under a cancelled context: %v, ran: %v", err, ran)
		}
	})
}

// A cancelled wait returns; the task continues and its value is available later.
func TestCancelledWaitLeavesTheTask(t *testing.T) {
	p, err := NewPool(1)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	begun, release := make(chan struct{}), make(chan struct{})
	f := Submit(context.Background(), p, func(context.Context) (int, error) {
		close(begun)
		<-release
		return 5, nil
	})
	<-begun
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if err := f.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Wait: %v, want DeadlineExceeded", err)
	}
	close(release)
	if v, err := f.Get(context.Background()); v != 5 || err != nil {
		t.Errorf("Get: %d, %v", v, err)
	}
}

func TestCloseDropsWhatHasNotBegun(t *testing.T) {
	devicetest.NoLeak(t)
	p, err := NewPool(1)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	begun, release := make(chan struct{}), make(chan struct{})
	first := Submit(ctx, p, func(context.Context) (int, error) {
		close(begun)
		<-release
		return 1, nil
	})
	<-begun
	second := Submit(ctx, p, func(context.Context) (int, error) { return 2, nil })
	closed := make(chan struct{})
	go func() {
		p.Close()
		close(closed)
	}()
	<-second.Done()
	if _, err := second.Get(ctx); !errors.Is(err, device.ErrClosed) {
		t.Errorf("the task that had not begun: %v, want ErrClosed", err)
	}
	select {
	case <-closed:
		t.Error("Close did not wait for the task that runs")
	default:
	}
	close(release)
	<-closed
	if v, err := first.Get(ctx); v != 1 || err != nil {
		t.Errorf("the task that ran: %d, %v", v, err)
	}
	if _, err := Submit(ctx, p, func(context.Context) (int, error) { return 3, nil }).Get(ctx); !errors.Is(err, device.ErrClosed) {
		t.Errorf("Submit after Close: %v, want ErrClosed", err)
	}
	if err := p.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

// 10 000 lives of a pool, with cancelled, panicking, dropped and nested tasks.
func TestPoolSurvives(t *testing.T) {
	devicetest.NoLeak(t)
	cycles := 10_000
	if testing.Short() {
		cycles = 1000
	}
	for i := range cycles {
		p, err := NewPool(1 + i%4)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		good := Submit(context.Background(), p, func(context.Context) (int, error) { return i, nil })
		bad := Submit(ctx, p, func(context.Context) (int, error) { panic(i) })
		late := Submit(ctx, p, func(ctx context.Context) (int, error) {
			return Submit(ctx, p, func(context.Context) (int, error) { return i, ctx.Err() }).Get(ctx)
		})
		if i%3 == 0 {
			cancel()
		}
		if v, err := good.Get(context.Background()); v != i || err != nil {
			t.Fatalf("cycle %d: %d, %v", i, v, err)
		}
		if i%2 == 0 {
			if _, err := bad.Get(context.Background()); err == nil {
				t.Fatalf("cycle %d: a panic was lost", i)
			}
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		<-bad.Done()
		<-late.Done()
		cancel()
	}
}
