package hybrid_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"offload/cpu"
	"offload/device"
	"offload/device/devicetest"
)

// TestCancelledNeighbour: a goroutine that gives up its launches, whether they wait or
// run, disturbs nobody else's, and costs no part.
func TestCancelledNeighbour(t *testing.T) {
	virtually(t, "launches of 5 s", func(t *testing.T) {
		ctx := context.Background()
		d := halves(t, device.CPU, func(_ int, d device.Device) device.Device { return d })
		defer d.Close()
		const n = 100_000 // rows, half of which a part computes in 5 s
		input := slices.Repeat([]float32{2}, n)
		u, err := device.Upload(ctx, d, input)
		if err != nil {
			t.Fatal(err)
		}
		var both sync.WaitGroup
		both.Go(func() {
			for i := range 10 {
				v := mustAlloc(t, d, n)
				short, cancel := context.WithTimeout(ctx, time.Duration(1+i%3)*time.Second)
				start := time.Now()
				if err := errors.Join(copyRows(short, d, u, v), v.Wait(short)); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Duration(1+i%3)*time.Second {
					t.Errorf("a launch with a deadline of %d s: %v after %v", 1+i%3, err, time.Since(start))
				}
				cancel()
			}
		})
		both.Go(func() {
			for range 3 {
				v := mustAlloc(t, d, n)
				if err := copyRows(ctx, d, u, v); err != nil {
					t.Error(err)
				}
				if got, err := device.Download[float32](ctx, v); err != nil || !slices.Equal(got, input) {
					t.Errorf("the neighbour: %v, or wrong values", err)
				}
			}
		})
		both.Wait()
		if len(d.Parts()) != 2 {
			t.Errorf("a part was taken for lost: %v", d.Report())
		}
	})
}

// TestFreedAfterCancelledTransfer: a buffer whose transfer was given up may be freed while a
// part still transfers, and that costs no part.
func TestFreedAfterCancelledTransfer(t *testing.T) {
	for _, kind := range []string{"read", "write"} {
		virtually(t, kind, func(t *testing.T) {
			ctx := context.Background()
			var part *deaf
			d := halves(t, device.GPU, func(i int, d device.Device) device.Device {
				if i == 0 {
					part = &deaf{Device: d, released: make(chan struct{})}
					return part
				}
				return d
			})
			defer d.Close()
			input := slices.Repeat([]float32{3}, 1000)
			u, err := device.Upload(ctx, d, input)
			other, err2 := device.Upload(ctx, d, input)
			if err := errors.Join(err, err2); err != nil {
				t.Fatal(err)
			}
			part.hangs.Store(kind)
			time.AfterFunc(time.Second, func() { part.hangs.Store(""); close(part.released) })
			short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
			defer cancel()
			call := map[string]func(context.Context, int, device.Slice) error{"read": u.Read, "write": u.Write}[kind]
			if err := call(short, 0, device.Of(slices.Clone(input))); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the call that was given up: %v", err)
			}
			if err := u.Free(); err != nil {
				t.Errorf("Free: %v", err)
			}
			if got, err := device.Download[float32](ctx, other); err != nil || !slices.Equal(got, input) {
				t.Errorf("another buffer: %v, or wrong values", err)
			}
			if len(d.Parts()) != 2 {
				t.Errorf("a part was taken for lost: %v", d.Report())
			}
		})
	}
}

// TestNeighbours: goroutines share a device whose GPU may hang in any call. Whatever the
// others do, each call ends with its context, or soon; without a hang only with that
// context's error, and no part is lost. What is read is right.
func TestNeighbours(t *testing.T) {
	seeds := uint64(300)
	if testing.Short() {
		seeds = 60
	}
	for seed := range seeds {
		virtually(t, fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 3))
			class := []device.Class{device.CPU, device.GPU}[random.IntN(2)]
			var part *deaf
			d := halves(t, class, func(i int, d device.Device) device.Device {
				part = &deaf{Device: d, released: make(chan struct{})}
				return part // the second in the end
			})
			hang := []string{"", "alloc", "write", "launch", "wait", "read", "free"}[random.IntN(7)]
			var all sync.WaitGroup
			if hang != "" {
				after := time.Duration(random.IntN(30_000)) * time.Millisecond
				all.Go(func() { time.Sleep(after); part.hangs.Store(hang) })
			}
			for range 4 {
				random := rand.New(rand.NewPCG(random.Uint64(), 4))
				all.Go(func() { neighbour(t, d, random, hang != "") })
			}
			all.Wait()
			if hang == "" && len(d.Parts()) != 2 {
				t.Errorf("a part was taken for lost: %v", d.Report())
			}
			start := time.Now()
			if d.Close(); time.Since(start) > 5*time.Second {
				t.Errorf("Close took %v", time.Since(start))
			}
			close(part.released)
			time.Sleep(time.Minute)
		})
	}
}

// neighbour copies rows some times, with and without deadlines.
func neighbour(t *testing.T, d device.Device, random *rand.Rand, lost bool) {
	for range 6 {
		n := 1 << random.IntN(16) // up to 3 s
		input := make([]float32, n)
		for i := range input {
			input[i] = random.Float32()
		}
		ctx, deadline := context.Background(), time.Duration(0)
		if random.IntN(2) == 0 {
			deadline = time.Duration(1+random.IntN(5000)) * time.Millisecond
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, deadline)
			defer cancel()
		}
		time.Sleep(time.Duration(random.IntN(2000)) * time.Millisecond)
		start, wait := time.Now(), deadline
		u, err := d.Alloc(device.Float32, n)
		v, err2 := d.Alloc(device.Float32, n)
		if err = errors.Join(err, err2); err == nil {
			end, _ := ctx.Deadline()
			start, wait = time.Now(), max(0, time.Until(end))
			if err = u.Write(ctx, 0, device.Of(input)); err == nil {
				err = copyRows(ctx, d, u, v)
			}
			got := make([]float32, n)
			if err == nil {
				err = v.Read(ctx, 0, device.Of(got))
			}
			if err == nil && !slices.Equal(got, input) {
				t.Error("wrong values")
			}
		}
		if took := time.Since(start); deadline > 0 && took > wait || took > time.Minute {
			t.Errorf("a call with %v left took %v: %v", wait, took, err)
		}
		late := deadline > 0 && errors.Is(err, context.DeadlineExceeded)
		if err != nil && !late && !(lost && errors.Is(err, device.ErrLost)) {
			t.Errorf("with a deadline of %v: %v", deadline, err)
		}
	}
}

// TestTasksOfOneWorker: tasks of a pool of one that wait for a device on that pool and a
// GPU lend it their place, however they are nested.
func TestTasksOfOneWorker(t *testing.T) {
	devicetest.NoLeak(t)
	ctx := context.Background()
	pool, err := cpu.NewPool(1)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	onPool := func(ctx context.Context, o device.Options) (device.Device, error) { return cpu.OpenOn(ctx, pool, o) }
	d, err := join(ctx, device.Options{}, []float64{1, 1}, onPool, gpu)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	const n = 100
	var task func(ctx context.Context, depth int) error
	task = func(ctx context.Context, depth int) error {
		input := slices.Repeat([]float32{float32(depth)}, n)
		u, err := device.Upload(ctx, d, input)
		if err != nil {
			return err
		}
		v, err := d.Alloc(device.Float32, n)
		if err != nil {
			return err
		}
		for range 20 {
			if err := errors.Join(copyRows(ctx, d, u, v), v.Wait(ctx)); err != nil {
				return err
			}
		}
		if got, err := device.Download[float32](ctx, v); err != nil || !slices.Equal(got, input) {
			return fmt.Errorf("at depth %d: %w, or wrong values", depth, err)
		}
		if depth == 0 {
			return nil
		}
		_, err = cpu.Map(ctx, pool, []int{1, 2, 3}, func(ctx context.Context, _ int) (int, error) { return 0, task(ctx, depth-1) })
		return err
	}
	short, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	if err := task(short, 3); err != nil {
		t.Error(err)
	}
}
