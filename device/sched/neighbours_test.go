package sched_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"offload/device"
	"offload/device/devicetest"
	"offload/device/reference"
	"offload/device/sched"
	"offload/internal/simulated"
	"offload/kernels/gravity"
)

// hung runs a test in virtual time with a scheduler over a GPU that hangs from the first
// such call on, deaf to contexts and to Close, and the host.
func hung(t *testing.T, on devicetest.CallKind, test func(t *testing.T, s *sched.Scheduler)) {
	synctest.Test(t, func(t *testing.T) {
		until := make(chan struct{})
		o := sched.Options{Folder: t.TempDir(), Pool: new(goPool), Pause: time.Hour}
		gpu := devicetest.FaultyOpen(simulated.Open(fastGPU), []devicetest.Fault{{Kind: devicetest.Hang, On: on, Until: until}})
		o.Devices = []sched.Candidate{candidate("gpu", gpu), candidate("cpu", simulated.Open(slowHost))}
		measure(t, o)
		s, err := sched.New(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		test(t, s)
		if err := s.Close(); err != nil && !errors.Is(err, sched.ErrDeadline) {
			t.Error(err)
		}
		close(until) // the bubble ends when all of its goroutines have
	})
}

func plummerTask(t *testing.T, n int) sched.Task[[]float64] {
	t.Helper()
	task, err := forceTask(gravity.Plummer[float64](n, 1), 0.01)
	if err != nil {
		t.Fatal(err)
	}
	return task
}

// A device that works is never silent: a task that waits for its turn behind a long one
// does not count the time, and both end on the device.
func TestBusyDeviceStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := sched.Options{Folder: t.TempDir(), Pool: new(goPool)}
		gpu := simulated.Model{Name: "gpu", Rate: 1e6, Bandwidth: 1e11, Start: time.Microsecond}
		host := simulated.Model{Name: "cpu", Class: device.CPU, Rate: 1e4, Start: time.Millisecond}
		open := func(dry bool) *sched.Scheduler {
			gpu.Dry, host.Dry = dry, dry
			o.Devices = []sched.Candidate{candidate("gpu", simulated.Open(gpu)), candidate("cpu", simulated.Open(host))}
			s, err := sched.New(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		s := open(true)
		calibrate(t, s, gravity.Force(device.Float64))
		s.Close()
		s = open(false)
		var all sync.WaitGroup
		for _, n := range []int{3000, 400, 400} { // 9 s, 0.16 s, 0.16 s
			all.Go(func() {
				r, err := sched.Do(t.Context(), s, plummerTask(t, n))
				if err != nil || len(r.Report.Attempts) != 1 || r.Report.Device() != "gpu" {
					t.Errorf("%d bodies: %v, %+v", n, err, r.Report.Attempts)
				}
			})
			time.Sleep(100 * time.Millisecond)
		}
		all.Wait()
		if state := s.States()[0]; !state.Usable {
			t.Errorf("the device is out: %v", state.Err)
		}
		s.Close()
	})
}

// When a device goes out, all that waits for it is placed anew at once.
func TestQueueBehindAHang(t *testing.T) {
	hung(t, devicetest.LaunchCall, func(t *testing.T, s *sched.Scheduler) {
		start := time.Now()
		var futures []*device.Future[sched.Result[[]float64]]
		for range 10 {
			futures = append(futures, sched.Submit(t.Context(), s, plummerTask(t, 200)))
		}
		attempts := 0
		for _, f := range futures {
			r, err := f.Get(t.Context())
			if err != nil || r.Report.Device() != "cpu" {
				t.Fatal(err, r.Report.Attempts)
			}
			attempts += len(r.Report.Attempts)
		}
		if attempts != len(futures)+1 {
			t.Errorf("%d attempts of %d tasks; only one had begun on the device", attempts, len(futures))
		}
		if took, host := time.Since(start), 10*slowHost.Launch("", device.Cost{Items: 200 * 200}); took > sched.MinDeadline+host {
			t.Errorf("took %v", took)
		}
	})
}

// A cancelled task returns at once, even if the driver hangs.
func TestCancelOnAHang(t *testing.T) {
	for _, on := range []devicetest.CallKind{devicetest.AllocCall, devicetest.WriteCall, devicetest.LaunchCall, devicetest.SyncCall, devicetest.ReadCall} {
		t.Run(on.String(), func(t *testing.T) {
			hung(t, on, func(t *testing.T, s *sched.Scheduler) {
				task := plummerTask(t, 200)
				task.Work[0].Launches = 10_000_000 // a long one without steps
				ctx, cancel := context.WithCancel(t.Context())
				running, waiting := sched.Submit(ctx, s, task), sched.Submit(ctx, s, task)
				time.Sleep(time.Second)
				start := time.Now()
				cancel()
				for _, f := range []*device.Future[sched.Result[[]float64]]{running, waiting} {
					<-f.Done()
					if _, err := f.Get(t.Context()); !errors.Is(err, context.Canceled) || time.Since(start) > 0 {
						t.Errorf("%v after %v", err, time.Since(start))
					}
				}
			})
		})
	}
}

// A driver that hangs in Alloc holds up no estimate, state or task of the host.
func TestEstimatesOnAHang(t *testing.T) {
	hung(t, devicetest.AllocCall, func(t *testing.T, s *sched.Scheduler) {
		task := plummerTask(t, 200)
		start := time.Now()
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				r, err := sched.Do(t.Context(), s, task)
				if err != nil || r.Report.Device() != "cpu" {
					t.Error(err, r.Report.Attempts)
				}
			})
		}
		time.Sleep(time.Second)
		before := time.Now()
		sched.Predict(s, task)
		s.States()
		if _, err := sched.Do(t.Context(), s, plain(func(context.Context) (int, error) { return 1, nil })); err != nil || time.Since(before) > 0 {
			t.Errorf("%v; a prediction, the states, and a task of the host took %v", err, time.Since(before))
		}
		all.Wait()
		if took := time.Since(start); took > time.Minute {
			t.Errorf("took %v", took)
		}
	})
}

// What a task's own functions throw is its error, and no other's.
func TestUserCodeThatEndsItsGoroutine(t *testing.T) {
	broken := *gravity.Force(device.Float64)
	throw := map[string]func(){"panic": func() { panic("boom") }, "goexit": runtime.Goexit}
	for name, throw := range throw {
		for _, where := range []string{"run on the host", "run on the gpu", "check", "placed", "cost", "examples"} {
			t.Run(name+" in "+where, func(t *testing.T) {
				o := sched.Options{Calibrate: true}
				if where == "placed" {
					o.Placed = func(task string, _ sched.Choice, _ []sched.Attempt) {
						if task == "guilty" {
							throw()
						}
					}
				}
				bubble(t, nil, o, func(t *testing.T, s *sched.Scheduler) {
					guilty, innocent := plummerTask(t, 64), plummerTask(t, 64)
					guilty.Name = "guilty"
					switch where {
					case "run on the host":
						guilty = sched.Task[[]float64]{Run: func(context.Context, device.Device) ([]float64, error) { throw(); return nil, nil }}
					case "run on the gpu":
						guilty.Run = func(context.Context, device.Device) ([]float64, error) { throw(); return nil, nil }
					case "check":
						guilty.Check = func([]float64) error { throw(); return nil }
					case "examples":
						k := broken
						k.Name, k.Examples = "own", func(int) []*device.Call { throw(); return nil }
						guilty.Needs.Kernels = []*device.Kernel{&k}
					case "cost":
						k := broken
						k.Cost = func(*device.Launch) device.Cost { throw(); return device.Cost{} }
						c := &device.Call{Kernel: &k, Args: forceArgs(64)}
						if _, err := sched.Run(t.Context(), s, c); !errors.Is(err, device.ErrPanic) {
							t.Errorf("%v, want ErrPanic", err)
						}
						return
					}
					mine := sched.Submit(t.Context(), s, guilty)
					others := []*device.Future[sched.Result[[]float64]]{sched.Submit(t.Context(), s, innocent), sched.Submit(t.Context(), s, innocent)}
					for _, f := range others {
						if r, err := f.Get(t.Context()); err != nil || len(r.Report.Attempts) != 1 {
							t.Errorf("an innocent task: %v, %+v", err, r.Report.Attempts)
						}
					}
					if _, err := mine.Get(t.Context()); where != "examples" && !errors.Is(err, device.ErrPanic) || where == "examples" && err != nil {
						t.Errorf("%v", err)
					}
					if err := s.Ready(t.Context()); err != nil {
						t.Error(err)
					}
				})
			})
		}
	}
}

func forceArgs(n int) []device.HostArg {
	bodies := device.HostMat(gravity.Plummer[float64](n, 1), gravity.BodyWidth)
	return []device.HostArg{bodies, bodies, device.HostMat(make([]float64, n*gravity.AccelWidth), gravity.AccelWidth), device.HostVal(0.01), device.HostVal(int32(0))}
}

// A custom kernel is run by the scheduler in one line. It runs on the host until it has
// been compared with its contract and measured elsewhere, whether it has examples or a
// cost or not, and no task waits for that; one that a device does not compute exactly
// stays on the host.
func TestOwnKernels(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(k *device.Kernel)
		faults []devicetest.Fault
		want   string
	}{
		{"with all it can have", func(*device.Kernel) {}, nil, "gpu"},
		{"without examples", func(k *device.Kernel) { k.Examples = nil }, nil, "gpu"},
		{"without examples and cost", func(k *device.Kernel) { k.Examples, k.Cost = nil, nil }, nil, "gpu"},
		{"computed wrongly", func(k *device.Kernel) { k.Examples = nil }, []devicetest.Fault{{Kind: devicetest.BitFlip, On: devicetest.LaunchCall}}, "cpu"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, [][]devicetest.Fault{c.faults}, sched.Options{Calibrate: true}, func(t *testing.T, s *sched.Scheduler) {
				own := newChore()
				c.change(own)
				var names []string
				for range 3 {
					call := choreCall(own, 100_000, 1)
					report, err := sched.Run(t.Context(), s, call)
					if err != nil || !done(call) {
						t.Fatalf("%v, done: %v", err, done(call))
					}
					names = append(names, report.Device())
					if err := s.Ready(t.Context()); err != nil {
						t.Error(err)
					}
				}
				if names[0] != "cpu" || names[1] != c.want || names[2] != c.want {
					t.Errorf("ran on %v, want cpu %s %s", names, c.want, c.want)
				}
			})
		})
	}
}

// Tasks with deadlines far below what a calibration takes get their results from the
// host meanwhile, and the calibration is not begun anew.
func TestCalibrationIsInNobodysWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := sched.New(t.Context(), sched.Options{
			Devices: []sched.Candidate{candidate("gpu", simulated.Open(simulated.Model{Rate: 1e5, Latency: 10 * time.Millisecond})), candidate("cpu", reference.Open)},
			Pool:    new(goPool), Calibrate: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		for i := range 100 {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			start := time.Now()
			c, err := sched.CallTask(choreCall(chore, 64, 1))
			if err != nil {
				t.Fatal(err)
			}
			f := sched.Submit(ctx, s, c)
			if time.Since(start) > 0 {
				t.Fatalf("Submit took %v", time.Since(start))
			}
			if r, err := f.Get(t.Context()); err != nil || r.Report.Device() != "cpu" {
				t.Fatalf("task %d: %v, %v", i, err, r.Report.Choice)
			}
			cancel()
			time.Sleep(time.Millisecond)
		}
		if err := s.Ready(t.Context()); err != nil || !s.Measured("gpu", chore) {
			t.Errorf("%v; not measured", err)
		}
	})
}

// A shader that does not compile is an error of the launch: there is no failover, and the
// device stays.
func TestBrokenShader(t *testing.T) {
	bubble(t, nil, sched.Options{}, func(t *testing.T, s *sched.Scheduler) {
		broken := task(func(context.Context, device.Device) (int, error) {
			return 0, fmt.Errorf("kernel: %w", device.ErrShader)
		})
		r, err := sched.Do(t.Context(), s, broken)
		if !errors.Is(err, device.ErrShader) || r.Report.Device() != "" || !s.States()[0].Usable {
			t.Errorf("%v, %+v, %+v", err, r.Report, s.States()[0])
		}
	})
}

// The number of devices that hang when they are closed is bounded: then no more are
// opened.
func TestRevivalsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		until, opened := make(chan struct{}), 0
		o := sched.Options{Folder: t.TempDir(), Pool: new(goPool), Pause: time.Second}
		o.Devices = []sched.Candidate{candidate("gpu", func(ctx context.Context, o device.Options) (device.Device, error) {
			opened++
			d, err := simulated.Open(fastGPU)(ctx, o)
			if err != nil {
				return nil, err
			}
			return devicetest.Faulty(d, devicetest.Fault{Kind: devicetest.Hang, On: devicetest.WriteCall, At: 6 * 4, Until: until}), nil
		}), candidate("cpu", simulated.Open(slowHost))}
		measure(t, o)
		s, err := sched.New(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		for range 200 {
			if _, err := sched.Do(t.Context(), s, plummerTask(t, 20)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		if opened < 3 || opened > 4 {
			t.Errorf("%d devices were opened", opened)
		}
		s.Close()
		close(until)
	})
}

// Amounts of work that are NaN or negative are refused, not predicted.
func TestAmounts(t *testing.T) {
	bubble(t, nil, sched.Options{}, func(t *testing.T, s *sched.Scheduler) {
		for name, change := range map[string]func(*sched.Task[[]float64]){
			"no Run":               func(k *sched.Task[[]float64]) { k.Run = nil },
			"a kernel that is nil": func(k *sched.Task[[]float64]) { k.Needs.Kernels = []*device.Kernel{nil} },
			"a cost of NaN":        func(k *sched.Task[[]float64]) { k.Work[0].Cost.Ops = nan() },
			"a negative cost":      func(k *sched.Task[[]float64]) { k.Work[0].Cost.Ops = -1 },
			"negative launches":    func(k *sched.Task[[]float64]) { k.Work[0].Launches = -1 },
			"negative bytes":       func(k *sched.Task[[]float64]) { k.Up.Bytes = -1 },
			"negative memory":      func(k *sched.Task[[]float64]) { k.Needs.Memory = -1 },
			"negative steps":       func(k *sched.Task[[]float64]) { k.Steps = -1 },
		} {
			k := plummerTask(t, 10)
			change(&k)
			if _, err := sched.Do(t.Context(), s, k); !errors.Is(err, device.ErrInvalid) {
				t.Errorf("%s: %v, want ErrInvalid", name, err)
			}
		}
		k := plummerTask(t, 10)
		k.Work[0].Launches = math.MaxInt // predicted to take longer than a duration can tell
		if e := sched.Predict(s, k).Estimates[0]; e.Run <= 0 {
			t.Errorf("%d launches are predicted to take %v", k.Work[0].Launches, e.Run)
		}
	})
}

func nan() float64 { zero := 0.0; return zero / zero }

// A Halo that panics or ends its goroutine is an error of the call.
func TestHalosThatFail(t *testing.T) {
	for name, fail := range map[string]func(){"panic": func() { panic("boom") }, "goexit": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			k := &device.Kernel{
				Name: "own",
				Params: []device.Param{
					{Name: "x", Type: device.Float64, Access: device.ReadRows, Halo: func(*device.Launch) int { fail(); return 1 }},
					{Name: "y", Type: device.Float64, Access: device.WriteRows},
				},
				Contract: func(*device.Tile) {},
			}
			x := device.HostVec(make([]float64, 5))
			_, err := sched.Run(t.Context(), onHost(t, 1), &device.Call{Kernel: k, Args: []device.HostArg{x, device.HostVec(make([]float64, 5))}})
			if !errors.Is(err, device.ErrPanic) {
				t.Errorf("%v, want ErrPanic", err)
			}
		})
	}
}
