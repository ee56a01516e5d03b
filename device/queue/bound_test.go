package queue

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"offload/device"
)

// full returns a device that runs launch 0 and has a full queue of launches 1 to
// device.QueueDepth. Each receive from step lets one launch end.
func full(t *testing.T, way int, step chan struct{}) (*Device, *stage, device.Buffer) {
	s := &stage{hooks: &hooks{execute: func(context.Context, *device.Launch) error { <-step; return nil }}}
	d := ways[way].open(t, s)
	b := alloc1(t, d)
	for i := range device.QueueDepth + 1 {
		launchMark(t, d, i, b)
	}
	synctest.Wait()
	return d, s, b
}

// Launches beyond the depth of the queue wait in the order of the calls, each for one
// launch to begin, or until their contexts end.
func TestLaunchesWaitForRoom(t *testing.T) {
	for i, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				step := make(chan struct{})
				d, s, b := full(t, i, step)
				ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
				defer cancel()
				var next []<-chan error
				for i := range 4 {
					ctx := ctx
					if i != 1 {
						ctx = context.Background()
					}
					next = append(next, later(func() error { return d.Launch(ctx, marked(device.QueueDepth+1+i, b)) }))
					synctest.Wait()
				}
				start := time.Now()
				expect(t, "the launch with a deadline", <-next[1], context.DeadlineExceeded)
				if took := time.Since(start); took != time.Minute {
					t.Errorf("it took %v, want a minute", took)
				}
				next = slices.Delete(next, 1, 2)
				for i := range next {
					for j := i; j < len(next); j++ {
						if !pending(next[j]) {
							t.Fatalf("launch %d went on when %d had begun", j, i)
						}
					}
					step <- struct{}{}
					expect(t, "a launch that waited for room", <-next[i], nil)
					synctest.Wait()
				}
				close(step)
				expect(t, "Wait", b.Wait(context.Background()), nil)
				var want []string
				for i := range device.QueueDepth + 5 {
					if i != device.QueueDepth+2 {
						want = append(want, fmt.Sprint("launch ", i))
					}
				}
				if got := s.list(); !slices.Equal(got, append(want, "finish")) {
					t.Errorf("done: %q", got)
				}
			})
		})
	}
}

// turnstile is a place that the test makes free again.
type turnstile struct {
	lent int
	back chan struct{}
}

func (p *turnstile) Lend()                  { p.lent++ }
func (p *turnstile) Return(context.Context) { <-p.back; p.lent-- }

// The room that a launch has waited for stays its own until its caller has its place
// back; and those whose contexts end meanwhile leave it to the next.
func TestRoomIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		step := make(chan struct{})
		d, s, b := full(t, 0, step)
		s.held = device.PlaceOf
		place := &turnstile{back: make(chan struct{})}
		ctx, cancel := context.WithCancel(device.WithPlace(context.Background(), place))
		first := later(func() error { return d.Launch(ctx, marked(-1, b)) })
		synctest.Wait()
		if place.lent != 1 {
			t.Errorf("a launch that waits for room has lent its place %d times", place.lent)
		}
		step <- struct{}{}
		synctest.Wait()
		second := later(func() error { return d.Launch(context.Background(), marked(-2, b)) })
		synctest.Wait()
		if !pending(first) || !pending(second) {
			t.Fatalf("there is room for the first launch, whose place is not back; returned: %v, the second: %v", !pending(first), !pending(second))
		}
		cancel()
		place.back <- struct{}{}
		expect(t, "a launch whose context has ended", <-first, context.Canceled)
		expect(t, "the launch behind it", <-second, nil)
		close(step)
		expect(t, "Wait", b.Wait(context.Background()), nil)
		if d.queue.launches != 0 || len(d.queue.blocked) != 0 {
			t.Errorf("in the end %d launches are counted, %d blocked", d.queue.launches, len(d.queue.blocked))
		}
	})
}

// A place is lent while its owner's work is waited for, and taken back after the turn
// has been passed on; who need not wait lends nothing.
func TestPlacesAreLent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := make(gate)
		s := &stage{hooks: &hooks{execute: g.execute, held: device.PlaceOf}}
		d := ways[0].open(t, s)
		b, one := alloc1(t, d), device.Of(make([]int32, 1))
		calls := map[string]func(context.Context) error{
			"Sync":  d.Sync,
			"Wait":  b.Wait,
			"Read":  func(ctx context.Context) error { return b.Read(ctx, 0, one) },
			"Write": func(ctx context.Context) error { return b.Write(ctx, 0, one) },
		}
		for name, call := range calls {
			place := &turnstile{back: make(chan struct{})}
			if err := call(device.WithPlace(context.Background(), place)); err != nil {
				t.Errorf("%s of an idle device, which lends a place: %v", name, err)
			}
		}
		launchMark(t, d, 0, b)
		places := map[string]*turnstile{}
		ends := map[string]<-chan error{}
		for name, call := range calls {
			place := &turnstile{back: make(chan struct{})}
			places[name] = place
			ends[name] = later(func() error { return call(device.WithPlace(context.Background(), place)) })
			synctest.Wait()
			if place.lent != 1 {
				t.Errorf("%s that waits has lent %d places", name, place.lent)
			}
		}
		close(g)
		expect(t, "a Sync that nobody holds up", d.Sync(context.Background()), nil)
		for name, end := range ends {
			if !pending(end) {
				t.Errorf("%s returned without its place", name)
			}
			places[name].back <- struct{}{}
			expect(t, name, <-end, nil)
		}
	})
}

// Close waits for running work and ends all waits: for a turn, for room, for the
// hardware.
func TestCloseWakes(t *testing.T) {
	for i, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				step := make(chan struct{})
				d, s, b := full(t, i, step)
				ctx, one := context.Background(), device.Of(make([]int32, 1))
				waiting := map[string]<-chan error{
					"Launch": later(func() error { return d.Launch(ctx, marked(-1, b)) }),
					"Sync":   later(func() error { return d.Sync(ctx) }),
					"Wait":   later(func() error { return b.Wait(ctx) }),
					"Read":   later(func() error { return b.Read(ctx, 0, one) }),
					"Write":  later(func() error { return b.Write(ctx, 0, one) }),
				}
				synctest.Wait()
				closed := later(d.Close)
				for call, err := range waiting {
					expect(t, call, <-err, device.ErrClosed)
				}
				synctest.Wait()
				if !pending(closed) {
					t.Error("Close did not wait for the launch that runs")
				}
				close(step)
				expect(t, "Close", <-closed, nil)
				if got := s.list(); len(got) != 1 {
					t.Errorf("after Close began, %q were done", got[1:])
				}
			})
		})
	}
}

// Close waits for a launch that runs in its caller.
func TestCloseWaitsForACaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := make(gate)
		s := &stage{hooks: &hooks{execute: g.execute, inline: func(*device.Launch) bool { return true }}}
		d := ways[0].open(t, s)
		b := alloc1(t, d)
		launched := later(func() error { return d.Launch(context.Background(), marked(0, b)) })
		synctest.Wait()
		closed := later(d.Close)
		synctest.Wait()
		if !pending(launched) || !pending(closed) {
			t.Errorf("Launch has returned: %v; Close: %v", !pending(launched), !pending(closed))
		}
		close(g)
		expect(t, "Launch", <-launched, nil)
		expect(t, "Close", <-closed, nil)
	})
}
