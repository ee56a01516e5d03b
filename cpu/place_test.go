package cpu

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"offload/device"
)

// freePlaces returns the number of free places once the pool is idle.
func freePlaces(p *Pool) int {
	synctest.Wait()
	return int(p.free.Load())
}

// A place is lent from the first wait of a task's goroutines until the last wait has
// ended, and not by goroutines that outlive their task.
func TestPlacesAreLentOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := openPool(t, 1)
		gate := make(chan struct{})
		var left context.Context
		task := Submit(t.Context(), p, func(ctx context.Context) (int, error) {
			left = ctx
			<-gate
			return 1, nil
		})
		synctest.Wait()
		check := func(after string, want int) {
			t.Helper()
			if free := freePlaces(p); free != want {
				t.Errorf("%d places are free %s, want %d", free, after, want)
			}
		}
		check("while a task runs", 0)
		first := device.Lend(left, p)
		check("after a wait began", 1)
		second := device.Lend(left, p)
		check("after a second wait began", 1)
		first.Return(left)
		check("after one of two waits", 1)
		second.Return(left)
		check("after both waits", 0)
		third := device.Lend(left, p)
		close(gate)
		if v, err := task.Get(t.Context()); v != 1 || err != nil {
			t.Fatalf("the task: %d, %v", v, err)
		}
		check("after the task", 1)
		third.Return(left)
		device.Lend(left, p).Return(left)
		check("after a wait that has outlived the task", 1)
	})
}

// A wait that is cut short returns at once, though its place is taken; no new work begins
// until there is a place for it.
func TestWaitsThatAreCutShortGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := openPool(t, 1)
		var mu sync.Mutex
		var at []time.Duration // when each began or continued
		start := time.Now()
		note := func() {
			mu.Lock()
			defer mu.Unlock()
			at = append(at, time.Since(start))
		}
		sleep := func(d time.Duration) *device.Future[int] {
			return Submit(t.Context(), p, func(context.Context) (int, error) { note(); time.Sleep(d); return 0, nil })
		}
		task := Submit(t.Context(), p, func(ctx context.Context) (int, error) {
			long := sleep(time.Second)
			sleep(time.Second)
			short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
			defer cancel()
			err := long.Wait(short)
			note()
			time.Sleep(3 * time.Second)
			return 0, err
		})
		if err := task.Wait(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the wait: %v, want DeadlineExceeded", err)
		}
		time.Sleep(time.Minute)
		mu.Lock()
		defer mu.Unlock()
		want := []time.Duration{0, 10 * time.Millisecond, 3010 * time.Millisecond}
		if len(at) != 3 || at[0] != want[0] || at[1] != want[1] || at[2] != want[2] {
			t.Errorf("a task began, its wait was cut short, and another began after %v; want %v", at, want)
		}
	})
}

// A task that waits with a foreign context lends its place, even from a deep stack; a
// goroutine outside the pool lends nothing.
func TestPlacesAreFoundWithoutTheirContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := openPool(t, 1)
		var deep func(n int) error
		deep = func(n int) error {
			if n > 0 {
				return deep(n - 1)
			}
			return Submit(context.Background(), p, func(context.Context) (int, error) {
				if p.Held(context.Background()) == nil {
					t.Error("a task has no place")
				}
				outside := make(chan device.Place)
				go func() { outside <- p.Held(context.Background()) }()
				if pl := <-outside; pl != nil {
					t.Error("a goroutine that is none of the pool's has a place")
				}
				return 0, nil
			}).Wait(context.Background())
		}
		for _, depth := range []int{0, 10, 200} {
			err := Submit(t.Context(), p, func(context.Context) (int, error) { return 0, deep(depth) }).Wait(t.Context())
			if err != nil {
				t.Errorf("at depth %d: %v", depth, err)
			}
		}
	})
}

// Tasks nested deeply need many goroutines; afterwards as many are kept as there are
// workers.
func TestIdleWorkersAreFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := openPool(t, 3)
		var most int
		var nest func(ctx context.Context, depth int) (int, error)
		nest = func(ctx context.Context, depth int) (int, error) {
			if depth == 0 {
				most = p.live
				return 0, nil
			}
			return Submit(ctx, p, func(ctx context.Context) (int, error) { return nest(ctx, depth-1) }).Get(ctx)
		}
		if _, err := nest(t.Context(), 100); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if p.live > 3 || most < 100 {
			t.Errorf("%d goroutines for 100 tasks, of which %d are left; want 100, and 3 at most", most, p.live)
		}
	})
}
