package device

import (
	"context"
	"errors"
	"io"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A future is computed once for any number of waits.
func TestFuture(t *testing.T) {
	ctx := context.Background()
	runs := 0
	f := NewFuture(ctx, func(context.Context) (int, error) { runs++; return 4, nil })
	select {
	case <-f.Done():
		t.Fatal("a future ran before anybody asked")
	default:
	}
	var all sync.WaitGroup
	for range 8 { // one of them starts it, and all wait
		all.Go(func() {
			if v, err := f.Get(ctx); v != 4 || err != nil {
				t.Errorf("Get = %d, %v", v, err)
			}
		})
	}
	all.Wait()
	f.Start()
	f.Fail(io.EOF)
	if v, err := f.Get(ctx); v != 4 || err != nil || runs != 1 {
		t.Errorf("after all: %d, %v, %d runs", v, err, runs)
	}
	failed := NewFuture(ctx, func(context.Context) (int, error) { return 1, nil })
	failed.Fail(io.ErrClosedPipe)
	if v, err := failed.Get(ctx); v != 0 || err != io.ErrClosedPipe {
		t.Errorf("a future that was ended = %d, %v", v, err)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if v, err := failed.Get(cancelled); v != 0 || err != io.ErrClosedPipe {
		t.Errorf("what is done is known under a cancelled context too: %d, %v", v, err)
	}
	if err := NewFuture(cancelled, func(context.Context) (int, error) { return 1, nil }).Wait(ctx); err != context.Canceled {
		t.Errorf("a future under a cancelled context: %v", err)
	}
}

// Get returns at its deadline, even if it started the future; the computation continues
// for other waits.
func TestGetReturnsAtItsDeadline(t *testing.T) {
	for _, owned := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			f := NewFuture(t.Context(), func(context.Context) (int, error) { time.Sleep(time.Minute); return 4, nil })
			if owned {
				f.Own(shop{})
				go f.Start()
			}
			start := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			defer cancel()
			if v, err := f.Get(ctx); v != 0 || !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 10*time.Millisecond {
				t.Errorf("owned %v: Get with 10 ms: %d, %v after %v", owned, v, err, time.Since(start))
			}
			if v, err := f.Get(t.Context()); v != 4 || err != nil || time.Since(start) != time.Minute {
				t.Errorf("owned %v: Get: %d, %v after %v", owned, v, err, time.Since(start))
			}
		})
	}
}

// A future with an owner is started by the owner only.
func TestOwnedFutureIsLeftToItsOwner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := NewFuture(t.Context(), func(context.Context) (int, error) { return 4, nil })
		f.Own(shop{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if _, err := f.Get(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Get of what the owner has not begun: %v", err)
		}
		go f.Start()
		if v, err := f.Get(t.Context()); v != 4 || err != nil {
			t.Errorf("Get: %d, %v", v, err)
		}
	})
}

// A panic or Goexit of the function is the error of every wait, and ends no waiting
// goroutine.
func TestFailuresOfAFuture(t *testing.T) {
	for _, c := range []struct {
		name string
		fail func()
		want []error
	}{
		{"a panic", func() { panic("boom") }, []error{ErrPanic}},
		{"a panic with an error", func() { panic(io.ErrNoProgress) }, []error{ErrPanic, io.ErrNoProgress}},
		{"Goexit", runtime.Goexit, []error{ErrPanic}},
	} {
		for _, owned := range []bool{false, true} {
			f := NewFuture(t.Context(), func(context.Context) (int, error) { c.fail(); return 4, nil })
			if owned {
				f.Own(shop{})
				go f.Start()
			}
			errs := make(chan error, 4)
			for range cap(errs) {
				go func() {
					err := errors.New("the one who waits was ended")
					defer func() { errs <- err }()
					var v int
					if v, err = f.Get(t.Context()); v != 0 {
						t.Errorf("%s: Get returned the value %d", c.name, v)
					}
				}()
			}
			for range cap(errs) {
				err := <-errs
				for _, want := range c.want {
					if !errors.Is(err, want) {
						t.Errorf("%s, owned %v: %v, want %v", c.name, owned, err, want)
					}
				}
			}
		}
	}
}

// Either Start or Fail wins, and every wait has the same outcome.
func TestStartAndFailAtOnce(t *testing.T) {
	for range 500 {
		runs, failed := 0, false
		f := NewFuture(t.Context(), func(context.Context) (int, error) { runs++; return 4, nil })
		var all sync.WaitGroup
		all.Go(f.Start)
		all.Go(func() { failed = f.Fail(io.ErrClosedPipe) })
		v, err := f.Get(t.Context())
		all.Wait()
		switch {
		case failed && (runs != 0 || v != 0 || err != io.ErrClosedPipe), !failed && (runs != 1 || v != 4 || err != nil):
			t.Fatalf("Fail says %v, there were %d runs, Get says %d, %v", failed, runs, v, err)
		}
		if again, err2 := f.Get(t.Context()); again != v || err2 != err {
			t.Fatalf("Get says %d, %v, and then %d, %v", v, err, again, err2)
		}
	}
}

// An abandoned function continues, and its result is dropped.
func TestAbandon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		done := 0
		f := NewFuture(t.Context(), func(context.Context) (int, error) { time.Sleep(time.Hour); done++; return 4, nil })
		waits := make(chan error, 1)
		go func() { waits <- f.Wait(t.Context()) }()
		synctest.Wait()
		if f.Fail(io.EOF) {
			t.Error("Fail has ended a future that runs")
		}
		if !f.Abandon(io.ErrClosedPipe) || f.Abandon(io.EOF) {
			t.Error("Abandon has to end a future that runs, once")
		}
		if err := <-waits; err != io.ErrClosedPipe {
			t.Errorf("Wait: %v", err)
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if v, err := f.Get(t.Context()); v != 0 || err != io.ErrClosedPipe || done != 1 {
			t.Errorf("when the function has returned: %d, %v, %d runs", v, err, done)
		}
	})
}

// shop is an owner with one place, found by context or by the shop itself.
type shop struct{ known *bench }

func (s shop) Held(context.Context) Place {
	if s.known == nil {
		return nil
	}
	return s.known
}

// bench is a place: it is in the channel while it is free.
type bench struct {
	free chan struct{}
	lent int
}

func newBench() *bench { return &bench{free: make(chan struct{}, 1)} }

func (b *bench) Lend() {
	b.lent++
	b.free <- struct{}{}
}

func (b *bench) Return(ctx context.Context) {
	select {
	case <-b.free:
	case <-ctx.Done():
	}
}

// take waits until the place is free.
func (b *bench) take() { <-b.free }

// A function's context has its place, which it lends while it waits for another future,
// so that nested work completes with one place.
func TestPlaceIsLentWhileAFutureWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		place := newBench()
		inner := NewFuture(t.Context(), func(ctx context.Context) (int, error) {
			if PlaceOf(ctx) != place {
				t.Error("the inner function does not know its place")
			}
			return 4, nil
		})
		inner.Own(shop{})
		outer := NewFuture(t.Context(), func(ctx context.Context) (int, error) {
			if PlaceOf(ctx) != place {
				t.Error("the outer function does not know its place")
			}
			v, err := inner.Get(ctx)
			if len(place.free) != 0 {
				t.Error("the outer function goes on without its place")
			}
			return v + 1, err
		})
		outer.Own(shop{})
		go outer.StartIn(place)
		go func() {
			place.take()
			inner.StartIn(place)
			place.Lend() // the place is free again
		}()
		if v, err := outer.Get(t.Context()); v != 5 || err != nil {
			t.Errorf("the outer future: %d, %v", v, err)
		}
		if place.lent != 2 || PlaceOf(t.Context()) != nil {
			t.Errorf("the place was lent %d times; the test has %v", place.lent, PlaceOf(t.Context()))
		}
	})
}

// A place that is not in the context is found by the owner; a wait for an ended future
// lends nothing; and a wait that is given up takes its place back or continues without
// it.
func TestWhenPlacesAreLent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		place := newBench()
		f := NewFuture(t.Context(), func(context.Context) (int, error) { return 4, nil })
		f.Own(shop{known: place})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := f.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) || place.lent != 1 || len(place.free) > 1 {
			t.Errorf("a wait that was given up: %v; lent %d times, %d free", err, place.lent, len(place.free))
		}
		if err := f.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) || place.lent != 1 {
			t.Errorf("a wait whose context has ended: %v; lent %d times", err, place.lent)
		}
		f.Start()
		if err := f.Wait(t.Context()); err != nil || place.lent != 1 {
			t.Errorf("a wait for what is done: %v; lent %d times", err, place.lent)
		}
	})
}
