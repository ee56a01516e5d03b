package cpu

import (
	"context"
	"errors"
	"io"
	"iter"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"offload/device"
)

// upTo yields 0, 1, … n−1.
func upTo(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := 0; i < n && yield(i); i++ {
		}
	}
}

func square(_ context.Context, i int) (int, error) { return i * i, nil }

func TestMapSeqKeepsTheOrder(t *testing.T) {
	executors(t, func(t *testing.T, f Executor) {
		for _, n := range []int{0, 1, 3, 500} {
			next := 0
			for v, err := range MapSeq(context.Background(), f, upTo(n), square) {
				if v != next*next || err != nil {
					t.Fatalf("element %d of %d: %d, %v", next, n, v, err)
				}
				next++
			}
			if next != n {
				t.Errorf("%d of %d elements", next, n)
			}
		}
	})
}

// From an endless sequence, at most twice as many elements as workers are taken, plus one
// in transit, and none after the loop has ended.
func TestMapSeqIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := openPool(t, 3)
		var taken, running atomic.Int64
		naturals := func(yield func(int) bool) {
			for i := 0; yield(i); i++ {
				taken.Add(1)
			}
		}
		looked := 0
		for v, err := range MapSeq(t.Context(), p, naturals, func(ctx context.Context, i int) (int, error) {
			running.Add(1)
			defer running.Add(-1)
			time.Sleep(time.Second)
			return i, ctx.Err()
		}) {
			if v != looked || err != nil {
				t.Fatalf("element %d: %d, %v", looked, v, err)
			}
			time.Sleep(10 * time.Second) // until all is idle
			looked++
			if ahead := taken.Load() - int64(looked); ahead > 2*3+1 {
				t.Errorf("%d elements were taken ahead of element %d", ahead, looked)
			}
			if looked == 20 {
				break
			}
		}
		if n := running.Load(); n != 0 {
			t.Errorf("%d functions run after the loop", n)
		}
	})
}

// The first error ends the sequence, after the results of the elements before it.
func TestMapSeqEndsWithTheFirstError(t *testing.T) {
	fail := func(at int, fault func() error) iter.Seq2[int, error] {
		return MapSeq(context.Background(), new(Serial), upTo(100), func(_ context.Context, i int) (int, error) {
			if i == at {
				return 0, fault()
			}
			return i, nil
		})
	}
	broken := func(fault func()) iter.Seq2[int, error] {
		return MapSeq(context.Background(), new(Serial), func(yield func(int) bool) {
			for i := range 7 {
				yield(i)
			}
			fault()
		}, square)
	}
	for _, c := range []struct {
		name string
		seq  iter.Seq2[int, error]
		want error
	}{
		{"an error of an element", fail(7, func() error { return io.ErrNoProgress }), io.ErrNoProgress},
		{"a panic of an element", fail(7, func() error { panic(io.ErrNoProgress) }), io.ErrNoProgress},
		{"Goexit in an element", fail(7, func() error { runtime.Goexit(); return nil }), device.ErrPanic},
		{"a panic in the sequence", broken(func() { panic(io.ErrNoProgress) }), io.ErrNoProgress},
		{"Goexit in the sequence", broken(runtime.Goexit), device.ErrPanic},
	} {
		var errs []error
		for _, err := range c.seq {
			errs = append(errs, err)
		}
		if n := len(errs); n != 8 || !errors.Is(errs[7], c.want) || slices.ContainsFunc(errs[:7], func(err error) bool { return err != nil }) {
			t.Errorf("%s: %v, want seven results and %v", c.name, errs, c.want)
		}
	}
}

// A result is available as soon as those before it are, though the sequence waits for its
// next element; the end of the context ends the wait.
func TestMapSeqDoesNotWaitForTheNextElement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		requests := func(yield func(int) bool) {
			for i := 0; yield(i) && ctx.Err() == nil; i++ {
				select {
				case <-time.After(25 * time.Second):
				case <-ctx.Done():
				}
			}
		}
		var at []time.Duration
		var last error
		start := time.Now()
		for _, err := range MapSeq(ctx, openPool(t, 2), requests, square) {
			at, last = append(at, time.Since(start)), err
		}
		want := []time.Duration{0, 25 * time.Second, 50 * time.Second, time.Minute}
		if !slices.Equal(at, want) || !errors.Is(last, context.DeadlineExceeded) {
			t.Errorf("results after %v, at last %v; want %v and DeadlineExceeded", at, last, want)
		}
	})
}
