package cpu

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"offload/device"
)

// sleeper is a task of a second.
func sleeper(context.Context) (int, error) { time.Sleep(time.Second); return 1, nil }

// Submit waits while the queue is full, until a task begins or its context is done.
func TestSubmitWaitsForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := openPool(t, 1, QueueSize(2))
		start := time.Now()
		submit := func(ctx context.Context, after time.Duration) *device.Future[int] {
			t.Helper()
			f := Submit(ctx, p, sleeper)
			synctest.Wait()
			if took := time.Since(start); took != after {
				t.Errorf("Submit returned after %v, want %v", took, after)
			}
			return f
		}
		submit(t.Context(), 0) // runs
		submit(t.Context(), 0)
		submit(t.Context(), 0)
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		late := submit(ctx, 200*time.Millisecond)
		if _, err := late.Get(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a task that found no room: %v, want DeadlineExceeded", err)
		}
		last := submit(t.Context(), time.Second)
		if v, err := last.Get(t.Context()); v != 1 || err != nil || time.Since(start) != 4*time.Second {
			t.Errorf("the task that waited for room: %d, %v after %v, want 1 after 4s", v, err, time.Since(start))
		}
	})
}

// A task that waits for room lends its place to the queued tasks.
func TestSubmitOfATaskLendsItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := openPool(t, 1, QueueSize(1))
		var nest func(ctx context.Context, depth int) (int, error)
		nest = func(ctx context.Context, depth int) (total int, err error) {
			if depth == 0 {
				return 1, nil
			}
			var parts [3]*device.Future[int]
			for i := range parts {
				parts[i] = Submit(ctx, p, func(ctx context.Context) (int, error) { return nest(ctx, depth-1) })
			}
			for _, f := range parts {
				n, err := f.Get(ctx)
				if total += n; err != nil {
					return 0, err
				}
			}
			return total, nil
		}
		if n, err := nest(t.Context(), 4); n != 81 || err != nil {
			t.Errorf("%d of 81 leaves, %v", n, err)
		}
	})
}

// Closing a pool ends the waits for room.
func TestCloseEndsTheWaitForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := openPool(t, 1, QueueSize(1))
		Submit(t.Context(), p, sleeper)
		synctest.Wait()
		Submit(t.Context(), p, sleeper)
		blocked := make(chan error)
		go func() { blocked <- Submit(t.Context(), p, sleeper).Wait(t.Context()) }()
		synctest.Wait()
		go p.Close()
		if err := <-blocked; !errors.Is(err, device.ErrClosed) {
			t.Errorf("%v, want ErrClosed", err)
		}
	})
}

func TestQueueSizesAreChecked(t *testing.T) {
	if _, err := NewPool(1, QueueSize(-1)); !errors.Is(err, device.ErrInvalid) {
		t.Errorf("QueueSize(-1): %v, want ErrInvalid", err)
	}
}
