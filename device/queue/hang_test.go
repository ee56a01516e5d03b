package queue

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"offload/device"
)

// An engine whose hardware does not answer, and does not look at contexts, keeps nobody
// beyond the end of a context, in whichever call it hangs. Once it answers, the queue
// goes on.
func TestWaitsOfAHangingEngine(t *testing.T) {
	calls := []struct {
		name string
		do   func(ctx context.Context, d *Device, b device.Buffer) error
	}{
		{"Sync", func(ctx context.Context, d *Device, _ device.Buffer) error { return d.Sync(ctx) }},
		{"Wait", func(ctx context.Context, _ *Device, b device.Buffer) error { return b.Wait(ctx) }},
		{"Read", func(ctx context.Context, _ *Device, b device.Buffer) error {
			return b.Read(ctx, 0, device.Of(make([]int32, 1)))
		}},
		{"Write", func(ctx context.Context, _ *Device, b device.Buffer) error {
			return b.Write(ctx, 0, device.Of(make([]int32, 1)))
		}},
		{"Launch of a new kernel", func(ctx context.Context, d *Device, b device.Buffer) error {
			fresh, l := *mark, marked(0, b)
			l.Kernel = &fresh
			return d.Launch(ctx, l)
		}},
	}
	for first, name := range map[int]string{0: "Finish", 4: "Prepare"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hang := make(chan struct{})
				s := &stage{hooks: &hooks{finish: func(context.Context) error { <-hang; return nil }, prepare: func() error { <-hang; return nil }}}
				d := ways[1].open(t, s)
				b := alloc1(t, d)
				before := d.Counters().Progress
				for i := range 2 * len(calls) {
					c := calls[(first+i)%len(calls)]
					ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
					start := time.Now()
					expect(t, c.name, c.do(ctx, d, b), context.DeadlineExceeded)
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
					t.Error("Sync did not wait for the engine")
				}
				close(hang)
				expect(t, "Sync", <-synced, nil)
				if got := d.Counters().Progress; got <= before {
					t.Errorf("an engine that answers again has made no progress since %d", before)
				}
			})
		})
	}
}

// A transfer that has begun is waited for, even after the end of its context: it uses the
// caller's memory.
func TestTransferUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		s := &stage{hooks: &hooks{transfer: func() { <-hang }}}
		d := ways[1].open(t, s)
		b := alloc1(t, d)
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		read := later(func() error { return b.Read(ctx, 0, device.Of(make([]int32, 1))) })
		synctest.Wait()
		expect(t, "Sync behind a Read that hangs", d.Sync(ctx), context.DeadlineExceeded)
		time.Sleep(time.Second)
		if !pending(read) {
			t.Errorf("Read has returned %v, and its memory is in use", <-read)
		}
		close(hang)
		expect(t, "Read", <-read, nil)
		expect(t, "Sync", d.Sync(context.Background()), nil)
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
