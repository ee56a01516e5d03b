package cpu

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"offload/device"
)

// ways are the ways to give an executor a function: each calls f once for each of three
// elements, or once, and returns the caller's error.
var ways = []struct {
	name string
	call func(ctx context.Context, ex Executor, f func(ctx context.Context, i int) error) error
}{
	{"Submit", func(ctx context.Context, ex Executor, f func(ctx context.Context, i int) error) error {
		return Submit(ctx, ex, func(ctx context.Context) (int, error) { return 0, f(ctx, 0) }).Wait(ctx)
	}},
	{"Map", func(ctx context.Context, ex Executor, f func(ctx context.Context, i int) error) error {
		_, err := Map(ctx, ex, []int{0, 1, 2}, func(ctx context.Context, i int) (int, error) { return i, f(ctx, i) })
		return err
	}},
	{"ForEach", func(ctx context.Context, ex Executor, f func(ctx context.Context, i int) error) error {
		return ex.ForEach(ctx, 3, func(ctx context.Context, r device.Range) error { return f(ctx, r.Lo) })
	}},
	{"MapSeq", func(ctx context.Context, ex Executor, f func(ctx context.Context, i int) error) (last error) {
		for _, err := range MapSeq(ctx, ex, upTo(3), func(ctx context.Context, i int) (int, error) { return i, f(ctx, i) }) {
			last = err
		}
		return last
	}},
}

// everyWay runs a test for each way to give each executor a function.
func everyWay(t *testing.T, test func(t *testing.T, ex Executor, call func(ctx context.Context, ex Executor, f func(ctx context.Context, i int) error) error)) {
	executors(t, func(t *testing.T, ex Executor) {
		for _, way := range ways {
			t.Run(way.name, func(t *testing.T) { test(t, ex, way.call) })
		}
	})
}

// A function that calls runtime.Goexit or panics gives an error to its caller, whose
// goroutine continues, with any timing.
func TestGoexitAndPanicsEndNobodyElse(t *testing.T) {
	everyWay(t, func(t *testing.T, ex Executor, call func(context.Context, Executor, func(context.Context, int) error) error) {
		for i := range 60 {
			returned := make(chan error, 1)
			go func() {
				defer close(returned)
				returned <- call(context.Background(), ex, func(context.Context, int) error {
					if i%2 == 0 {
						runtime.Goexit()
					}
					panic("boom")
				})
			}()
			var p *device.PanicError
			if err, ok := <-returned; !ok || !errors.Is(err, device.ErrPanic) || !errors.As(err, &p) {
				t.Fatalf("the caller returned: %v, with %v; want a *PanicError", ok, err)
			}
		}
		if err := call(context.Background(), ex, func(context.Context, int) error { return nil }); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}

// Functions run on the executor's goroutines, never on their caller's.
func TestNothingRunsOnItsCallersGoroutine(t *testing.T) {
	everyWay(t, func(t *testing.T, ex Executor, call func(context.Context, Executor, func(context.Context, int) error) error) {
		caller := goroutineID()
		for range 20 {
			err := call(context.Background(), ex, func(context.Context, int) error {
				if goroutineID() == caller {
					return io.ErrUnexpectedEOF
				}
				return nil
			})
			if err != nil {
				t.Fatal("a function ran on its caller's goroutine")
			}
		}
	})
}

// Every method of a closed executor returns ErrClosed, and nothing runs.
func TestClosedFarms(t *testing.T) {
	everyWay(t, func(t *testing.T, ex Executor, call func(context.Context, Executor, func(context.Context, int) error) error) {
		ex.Close()
		err := call(context.Background(), ex, func(context.Context, int) error { panic("it runs") })
		if !errors.Is(err, device.ErrClosed) {
			t.Errorf("%v, want ErrClosed", err)
		}
	})
}

// Work that runs when an executor is closed is completed, and Close waits for it.
func TestCloseWaitsForWhatRuns(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			for _, open := range []func(testing.TB) Executor{
				func(t testing.TB) Executor { return openPool(t, 3) },
				func(testing.TB) Executor { return new(Serial) },
			} {
				synctest.Test(t, func(t *testing.T) {
					ex := open(t)
					done := make(chan error)
					ended := 0
					go func() {
						done <- way.call(t.Context(), ex, func(_ context.Context, i int) error {
							time.Sleep(time.Second)
							if i == 0 {
								ended++
							}
							return nil
						})
					}()
					synctest.Wait()
					if err := ex.Close(); err != nil || ended != 1 {
						t.Errorf("%T: Close: %v, after %d of 1 functions that ran", ex, err, ended)
					}
					if err := <-done; err != nil && !errors.Is(err, device.ErrClosed) {
						t.Errorf("%T: %v, want nil, or ErrClosed for what had not begun", ex, err)
					}
				})
			}
		})
	}
}

// Waits end with their context, even while the executor is busy.
func TestWaitsEndWithTheirContext(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := openPool(t, 1)
				busy := Submit(t.Context(), p, func(context.Context) (int, error) { time.Sleep(time.Minute); return 0, nil })
				synctest.Wait()
				ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
				defer cancel()
				start := time.Now()
				err := way.call(ctx, p, func(context.Context, int) error { return nil })
				if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took != 50*time.Millisecond {
					t.Errorf("%v after %v, want DeadlineExceeded after 50ms", err, took)
				}
				if err := busy.Wait(t.Context()); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// Of three concurrent elements the middle one fails: the context of the later one is
// cancelled, that of the earlier one is not, and an error of the earlier one has
// precedence.
func TestAnErrorCancelsWhatStandsBehindIt(t *testing.T) {
	for _, way := range ways[1:3] {
		for _, before := range []error{nil, io.ErrUnexpectedEOF} {
			t.Run(fmt.Sprint(way.name, " before: ", before), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					begun, cancelled := make(chan struct{}, 2), make(chan struct{})
					err := way.call(t.Context(), openPool(t, 3), func(ctx context.Context, i int) error {
						switch i {
						case 0:
							begun <- struct{}{}
							<-cancelled
							if ctx.Err() != nil {
								t.Error("the context of an element before the error is cancelled")
							}
							return before
						case 1:
							<-begun
							<-begun
							return io.ErrNoProgress
						}
						begun <- struct{}{}
						<-ctx.Done()
						close(cancelled)
						return ctx.Err()
					})
					want := before
					if want == nil {
						want = io.ErrNoProgress
					}
					if err != want {
						t.Errorf("%v, want %v", err, want)
					}
				})
			})
		}
	}
}
