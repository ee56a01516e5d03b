package queue

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"offload/device"
)

// A buffer that is freed stays for what was queued before, and for nothing else.
func TestFree(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := make(gate)
				s := &stage{hooks: &hooks{execute: g.execute}}
				d := way.open(t, s)
				ctx, b, one := context.Background(), alloc1(t, d), device.Of(make([]int32, 1))
				launchMark(t, d, 0, b)
				launchMark(t, d, 1, b)
				before := later(func() error { return b.Read(ctx, 0, one) })
				synctest.Wait()
				expect(t, "Free", b.Free(), nil)
				for call, err := range map[string]error{
					"Launch": d.Launch(ctx, marked(2, b)), "Wait": b.Wait(ctx), "Read": b.Read(ctx, 0, one),
					"Write": b.Write(ctx, 0, one), "Free": b.Free(),
				} {
					expect(t, call+" after Free", err, device.ErrClosed)
				}
				close(g)
				expect(t, "a Read before Free", <-before, nil)
				expect(t, "Sync", d.Sync(ctx), nil)
				if want := []string{"launch 0", "launch 1", "read", "free", "finish"}; !slices.Equal(s.list(), want) {
					t.Errorf("done: %q, want %q", s.list(), want)
				}
			})
		})
	}
}

// Memory that was freed is there for the next buffer, if that has to wait for it; what
// does not fit is refused at once.
func TestMemoryIsLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := make(gate)
		s := &stage{hooks: &hooks{execute: g.execute}}
		d := ways[0].open(t, s)
		d.info.Memory = 100
		b, err := d.Alloc(device.Int32, 20)
		if err != nil {
			t.Fatal(err)
		}
		launchMark(t, d, 0, b)
		if _, err := d.Alloc(device.Int32, 20); !errors.Is(err, device.ErrOutOfMemory) {
			t.Errorf("Alloc of 80 bytes more than there are: %v", err)
		}
		b.Free()
		next := later(func() error { _, err := d.Alloc(device.Int32, 20); return err })
		synctest.Wait()
		if !pending(next) {
			t.Error("Alloc did not wait for memory that a launch still uses")
		}
		close(g)
		expect(t, "Alloc", <-next, nil)
		if _, err := d.Alloc(device.Int32, 20); !errors.Is(err, device.ErrOutOfMemory) {
			t.Errorf("Alloc of memory that is in use: %v", err)
		}
	})
}

// A burst of launches leaves neither a large queue behind nor a reference to a buffer.
func TestQueueGivesMemoryBack(t *testing.T) {
	for _, way := range ways {
		for _, closes := range []bool{false, true} {
			g := make(gate)
			s := &stage{hooks: &hooks{execute: g.execute}}
			d := way.open(t, s)
			buffers := burst(t, d)
			if closes {
				later := later(d.Close)
				for d.Sync(context.Background()) == nil {
					time.Sleep(time.Millisecond)
				}
				close(g)
				expect(t, "Close", <-later, nil)
			} else {
				close(g)
				b := alloc1(t, d)
				for range 20 {
					launchMark(t, d, 1, b)
					expect(t, "Sync", d.Sync(context.Background()), nil)
				}
				if n := len(d.queue.ring); n != smallRing {
					t.Errorf("%s: %d places in an empty queue, want %d", way.name, n, smallRing)
				}
			}
			left := len(buffers)
			for range 100 {
				runtime.GC()
				left = 0
				for _, p := range buffers {
					if p.Value() != nil {
						left++
					}
				}
				if left == 0 {
					break
				}
				time.Sleep(time.Millisecond)
			}
			if left > 0 {
				t.Errorf("%s, closed %v: %d of %d buffers are still referred to", way.name, closes, left, len(buffers))
			}
			runtime.KeepAlive(d)
		}
	}
}

// burst fills the queue with launches on buffers that nothing else refers to, some of
// them behind waits that are given up.
func burst(t *testing.T, d *Device) (pointers []weak.Pointer[buffer]) {
	buffers := make([]device.Buffer, device.QueueDepth)
	for i := range buffers {
		buffers[i] = alloc1(t, d)
		pointers = append(pointers, weak.Make(buffers[i].(*buffer)))
	}
	for i, b := range buffers {
		launchMark(t, d, i, b)
		if i%100 == 50 {
			ctx, cancel := context.WithCancel(context.Background())
			waits := later(func() error { return b.Wait(ctx) })
			cancel()
			expect(t, "Wait", <-waits, context.Canceled)
		}
	}
	return pointers
}

// Launches that are queued allocate nothing once the queue is warm, nor do waits.
func TestQueuedLaunchesDoNotAllocate(t *testing.T) {
	for _, way := range ways {
		s := &stage{hooks: new(hooks)}
		d := way.open(t, s)
		b := alloc1(t, d)
		l, ctx := marked(1, b), context.Background()
		s.quiet = true
		round := func() {
			for range 10 {
				if err := d.Launch(ctx, l); err != nil {
					t.Fatal(err)
				}
			}
			if err := b.Wait(ctx); err != nil {
				t.Fatal(err)
			}
		}
		for range 20 {
			round()
		}
		if allocs := testing.AllocsPerRun(100, round); allocs != 0 {
			t.Errorf("%s: %g allocations for ten launches and a wait", way.name, allocs)
		}
	}
}
