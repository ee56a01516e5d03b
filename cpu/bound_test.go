package cpu

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"offload/device"
	"offload/device/devicetest"
)

// meter counts the functions that run at the same time, excluding those that wait.
type meter struct{ now, most atomic.Int64 }

func (m *meter) enter() {
	n := m.now.Add(1)
	for most := m.most.Load(); n > most && !m.most.CompareAndSwap(most, n); most = m.most.Load() {
	}
}

func (m *meter) leave() { m.now.Add(-1) }

// wait wraps a call in which a function waits.
func (m *meter) wait(call func()) {
	m.leave()
	call()
	m.enter()
}

// openPool returns a pool that the test closes.
func openPool(t testing.TB, workers int, options ...Option) *Pool {
	t.Helper()
	p, err := NewPool(workers, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// openOn opens a device on p that the test closes.
func openOn(t testing.TB, p *Pool) device.Device {
	t.Helper()
	d, err := OpenOn(context.Background(), p, device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// kernelOf returns a kernel of one output whose rows cost ops operations each; 0 means a
// kernel without Cost.
func kernelOf(ops float64, contract func(t *device.Tile)) *device.Kernel {
	k := &device.Kernel{
		Name:     "sample",
		Params:   []device.Param{{Name: "out", Type: device.Uint32, Access: device.WriteRows}},
		Contract: contract,
	}
	if ops > 0 {
		k.Cost = func(l *device.Launch) device.Cost { return device.Cost{Ops: ops * float64(l.Rows.Len())} }
	}
	return k
}

// launchOf returns a launch of k on rows of a new buffer.
func launchOf(t testing.TB, d device.Device, k *device.Kernel, rows int) *device.Launch {
	t.Helper()
	b, err := d.Alloc(device.Uint32, rows)
	if err != nil {
		t.Fatal(err)
	}
	return &device.Launch{Kernel: k, Rows: device.Range{Hi: rows}, Args: []device.Arg{device.Vec(b)}}
}

// Exactly as many tasks run as there are workers, though many goroutines wait for them.
func TestTasksAreBoundByTheWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := openPool(t, 2)
		var m meter
		var all sync.WaitGroup
		start := time.Now()
		for range 50 {
			all.Go(func() {
				Submit(t.Context(), p, func(context.Context) (int, error) {
					m.enter()
					defer m.leave()
					time.Sleep(20 * time.Millisecond)
					return 0, nil
				}).Get(t.Context())
			})
		}
		all.Wait()
		if took := time.Since(start); m.most.Load() != 2 || took != 500*time.Millisecond {
			t.Errorf("%d of 50 tasks ran at the same time, and all took %v; want 2, and 500ms", m.most.Load(), took)
		}
	})
}

// Tasks, maps, loops and launches of several devices share the places of their pool, in
// any nesting and with any contexts of their waits.
func TestEverythingIsBoundByTheWorkers(t *testing.T) {
	for _, workers := range []int{1, 2, 3} {
		t.Run(fmt.Sprint("workers=", workers), func(t *testing.T) {
			devicetest.NoLeak(t)
			x := newMixture(t, workers)
			x.crowd()
			if most := x.most.Load(); most != int64(workers) {
				t.Errorf("%d functions ran at the same time on %d workers", most, workers)
			}
		})
	}
}

// Waits that are cut short at any time lose no place.
func TestNoPlaceIsLost(t *testing.T) {
	for _, workers := range []int{1, 2, 3} {
		t.Run(fmt.Sprint("workers=", workers), func(t *testing.T) {
			devicetest.NoLeak(t)
			x := newMixture(t, workers)
			x.impatient = true
			x.crowd()
			for range 2000 { // tasks whose waits were cut short may still run
				x.pool.mu.Lock()
				free, line, tasks := x.pool.free.Load(), len(x.pool.waiting), len(x.pool.todo)-x.pool.next
				x.pool.mu.Unlock()
				if free == int32(workers) && line == 0 && tasks == 0 {
					return
				}
				time.Sleep(5 * time.Millisecond)
			}
			t.Errorf("%d of %d places are free in the end", x.pool.free.Load(), workers)
		})
	}
}

// mixture is work of all kinds on one pool.
type mixture struct {
	meter
	t         *testing.T
	pool      *Pool
	devices   []device.Device
	kernels   []*device.Kernel
	impatient bool // the waits have deadlines, from 1 µs to 33 ms
}

func newMixture(t *testing.T, workers int) *mixture {
	x := &mixture{t: t, pool: openPool(t, workers, QueueSize(3))}
	contract := func(*device.Tile) {
		x.enter()
		defer x.leave()
		runtime.Gosched()
	}
	x.kernels = []*device.Kernel{kernelOf(1, contract), kernelOf(1e6, contract), kernelOf(0, contract)}
	x.devices = []device.Device{openOn(t, x.pool), openOn(t, x.pool)}
	return x
}

// crowd runs work on fifty goroutines.
func (x *mixture) crowd() {
	rounds := 30
	if testing.Short() {
		rounds = 10
	}
	if x.impatient {
		rounds *= 10
	}
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 1))
			for range rounds {
				x.work(context.Background(), r, 4, func(call func()) { call() })
			}
		})
	}
	all.Wait()
}

// work starts a random kind of work and waits for it; wait wraps the waits.
func (x *mixture) work(ctx context.Context, r *rand.Rand, depth int, wait func(func())) {
	if depth == 0 {
		return
	}
	if r.IntN(3) == 0 {
		ctx = context.Background() // the place is found nevertheless
	}
	if x.impatient {
		hasty, cancel := context.WithTimeout(ctx, time.Microsecond<<r.IntN(16))
		defer cancel()
		ctx = hasty
	}
	seed := r.Uint64()
	inner := func(ctx context.Context, i int) {
		x.enter()
		defer x.leave()
		runtime.Gosched()
		x.work(ctx, rand.New(rand.NewPCG(seed, uint64(i))), depth-1, x.wait)
	}
	var err error
	switch r.IntN(5) {
	case 0:
		wait(func() {
			_, err = Submit(ctx, x.pool, func(ctx context.Context) (int, error) { inner(ctx, 0); return 0, nil }).Get(ctx)
		})
	case 1:
		wait(func() {
			_, err = Map(ctx, x.pool, []int{0, 1, 2}, func(ctx context.Context, i int) (int, error) { inner(ctx, i); return 0, nil })
		})
	case 2:
		wait(func() {
			err = x.pool.ForEach(ctx, 3, func(ctx context.Context, r device.Range) error { inner(ctx, r.Lo); return nil })
		})
	case 3:
		wait(func() {
			seq := func(yield func(int) bool) {
				for i := 0; i < 3 && yield(i); i++ {
				}
			}
			for _, e := range MapSeq(ctx, x.pool, seq, func(ctx context.Context, i int) (int, error) { inner(ctx, i); return 0, nil }) {
				err = e
			}
		})
	default:
		d := x.devices[r.IntN(len(x.devices))]
		l := launchOf(x.t, d, x.kernels[r.IntN(len(x.kernels))], 8)
		wait(func() {
			for range 3 {
				err = errors.Join(err, d.Launch(ctx, l))
			}
			err = errors.Join(err, l.Wait(ctx), l.Args[0].Buffer.Free())
		})
	}
	// A deadline that one item of a map misses cancels the others.
	if err != nil && !(x.impatient && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled))) {
		x.t.Error(err)
	}
}
