package inorder

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"offload/device"
)

// An engine whose hardware does not answer, and does not look at contexts, keeps nobody
// beyond the end of a context. Once it answers, the queue goes on.
func TestWaitsOfAHangingEngine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		s := &stage{hooks: &hooks{finish: func(context.Context) error { <-hang; return nil }}}
		d := ways[1].open(t, s)
		b, one := alloc1(t, d), device.Of(make([]int32, 1))
		fresh := *mark
		before := d.Counters().Progress
		calls := []struct {
			name string
			do   func(context.Context) error
		}{
			{"the Sync that hangs", d.Sync},
			{"a Sync behind it", d.Sync},
			{"Wait", b.Wait},
			{"Read", func(ctx context.Context) error { return b.Read(ctx, 0, one) }},
			{"Write", func(ctx context.Context) error { return b.Write(ctx, 0, one) }},
			{"Launch of a new kernel", func(ctx context.Context) error {
				l := marked(0, b)
				l.Kernel = &fresh
				return d.Launch(ctx, l)
			}},
		}
		for _, c := range calls {
			ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
			start := time.Now()
			expect(t, c.name, c.do(ctx), context.DeadlineExceeded)
			if took := time.Since(start); took != 50*time.Millisecond {
				t.Errorf("%s took %v, its context 50 ms", c.name, took)
			}
			cancel()
		}
		if got := d.Counters().Progress; got != before {
			t.Errorf("an engine that hangs has made progress: %d, then %d", before, got)
		}
		launchMark(t, d, 1, b)
		expect(t, "Free", b.Free(), nil) // does not wait
		synced := later(func() error { return d.Sync(context.Background()) })
		synctest.Wait()
		if !pending(synced) {
			t.Error("Sync did not wait for the turn of the one that hangs")
		}
		close(hang)
		expect(t, "Sync", <-synced, nil)
		if got := d.Counters().Progress; got <= before {
			t.Errorf("an engine that answers again has made no progress since %d", before)
		}
	})
}

// Close waits for an engine that hangs: what it was given may still be written to.
func TestCloseOfAHangingEngine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		s := &stage{hooks: &hooks{finish: func(context.Context) error { <-hang; return nil }}}
		d := ways[1].open(t, s)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		expect(t, "Sync", d.Sync(ctx), context.DeadlineExceeded)
		closed := later(d.Close)
		synctest.Wait()
		expect(t, "Sync while closing", d.Sync(context.Background()), device.ErrClosed)
		time.Sleep(time.Hour)
		if !pending(closed) {
			t.Error("Close returned while the engine was at work")
		}
		close(hang)
		expect(t, "Close", <-closed, nil)
	})
}

// Cancelled launches are no progress: an engine that hangs in each until its context
// ends gets nothing done.
func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hangs := true
		s := &stage{hooks: &hooks{execute: func(ctx context.Context, _ *device.Launch) error {
			if hangs {
				<-ctx.Done()
			}
			return nil
		}}}
		d := ways[0].open(t, s)
		b := alloc1(t, d)
		before := d.Counters().Progress
		for i := range 5 {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			if err := d.Launch(ctx, marked(i, b)); err != nil {
				t.Error(err)
			}
			expect(t, "Wait", b.Wait(context.Background()), context.DeadlineExceeded)
			cancel()
		}
		if got := d.Counters().Progress; got != before {
			t.Errorf("progress %d after cancelled launches, %d before", got, before)
		}
		hangs = false
		launchMark(t, d, 5, b)
		expect(t, "Wait", b.Wait(context.Background()), nil)
		if got := d.Counters().Progress; got <= before {
			t.Errorf("no progress with a launch that was done")
		}
	})
}
