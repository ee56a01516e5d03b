package queue

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"offload/device"
)

// Launches, transfers and waits of many goroutines are done in the order of the calls.
func TestOrder(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := make(gate)
				s := &stage{hooks: &hooks{execute: g.execute}}
				d := way.open(t, s)
				ctx, b, one := context.Background(), alloc1(t, d), device.Of(make([]int32, 1))
				launchMark(t, d, 0, b)
				synctest.Wait()
				want := s.list()
				var errs []<-chan error
				for i := range 3 * smallRing {
					call, f := "finish", func() error { return d.Sync(ctx) }
					switch i % 5 {
					case 1, 3:
						call, f = fmt.Sprint("launch ", i), func() error { return d.Launch(ctx, marked(i, b)) }
					case 2:
						call, f = "write", func() error { return b.Write(ctx, 0, one) }
					case 4:
						call, f = "read", func() error { return b.Read(ctx, 0, one.Clone()) }
					}
					errs = append(errs, later(f))
					want = append(want, call)
					synctest.Wait()
				}
				close(g)
				for i, c := range errs {
					if err := <-c; err != nil {
						t.Errorf("call %d: %v", i, err)
					}
				}
				if err := d.Sync(ctx); err != nil {
					t.Error(err)
				}
				if want = append(want, "finish"); !slices.Equal(s.list(), want) {
					t.Errorf("done: %q\nwant: %q", s.list(), want)
				}
			})
		})
	}
}

// Waits that are given up anywhere in the queue, which wraps and grows meanwhile,
// change nothing for the rest.
func TestWaitsGivenUp(t *testing.T) {
	for seed := range uint64(40) {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			step := make(chan struct{})
			s := &stage{hooks: &hooks{execute: func(context.Context, *device.Launch) error { <-step; return nil }}}
			d := ways[seed%2].open(t, s)
			b := alloc1(t, d)
			type wait struct {
				err    <-chan error
				cancel context.CancelFunc
				behind int // launches before it
			}
			var waits []wait
			launches, done := 0, 0
			check := func() {
				for _, w := range waits {
					if pending(w.err) != (w.behind > done) {
						t.Fatalf("seed %d: %d launches are done; the wait behind %d is over: %v", seed, done, w.behind, !pending(w.err))
					}
				}
			}
			for range 400 {
				switch n := r.IntN(10); {
				case n < 3 || launches == done:
					launchMark(t, d, launches, b)
					launches++
				case n < 6:
					ctx, cancel := context.WithCancel(context.Background())
					waits = append(waits, wait{later(func() error { return d.Sync(ctx) }), cancel, launches})
				case n < 8 && len(waits) > 0:
					i := r.IntN(len(waits))
					over := !pending(waits[i].err)
					waits[i].cancel()
					err := <-waits[i].err
					if over {
						expect(t, "a wait that was over", err, nil)
					} else {
						expect(t, "a wait that was given up", err, context.Canceled)
					}
					waits = slices.Delete(waits, i, i+1)
				default:
					step <- struct{}{}
					done++
				}
				synctest.Wait()
				check()
			}
			for ; done < launches; done++ {
				step <- struct{}{}
			}
			for _, w := range waits {
				expect(t, "a wait", <-w.err, nil)
				w.cancel()
			}
			expect(t, "Sync", d.Sync(context.Background()), nil)
			i := 0
			for _, did := range s.list() {
				if did == fmt.Sprint("launch ", i) {
					i++
				} else if did != "finish" {
					t.Fatalf("seed %d: %s is done; launch %d is next", seed, did, i)
				}
			}
			if i != launches {
				t.Errorf("seed %d: %d of %d launches were done", seed, i, launches)
			}
		})
	}
}

// A wait whose context ends at the moment of its turn ends either way, and the turn is
// passed on.
func TestTurnAndDeadlineAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stage{hooks: &hooks{execute: func(context.Context, *device.Launch) error { time.Sleep(time.Second); return nil }}}
		d := ways[0].open(t, s)
		b := alloc1(t, d)
		over := 0
		for i := range 200 {
			launchMark(t, d, i, b)
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			first := later(func() error { return d.Sync(ctx) })
			synctest.Wait()
			second := later(func() error { return d.Sync(context.Background()) })
			if err := <-first; err == nil {
				over++
			} else {
				expect(t, "Sync", err, context.DeadlineExceeded)
			}
			expect(t, "the Sync behind it", <-second, nil)
			cancel()
		}
		if d.queue.taken || d.queue.length != 0 {
			t.Errorf("in the end the turn is taken: %v, and %d wait", d.queue.taken, d.queue.length)
		}
		t.Logf("%d of 200 waits had their turn", over)
	})
}
