package cpu

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"offload/device"
)

// run launches l and waits for it.
func run(ctx context.Context, d device.Device, l *device.Launch) error {
	if err := d.Launch(ctx, l); err != nil {
		return err
	}
	return l.Wait(ctx)
}

// A kernel without Cost runs on all workers at its first launch, when it is not measured
// yet, and later, when it was measured to be slow.
func TestKernelsWithoutCostUseAllWorkers(t *testing.T) {
	const workers = 3
	d := openOn(t, openPool(t, workers))
	var met, tiles atomic.Int64
	all := make(chan struct{})
	k := kernelOf(0, func(t *device.Tile) {
		tiles.Add(1)
		if met.Add(1) == workers {
			close(all)
		}
		select {
		case <-all:
		case <-time.After(time.Minute):
		}
		for start := time.Now(); time.Since(start) < 100*time.Microsecond; {
		}
	})
	l := launchOf(t, d, k, 1000)
	for i := range 3 {
		met.Store(0)
		tiles.Store(0)
		all = make(chan struct{})
		if err := run(context.Background(), d, l); err != nil {
			t.Fatal(err)
		}
		if met.Load() < workers || tiles.Load() != workers*tilesPerWorker {
			t.Errorf("launch %d: %d tiles, the first %d of which met; want %d, and %d", i, tiles.Load(), met.Load(), workers*tilesPerWorker, workers)
		}
	}
}

// A kernel without Cost that was measured to be fast runs in its caller, until it becomes
// slow.
func TestKernelsWithoutCostAreMeasured(t *testing.T) {
	ctx := context.Background()
	d := openOn(t, openPool(t, 2))
	var slow, asked atomic.Bool
	var where atomic.Uint64
	k := kernelOf(0, func(*device.Tile) {
		if asked.Load() { // this takes long itself
			where.Store(goroutineID())
		}
		if slow.Load() {
			time.Sleep(time.Millisecond)
		}
	})
	l := launchOf(t, d, k, 1)
	until := func(inline bool) {
		t.Helper()
		for i := range 1000 {
			asked.Store(i%10 == 0)
			if err := run(ctx, d, l); err != nil {
				t.Fatal(err)
			}
			if asked.Load() && (where.Load() == goroutineID()) == inline {
				return
			}
		}
		t.Errorf("1000 launches, and none that runs in its caller: %v", inline)
	}
	until(false)
	until(true)
	slow.Store(true)
	until(false)
}

// A plan, or a later call of a cost, that panics or calls Goexit is an error of its
// launch.
func TestFaultyPlansAndCosts(t *testing.T) {
	for name, fault := range map[string]func(){"panic": func() { panic("boom") }, "goexit": runtime.Goexit} {
		for _, ops := range []float64{1, 1e9} {
			t.Run(fmt.Sprint(name, " ops=", ops), func(t *testing.T) {
				ctx := context.Background()
				p := openPool(t, 2)
				d := openOn(t, p)
				k := kernelOf(ops, func(*device.Tile) {})
				k.Host = []device.HostCode{{Name: "go",
					Plan: func(*device.Launch, int, *device.Plan) { fault() },
					Run:  func(*device.Tile) {},
				}}
				costs, calls := kernelOf(ops, func(*device.Tile) {}), 0
				costs.Cost = func(l *device.Launch) device.Cost {
					if calls++; calls > 1 {
						fault()
					}
					return device.Cost{Ops: ops}
				}
				if err := run(ctx, d, launchOf(t, d, costs, 8)); !errors.Is(err, device.ErrPanic) {
					t.Errorf("cost: %v, want ErrPanic", err)
				}
				if err := run(ctx, d, launchOf(t, d, k, 8)); !errors.Is(err, device.ErrPanic) {
					t.Errorf("plan: %v, want ErrPanic", err)
				}
				if err := run(ctx, d, launchOf(t, d, kernelOf(ops, func(*device.Tile) {}), 8)); err != nil {
					t.Errorf("the next launch: %v", err)
				}
				p.mu.Lock()
				free := int(p.free.Load()) + p.coming // a worker that was called too late has a place still
				p.mu.Unlock()
				if free != 2 {
					t.Errorf("%d places are free afterwards, want 2", free)
				}
			})
		}
	}
}

// A launch on a closed pool fails with ErrClosed; Close waits for a running one.
func TestLaunchesOnAClosedPool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := openPool(t, 2)
		d := openOn(t, p)
		var ended atomic.Int64
		long := launchOf(t, d, kernelOf(1e9, func(*device.Tile) { time.Sleep(time.Second); ended.Add(1) }), 8)
		if err := d.Launch(t.Context(), long); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if err := p.Close(); err != nil || ended.Load() != 8 {
			t.Errorf("Close: %v, after %d of 8 tiles", err, ended.Load())
		}
		if err := long.Wait(t.Context()); err != nil {
			t.Errorf("the launch that ran: %v", err)
		}
		for _, ops := range []float64{0, 1, 1e9} {
			if err := run(t.Context(), d, launchOf(t, d, kernelOf(ops, func(*device.Tile) {}), 8)); !errors.Is(err, device.ErrClosed) {
				t.Errorf("%g operations: %v, want ErrClosed", ops, err)
			}
		}
	})
}

// A launch waits for a place until its context is done.
func TestLaunchesWaitForAPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := openPool(t, 1)
		d := openOn(t, p)
		for _, ops := range []float64{0, 1, 1e9} {
			l := launchOf(t, d, kernelOf(ops, func(*device.Tile) {}), 8)
			if err := run(t.Context(), d, l); err != nil { // so that the kernel is known to the device
				t.Fatal(err)
			}
			busy := Submit(t.Context(), p, sleeper)
			synctest.Wait()
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			defer cancel()
			if err := d.Launch(ctx, l); err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			if err := l.Wait(t.Context()); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Millisecond {
				t.Errorf("%g operations: %v after %v, want DeadlineExceeded after 1ms", ops, err, time.Since(start))
			}
			if err := run(t.Context(), d, l); err != nil || time.Since(start) != time.Second {
				t.Errorf("%g operations: %v after %v, want nil after 1s", ops, err, time.Since(start))
			}
			busy.Wait(t.Context())
		}
	})
}

// A launch or a task that arrives while another device's launch has all places gets one
// at the end of a tile, not of the launch.
func TestLaunchesShareTheirPool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := openPool(t, 2)
		tile := kernelOf(1e9, func(*device.Tile) { time.Sleep(time.Millisecond) })
		long, other := openOn(t, p), openOn(t, p)
		l := launchOf(t, long, tile, 1000)
		start := time.Now()
		if err := long.Launch(t.Context(), l); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3500 * time.Microsecond)
		if err := run(t.Context(), other, launchOf(t, other, tile, 1)); err != nil || time.Since(start) != 5*time.Millisecond {
			t.Errorf("the other device's launch: %v, after %v, want 5ms", err, time.Since(start))
		}
		if err := l.Wait(t.Context()); err != nil || time.Since(start) > 18*time.Millisecond {
			t.Errorf("the long launch: %v, after %v, want 17ms: its helper came back", err, time.Since(start))
		}
	})
}

// A device that is busy with a long launch reports progress.
func TestLongLaunchesProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := openOn(t, openPool(t, 2))
		l := launchOf(t, d, kernelOf(1e9, func(*device.Tile) { time.Sleep(time.Second) }), 8)
		if err := d.Launch(t.Context(), l); err != nil {
			t.Fatal(err)
		}
		for last, i := int64(-1), 0; i < 4; i++ {
			time.Sleep(time.Second)
			synctest.Wait()
			now := d.Counters().Progress
			if now <= last {
				t.Errorf("after %d s of 4, the progress is %d as it was before", i+1, now)
			}
			last = now
		}
	})
}

// A pool works in a bubble of virtual time, where the clock stands still while a
// goroutine runs, and takes none of that time itself.
func TestPoolInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		p := openPool(t, 3)
		d := openOn(t, p)
		start := time.Now()
		l := launchOf(t, d, kernelOf(1e9, func(t *device.Tile) {
			if t.Rows.Lo > 0 {
				time.Sleep(time.Millisecond) // worker 0, or a helper that the others wait for
			}
		}), 2)
		for range 20 {
			if err := run(ctx, d, l); err != nil {
				t.Fatal(err)
			}
			if err := p.ForEach(ctx, 3, func(context.Context, device.Range) error { time.Sleep(time.Millisecond); return nil }); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(start); took != 40*time.Millisecond {
			t.Errorf("20 launches and loops of 1 ms each took %v", took)
		}
	})
}

// A goroutine woken by a timer runs soon, though the only core is busy with a launch. The
// time is counted in tiles of 0.2 ms. Without yields the system takes the core away after
// 10 ms.
func TestTimersAreServedWhileThePoolIsBusy(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	d := openOn(t, openPool(t, 1))
	var tiles atomic.Int64
	k := kernelOf(1e9, func(t *device.Tile) {
		tiles.Add(int64(t.Rows.Len()))
		for start := time.Now(); time.Since(start) < 200*time.Microsecond; {
		}
	})
	late := 0
	for range 10 {
		tiles.Store(0)
		woken := make(chan int64)
		go func() {
			time.Sleep(time.Millisecond)
			woken <- tiles.Load()
		}()
		runtime.Gosched()
		for range 10 {
			if err := d.Launch(context.Background(), launchOf(t, d, k, 16)); err != nil {
				t.Fatal(err)
			}
		}
		if n := <-woken; n > 5+20 {
			late++
		}
		if err := d.Sync(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if late > 5 {
		t.Errorf("%d of 10 timers of 1 ms were served after more than 20 further tiles", late)
	}
}
