package sched_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"offload/cpu"
	"offload/device"
	"offload/device/devicetest"
	"offload/device/sched"
	"offload/internal/simulated"
)

// TestSchedules is what goroutines that share a scheduler and a device may rely on, in
// random schedules of long and short launches, cancellations, deadlines, panics, calls
// of Goexit, tasks of tasks, and a device that is sound, slow, lost, wrong, or hangs in
// a driver that ignores contexts. In each schedule
//
// - a task that nobody cancelled gives the right bits, and where the device is sound, or
// only slow, it begins once; - a device that makes progress is never taken out; - a
// caller whose context ends returns at that moment of virtual time; - every other task
// ends with its own error; - Sync of a shared device reports no error of a launch; - no
// goroutine is left: the bubble ends when all of its goroutines have.
//
// OFFLOAD_SCHEDULES is the number of schedules, OFFLOAD_SCHEDULE a single one.
func TestSchedules(t *testing.T) {
	schedules, first := 300, 0
	if testing.Short() {
		schedules = 60
	}
	if s := os.Getenv("OFFLOAD_SCHEDULES"); s != "" {
		schedules, _ = strconv.Atoi(s)
	}
	if s := os.Getenv("OFFLOAD_SCHEDULE"); s != "" {
		first, _ = strconv.Atoi(s)
		schedules = first + 1
	}
	folder := t.TempDir()
	synctest.Test(t, func(t *testing.T) { measureChores(t, folder) })
	var count tally
	for seed := first; seed < schedules && !t.Failed(); seed++ {
		synctest.Test(t, func(t *testing.T) {
			s := &neighbourhood{T: t, r: rand.New(rand.NewPCG(uint64(seed), 5)), seed: seed, folder: folder, count: &count}
			s.run()
		})
	}
	t.Logf("%d schedules: %+v", schedules-first, &count)
	if schedules-first >= 60 && (count.again.Load() == 0 || count.cancelled.Load() == 0 || count.guilty.Load() == 0 || count.onDevice.Load() == 0) {
		t.Errorf("the schedules test nothing: %+v", &count)
	}
}

// tally is what has happened in all schedules.
type tally struct{ tasks, onDevice, again, cancelled, guilty, launches atomic.Int64 }

func (c *tally) String() string {
	return fmt.Sprintf("%d tasks, %d of them on the device, %d again elsewhere, %d cancelled, %d that threw; %d launches on a shared device",
		c.tasks.Load(), c.onDevice.Load(), c.again.Load(), c.cancelled.Load(), c.guilty.Load(), c.launches.Load())
}

// The GPU of the schedules computes a million items in a second, the host a tenth.
var (
	neighbourGPU  = simulated.Model{Name: "gpu", Rate: 1e6, Bandwidth: 1e9, Start: 10 * time.Microsecond}
	neighbourHost = simulated.Model{Name: "cpu", Class: device.CPU, Rate: 1e5, Start: time.Microsecond}
)

func measureChores(t *testing.T, folder string) {
	s, err := sched.New(t.Context(), sched.Options{
		Devices: []sched.Candidate{choreCandidate("gpu", simulated.Open(neighbourGPU)), choreCandidate("cpu", simulated.Open(neighbourHost))},
		Pool:    new(goPool), Folder: folder,
	})
	if err != nil {
		t.Fatal(err)
	}
	calibrate(t, s, chore)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func choreCandidate(name string, open opener) sched.Candidate {
	return sched.Candidate{Name: name, Open: func(ctx context.Context) (device.Device, error) {
		return open(ctx, device.Options{Kernels: []*device.Kernel{chore}})
	}}
}

// mood is what the device is in a schedule.
type mood int

const (
	sound mood = iota
	slow
	lost
	lying
	hanging
	moods
)

// neighbourhood is one schedule.
type neighbourhood struct {
	*testing.T
	r      *rand.Rand
	seed   int
	folder string
	count  *tally
	mood   mood
	s      *sched.Scheduler
	shared device.Device // beside the scheduler
}

func (n *neighbourhood) fail(format string, args ...any) {
	n.Helper()
	n.Errorf("schedule %d, mood %d: %s", n.seed, n.mood, fmt.Sprintf(format, args...))
}

func (n *neighbourhood) run() {
	n.mood = mood(n.r.IntN(int(moods)))
	until := make(chan struct{})
	gpu, faults := neighbourGPU, []devicetest.Fault{}
	at := 8 + n.r.IntN(150) // the first calls are those of the probe
	switch n.mood {
	case slow:
		gpu.Rate, gpu.Bandwidth = gpu.Rate/100, gpu.Bandwidth/100
	case lost:
		faults = append(faults, devicetest.Fault{Kind: devicetest.Lost, At: at})
	case lying:
		faults = append(faults, devicetest.Fault{Kind: devicetest.BitFlip, On: devicetest.LaunchCall, At: 1 + n.r.IntN(30)})
	case hanging:
		faults = append(faults, devicetest.Fault{Kind: devicetest.Hang, At: at, Until: until})
	}
	workers := 1 + n.r.IntN(3)
	pool, err := cpu.NewPool(workers)
	if err != nil {
		n.Fatal(err)
	}
	n.s, err = sched.New(n.Context(), sched.Options{
		Devices: []sched.Candidate{choreCandidate("gpu", devicetest.FaultyOpen(simulated.Open(gpu), faults)), choreCandidate("cpu", simulated.Open(neighbourHost))},
		Pool:    pool, Folder: n.folder, Recheck: 1, // every result is doubted
	})
	if err != nil {
		n.Fatal(err)
	}
	if n.shared, err = simulated.Open(neighbourGPU)(n.Context(), device.Options{}); err != nil {
		n.Fatal(err)
	}
	var all sync.WaitGroup
	for range 3 + n.r.IntN(8) {
		r := rand.New(rand.NewPCG(n.r.Uint64(), n.r.Uint64()))
		all.Go(func() {
			for range 1 + r.IntN(5) {
				time.Sleep(time.Duration(r.IntN(2000)) * time.Millisecond)
				if r.IntN(4) == 0 {
					n.launch(r)
				} else {
					n.task(r)
				}
			}
		})
	}
	all.Wait()
	if state := n.s.States()[0]; n.mood <= slow && !state.Usable {
		n.fail("a device that makes progress is out: %v", state.Err)
	}
	if err := n.s.Drain(n.Context()); err != nil {
		n.fail("Drain: %v", err)
	}
	if err := n.s.Close(); err != nil && n.mood <= slow {
		n.fail("Close: %v", err)
	}
	if err := n.shared.Close(); err != nil {
		n.fail("Close: %v", err)
	}
	close(until)
}

var errOwn = errors.New("the task's own error")

// task runs one task and looks at how it ends.
func (n *neighbourhood) task(r *rand.Rand) {
	n.count.tasks.Add(1)
	items := []float64{1e2, 1e4, 3e5, 4e6, 2e7}[r.IntN(5)] // 0.1 ms to 20 s on the GPU
	rows := 1 + r.IntN(20)
	call := choreCall(chore, rows, items/float64(rows))
	t, err := sched.CallTask(call)
	if err != nil {
		n.Fatal(err)
	}
	run := t.Run
	var want error
	switch r.IntN(12) {
	case 0:
		t.Run = func(context.Context, device.Device) (*device.Call, error) { panic("boom") }
		want = device.ErrPanic
	case 1:
		t.Run = func(context.Context, device.Device) (*device.Call, error) { runtime.Goexit(); return nil, nil }
		want = device.ErrPanic
	case 2:
		t.Check = func(*device.Call) error { panic(errOwn) }
		want = errOwn
	case 3:
		t.Run = func(context.Context, device.Device) (*device.Call, error) { return nil, errOwn }
		want = errOwn
	case 4, 5: // it waits for another, within its own turn or place
		t.Run = func(ctx context.Context, d device.Device) (*device.Call, error) {
			if _, err := sched.Run(ctx, n.s, choreCall(chore, 3, items/10)); err != nil {
				return nil, err
			}
			return run(ctx, d)
		}
	case 6: // many launches
		t.Steps = 20
		t.Work[0].Launches = 20
		t.Run = func(ctx context.Context, d device.Device) (c *device.Call, err error) {
			for range 20 {
				if c, err = run(ctx, d); err != nil {
					return nil, err
				}
				sched.Alive(ctx)
			}
			return c, nil
		}
		t.Work[0].Cost.Ops /= 20
		items /= 20
	}
	if want != nil {
		n.count.guilty.Add(1)
	}
	ctx, ends := n.Context(), time.Time{}
	switch after := time.Duration(r.IntN(4000)) * time.Millisecond; r.IntN(4) {
	case 0:
		c, cancel := context.WithCancel(ctx)
		timer := time.AfterFunc(after, cancel)
		defer timer.Stop()
		defer cancel()
		ctx, ends = c, time.Now().Add(after)
	case 1:
		c, cancel := context.WithTimeout(ctx, after)
		defer cancel()
		ctx, ends = c, time.Now().Add(after)
	}
	result, err := sched.Do(ctx, n.s, t)
	now := time.Now()
	attempts := result.Report.Attempts
	var failed *sched.TaskError
	if errors.As(err, &failed) {
		attempts = failed.Report.Attempts
	}
	switch {
	case !ends.IsZero() && now.After(ends):
		n.fail("a context ended %v before its caller returned, with %v", now.Sub(ends), err)
	case !ends.IsZero() && now.Equal(ends) && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)):
		n.count.cancelled.Add(1)
	case want != nil && errors.Is(err, want):
	case want != nil || err != nil:
		n.fail("%v, want %v; %+v", err, want, attempts)
	case !done(result.Value):
		n.fail("wrong bits of %+v", result.Report)
	case result.Report.Device() == "gpu":
		n.count.onDevice.Add(1)
	}
	for _, a := range attempts[:max(0, len(attempts)-1)] {
		n.count.again.Add(1)
		if n.mood <= slow {
			n.fail("a task began again: %+v", a)
		}
	}
}

// launch uses a device that others share, without a scheduler.
func (n *neighbourhood) launch(r *rand.Rand) {
	n.count.launches.Add(1)
	items := []float64{1e2, 1e5, 3e6}[r.IntN(3)]
	call := choreCall(chore, 10, items)
	ctx, cancel := context.WithCancel(n.Context())
	defer cancel()
	cancelled := r.IntN(2) == 0
	if cancelled {
		time.AfterFunc(time.Duration(r.IntN(1000))*time.Millisecond, cancel)
	}
	b, err := call.Bind(n.Context(), n.shared)
	if err != nil {
		n.fail("Bind: %v", err)
		return
	}
	defer b.Free(n.Context())
	if err := n.shared.Launch(ctx, b.Launch); err != nil && !(cancelled && errors.Is(err, context.Canceled)) {
		n.fail("Launch: %v", err)
	}
	if err := n.shared.Sync(n.Context()); err != nil {
		n.fail("Sync tells of a launch: %v", err)
	}
	err = b.Read(n.Context())
	if ok := err == nil && done(call) || cancelled && (errors.Is(err, context.Canceled) || err == nil && ctx.Err() != nil); !ok {
		n.fail("Read: %v, done %v, cancelled %v", err, done(call), cancelled)
	}
}
