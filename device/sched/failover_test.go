package sched_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"offload/device"
	"offload/device/devicetest"
	"offload/device/sched"
	"offload/internal/simulated"
	"offload/kernels/gravity"
)

// fastGPU is a GPU that every task of the tests below prefers, and slowHost the host.
var (
	fastGPU  = simulated.Model{Name: "gpu", Rate: 1e12, Bandwidth: 1e11, Start: time.Microsecond}
	slowHost = simulated.Model{Name: "cpu", Class: device.CPU, Rate: 1e6, Start: time.Millisecond}
)

// bubble runs a test in virtual time with a scheduler over a GPU with faults and the
// host. Faults begin once all is measured.
func bubble(t *testing.T, lives [][]devicetest.Fault, o sched.Options, test func(t *testing.T, s *sched.Scheduler)) {
	synctest.Test(t, func(t *testing.T) {
		gpu := devicetest.FaultyOpen(simulated.Open(fastGPU), lives...)
		o.Devices = []sched.Candidate{candidate("gpu", gpu), candidate("cpu", simulated.Open(slowHost))}
		o.Folder = t.TempDir()
		o.Pool = new(goPool)
		measure(t, o)
		s, err := sched.New(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		test(t, s)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// measure puts what sound devices cost into o.Folder, without computing anything.
func measure(t *testing.T, o sched.Options) {
	gpu, host := fastGPU, slowHost
	gpu.Dry, host.Dry = true, true
	o.Devices = []sched.Candidate{candidate("gpu", simulated.Open(gpu)), candidate("cpu", simulated.Open(host))}
	o.Pool = new(goPool)
	s, err := sched.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	calibrate(t, s, gravity.Force(device.Float64))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// For any fault of the chosen device, in any call, the task ends on another device, with
// the same bits and in bounded time, and the report gives the reason.
func TestFailover(t *testing.T) {
	bodies := gravity.Plummer[float64](300, 1)
	for _, c := range []struct {
		name  string
		fault devicetest.Fault
		why   error
		most  time.Duration
	}{
		{"lost at the upload", devicetest.Fault{Kind: devicetest.Lost, On: devicetest.WriteCall}, device.ErrLost, time.Second},
		{"lost in the launch", devicetest.Fault{Kind: devicetest.Lost, On: devicetest.LaunchCall}, device.ErrLost, time.Second},
		{"lost at the read", devicetest.Fault{Kind: devicetest.Lost, On: devicetest.ReadCall}, device.ErrLost, time.Second},
		{"no memory", devicetest.Fault{Kind: devicetest.OutOfMemory, On: devicetest.AllocCall}, device.ErrOutOfMemory, time.Second},
		{"no memory for scratch", devicetest.Fault{Kind: devicetest.OutOfMemory, On: devicetest.LaunchCall}, device.ErrOutOfMemory, time.Second},
		{"silent in the launch", devicetest.Fault{Kind: devicetest.Stall, On: devicetest.LaunchCall}, sched.ErrDeadline, 4 * time.Second},
		{"silent at the read", devicetest.Fault{Kind: devicetest.Stall, On: devicetest.ReadCall}, sched.ErrDeadline, 4 * time.Second},
		{"wrong from now on", devicetest.Fault{Kind: devicetest.BitFlip, On: devicetest.LaunchCall}, sched.ErrWrong, time.Second},
		{"stale from now on", devicetest.Fault{Kind: devicetest.Stale, On: devicetest.LaunchCall}, sched.ErrWrong, time.Second},
		{"reads end half way", devicetest.Fault{Kind: devicetest.Truncated, On: devicetest.ReadCall}, sched.ErrWrong, time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, [][]devicetest.Fault{{c.fault}}, sched.Options{}, func(t *testing.T, s *sched.Scheduler) {
				start := time.Now()
				got, report, err := force(t.Context(), s, bodies)
				if err != nil {
					t.Fatalf("%v\n%+v", err, report)
				}
				if want := forceByContract(t, bodies); !slices.Equal(got, want) {
					t.Error("the result differs from the contract's")
				}
				host := slowHost.Launch("", device.Cost{Items: 300 * 300})
				if took := time.Since(start) - host; took > c.most {
					t.Errorf("took %v longer than the host alone", took)
				}
				if len(report.Attempts) != 2 || report.Attempts[0].Device != "gpu" || !errors.Is(report.Attempts[0].Err, c.why) || report.Device() != "cpu" {
					t.Errorf("the report is %+v, want gpu left because of %v", report.Attempts, c.why)
				}
			})
		})
	}
}

// forceByContract is the result that every device must give.
func forceByContract(t *testing.T, bodies []float64) []float64 {
	t.Helper()
	out := make([]float64, len(bodies)/gravity.BodyWidth*gravity.AccelWidth)
	in := device.HostMat(bodies, gravity.BodyWidth)
	c := device.Call{
		Kernel: gravity.Force(device.Float64), Rows: device.Range{Hi: len(bodies) / gravity.BodyWidth},
		Args: []device.HostArg{in, in, device.HostMat(out, gravity.AccelWidth), device.HostVal(0.01), device.HostVal(int32(0))},
	}
	if err := c.Contract(); err != nil {
		t.Fatal(err)
	}
	return out
}

// A device that was lost is opened again behind the tasks, and used once it gives the
// known answers.
func TestRevival(t *testing.T) {
	lost := devicetest.Fault{Kind: devicetest.Lost, On: devicetest.LaunchCall}
	bubble(t, [][]devicetest.Fault{{lost}}, sched.Options{}, func(t *testing.T, s *sched.Scheduler) {
		want := []string{"gpu cpu", "cpu", "gpu", "gpu"}
		for i, w := range want {
			if got := path(t, s); got != w {
				t.Errorf("task %d ran on %s, want %s", i, got, w)
			}
			synctest.Wait()
		}
	})
}

// path runs a task and lists the devices that it ran on.
func path(t *testing.T, s *sched.Scheduler) string {
	t.Helper()
	_, report, err := force(t.Context(), s, gravity.Plummer[float64](64, 1))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, a := range report.Attempts {
		names = append(names, a.Device)
	}
	return strings.Join(names, " ")
}

// After three failures in a row a device is left alone until the pause is over.
func TestThreeStrikes(t *testing.T) {
	full := devicetest.Fault{Kind: devicetest.OutOfMemory, On: devicetest.AllocCall}
	bubble(t, [][]devicetest.Fault{{full}}, sched.Options{Pause: time.Minute}, func(t *testing.T, s *sched.Scheduler) {
		for i, want := range []string{"gpu cpu", "gpu cpu", "gpu cpu", "cpu", "cpu"} {
			if got := path(t, s); got != want {
				t.Errorf("task %d ran on %s, want %s", i, got, want)
			}
			synctest.Wait()
		}
		if state := s.States()[0]; state.Usable || !errors.Is(state.Err, device.ErrOutOfMemory) {
			t.Errorf("the state is %+v", state)
		}
		time.Sleep(time.Minute)
		for i, want := range []string{"cpu", "gpu", "gpu"} { // the first finds that the pause is over
			if got := path(t, s); got != want {
				t.Errorf("after the pause task %d ran on %s, want %s", i, got, want)
			}
			synctest.Wait()
		}
	})
}

// A run that does not heed its context is left behind, and its late value counts for
// nothing.
func TestStuckRun(t *testing.T) {
	bubble(t, nil, sched.Options{}, func(t *testing.T, s *sched.Scheduler) {
		release := make(chan struct{})
		task := task(func(ctx context.Context, d device.Device) (string, error) {
			if d.Info().Class == device.GPU {
				<-release
			}
			return string(d.Info().Class), nil
		})
		start := time.Now()
		r, err := sched.Do(t.Context(), s, task)
		if err != nil || r.Value != string(device.CPU) || !errors.Is(r.Report.Attempts[0].Err, sched.ErrDeadline) {
			t.Errorf("%+v, %v", r, err)
		}
		if took := time.Since(start); took > 4*time.Second {
			t.Errorf("took %v", took)
		}
		close(release)
	})
}

// task is one that needs the force kernel, and says that it is worth a GPU.
func task[T any](run func(ctx context.Context, d device.Device) (T, error)) sched.Task[T] {
	k := gravity.Force(device.Float64)
	return sched.Task[T]{
		Name: "task", Run: run,
		Needs: sched.Needs{Kernels: []*device.Kernel{k}, Exact: true},
		Work:  []sched.Work{{Kernel: k, Cost: device.Cost{Items: 1e4, Ops: 2e5}, Launches: 1}},
	}
}

// A device may take long if the task calls Alive.
func TestAlive(t *testing.T) {
	bubble(t, nil, sched.Options{}, func(t *testing.T, s *sched.Scheduler) {
		r, err := sched.Do(t.Context(), s, task(func(ctx context.Context, d device.Device) (int, error) {
			for range 100 {
				time.Sleep(time.Second)
				sched.Alive(ctx)
			}
			return 1, ctx.Err()
		}))
		if err != nil || len(r.Report.Attempts) != 1 {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

// A task's own error is not retried elsewhere.
func TestOwnErrors(t *testing.T) {
	own := errors.New("own")
	for _, c := range []struct {
		name string
		run  func(ctx context.Context, d device.Device) (int, error)
		want error
	}{
		{"an error", func(context.Context, device.Device) (int, error) { return 0, own }, own},
		{"an invalid argument", func(context.Context, device.Device) (int, error) { return 0, device.Invalidf("no") }, device.ErrInvalid},
		{"a panic", func(context.Context, device.Device) (int, error) { panic("boom") }, device.ErrPanic},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, nil, sched.Options{}, func(t *testing.T, s *sched.Scheduler) {
				_, err := sched.Do(t.Context(), s, task(c.run))
				var failed *sched.TaskError
				if !errors.Is(err, c.want) || !errors.As(err, &failed) || len(failed.Report.Attempts) != 1 {
					t.Errorf("%v", err)
				}
			})
		})
	}
}

// A value that the task refuses is computed again elsewhere.
func TestCheck(t *testing.T) {
	bubble(t, nil, sched.Options{}, func(t *testing.T, s *sched.Scheduler) {
		k := task(func(_ context.Context, d device.Device) (device.Class, error) { return d.Info().Class, nil })
		k.Check = func(c device.Class) error {
			if c == device.GPU {
				return errors.New("not plausible")
			}
			return nil
		}
		r, err := sched.Do(t.Context(), s, k)
		if err != nil || r.Value != device.CPU || !errors.Is(r.Report.Attempts[0].Err, sched.ErrWrong) {
			t.Errorf("%+v, %v", r, err)
		}
	})
}
