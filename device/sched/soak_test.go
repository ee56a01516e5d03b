package sched_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"offload/cpu"
	"offload/device/devicetest"
	"offload/device/reference"
	"offload/device/sched"
)

// Tasks from several goroutines, in real time, on the reference device and a faster
// one that fails in one way after another: every result has the right bits, and goroutines and
// memory end where they began. OFFLOAD_SOAK=10m makes it last as long.
func TestSoak(t *testing.T) {
	duration := 2 * time.Second
	if s := os.Getenv("OFFLOAD_SOAK"); s != "" {
		var err error
		if duration, err = time.ParseDuration(s); err != nil {
			t.Fatal(err)
		}
	}
	list := works(t)
	goroutines := runtime.NumGoroutine()
	s := soaked(t, list, int(duration/time.Second))
	var done, again atomic.Int64
	heap := heapInUse()
	end := time.Now().Add(duration)
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			r := rand.New(rand.NewPCG(uint64(g), 11))
			for time.Now().Before(end) && !t.Failed() {
				w := list[r.IntN(len(list))]
				got, err := sched.Submit(context.Background(), s, w.task(true)).Get(context.Background())
				if err != nil || !bytes.Equal(got.Value, w.want) {
					t.Errorf("%s: %v, %v", w.name, err, got.Report)
				}
				done.Add(1)
				again.Add(int64(len(got.Report.Attempts) - 1))
			}
		})
	}
	all.Wait()
	grown := heapInUse() - heap
	s.Close() // says what the last instance of the device had to say
	// A device that hung may take longer to close than devicetest.NoLeak waits.
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > goroutines && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	left := runtime.NumGoroutine() - goroutines
	t.Logf("%d tasks in %v, %d attempts failed; heap %+d KiB, goroutines %+d", done.Load(), duration, again.Load(), grown>>10, left)
	if left > 0 || grown > 64<<20 || again.Load() == 0 {
		t.Errorf("%d goroutines are left, the heap grew by %d MiB, %d attempts failed", left, grown>>20, again.Load())
	}
}

// soaked is a scheduler for that work whose first candidate fails in that many lives, one
// after another.
func soaked(t *testing.T, list []work, lives int) *sched.Scheduler {
	r := rand.New(rand.NewPCG(1, 11))
	calibrated := new(atomic.Bool)
	faults := make([][]devicetest.Fault, 10*lives)
	kinds := []devicetest.FaultKind{devicetest.Lost, devicetest.Lost, devicetest.Lost, devicetest.OutOfMemory, devicetest.Stall}
	for i := range faults {
		faults[i] = []devicetest.Fault{{Kind: kinds[r.IntN(len(kinds))], At: 1 + r.IntN(2000), Armed: calibrated}}
	}
	pool, err := cpu.NewPool(0)
	if err != nil {
		t.Fatal(err)
	}
	s, err := sched.New(context.Background(), sched.Options{
		Devices: []sched.Candidate{
			candidate("gpu", devicetest.FaultyOpen(cpu.Open, faults...)),
			candidate("cpu", reference.Open),
		},
		Pool: pool, Folder: t.TempDir(), Pause: 20 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range list {
		calibrate(t, s, remembered(w.task(false).Needs.Kernels[0], 256))
	}
	calibrated.Store(true)
	return s
}

func heapInUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse)
}
