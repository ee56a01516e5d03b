package sched_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"offload/device"
	"offload/device/devicetest"
	"offload/device/sched"
	"offload/internal/simulated"
	"offload/kernels/gravity"
	"offload/kernels/grid"
)

// work is a task of the matrix and the bytes of its result.
type work struct {
	name string
	task func(check bool) sched.Task[[]byte]
	want []byte
}

// works are one launch of each kernel in each precision, and a run of many launches
// whose field stays on the device.
func works(t *testing.T) []work {
	t.Helper()
	list := []work{forceWork[float32](t), forceWork[float64](t), laplacianWork[float32](t), laplacianWork[float64](t), {
		name: "heat, step by step",
		task: func(bool) sched.Task[[]byte] { return heatTask() },
	}}
	for i := range list {
		w := &list[i]
		task := w.task(false)
		d, err := simulated.Open(simulated.Model{})(t.Context(), device.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if w.want, err = task.Run(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		d.Close()
		make := w.task
		w.task = func(check bool) sched.Task[[]byte] {
			t := make(check)
			if t.Name = w.name; check {
				t.Check = func(got []byte) error {
					if !bytes.Equal(got, w.want) {
						return errors.New("a value that cannot be right")
					}
					return nil
				}
			}
			return t
		}
	}
	return list
}

func forceWork[T device.Float](t *testing.T) work {
	inner, err := forceTask(gravity.Plummer[T](48, 1), T(0.25))
	if err != nil {
		t.Fatal(err)
	}
	return work{name: inner.Name, task: func(bool) sched.Task[[]byte] {
		return valued(inner, func(a []T) []byte { return device.Of(a).Bytes() })
	}}
}

func laplacianWork[T device.Float](t *testing.T) work {
	const n = 24
	cx, cy := grid.JacobiWeights[T](1, 1)
	field := grid.Plate[T](n, n, 1)
	call, err := grid.LaplacianCall(field, make([]T, n*n), make([]T, n*grid.ResidualWidth), n, n, 3, cx, cy)
	if err != nil {
		t.Fatal(err)
	}
	inner, err := sched.CallTask(call)
	if err != nil {
		t.Fatal(err)
	}
	return work{name: inner.Name, task: func(bool) sched.Task[[]byte] {
		return valued(inner, func(c *device.Call) []byte {
			return bytes.Join([][]byte{c.Args[1].Data.Bytes(), c.Args[2].Data.Bytes()}, nil)
		})
	}}
}

// heatTask makes six launches to and fro between two buffers.
func heatTask() sched.Task[[]byte] {
	const n, launches = 24, 6
	k := grid.Heat(device.Float64)
	l := func(u, v, residuals device.Buffer) *device.Launch {
		mat := func(b device.Buffer, width int) device.Arg {
			return device.Arg{Buffer: b, Len: n * width, Width: width}
		}
		return &device.Launch{Kernel: k, Rows: device.Range{Hi: n}, Args: []device.Arg{
			mat(u, n), mat(v, n), mat(residuals, grid.ResidualWidth), device.Val(int32(2)), device.Val(0.25), device.Val(0.25)}}
	}
	return sched.Task[[]byte]{
		Needs: sched.Needs{Kernels: []*device.Kernel{k}, Exact: true},
		Work:  []sched.Work{sched.WorkOf(l(nil, nil, nil), launches)},
		Up:    sched.Transfer{Count: 1, Bytes: 8 * n * n}, Down: sched.Transfer{Count: 1 + launches, Bytes: 8 * n * n}, Steps: launches,
		Run: func(ctx context.Context, d device.Device) ([]byte, error) {
			u, err := device.Upload(ctx, d, grid.Plate[float64](n, n, 1))
			if err != nil {
				return nil, err
			}
			defer u.Free()
			v, err := d.Alloc(device.Float64, n*n)
			if err != nil {
				return nil, err
			}
			defer v.Free()
			residuals, err := d.Alloc(device.Float64, n*grid.ResidualWidth)
			if err != nil {
				return nil, err
			}
			defer residuals.Free()
			from, to := u, v
			for range launches {
				if err := d.Launch(ctx, l(from, to, residuals)); err != nil {
					return nil, err
				}
				if _, err := device.Download[float64](ctx, residuals); err != nil {
					return nil, err
				}
				from, to = to, from
				sched.Alive(ctx)
			}
			field, err := device.Download[float64](ctx, from)
			return device.Of(field).Bytes(), err
		},
	}
}

// matrixFaults are the faults at all of their moments.
func matrixFaults() (faults []devicetest.Fault) {
	calls := []devicetest.CallKind{devicetest.AllocCall, devicetest.WriteCall, devicetest.LaunchCall, devicetest.SyncCall, devicetest.ReadCall}
	for _, f := range []struct {
		kind devicetest.FaultKind
		on   []devicetest.CallKind
	}{
		{devicetest.Slow, calls},
		{devicetest.Stall, calls},
		{devicetest.Lost, calls},
		{devicetest.OutOfMemory, []devicetest.CallKind{devicetest.AllocCall, devicetest.LaunchCall}},
		{devicetest.BitFlip, []devicetest.CallKind{devicetest.WriteCall, devicetest.LaunchCall, devicetest.ReadCall}},
		{devicetest.Stale, []devicetest.CallKind{devicetest.LaunchCall}},
		{devicetest.Truncated, []devicetest.CallKind{devicetest.ReadCall}},
	} {
		for _, on := range f.on {
			for _, at := range []int{1, 2, 4} {
				faults = append(faults, devicetest.Fault{Kind: f.kind, On: on, At: at})
			}
		}
	}
	return faults
}

// wrong reports whether a device with that fault computes on, but not what it should.
func wrong(k devicetest.FaultKind) bool {
	return k == devicetest.BitFlip || k == devicetest.Stale || k == devicetest.Truncated
}

// TestMatrix: every task ends with the right bits, for any fault of the device that it
// prefers, whenever, for good or once, and again after the device was opened anew. It
// takes a bounded time, and leaves nothing running: the bubble ends only when all of its
// goroutines have. Work in float64 takes the faults at one of their moments. A fault that passes leaves no trace in the known answers; such results
// are found by the task's own check.
func TestMatrix(t *testing.T) {
	folder := t.TempDir()
	all := works(t)
	t.Run("measure", func(t *testing.T) { synctest.Test(t, func(t *testing.T) { measureAll(t, folder, all) }) })
	tasks, retried := 0, 0
	for kind, w := range all {
		for i, fault := range matrixFaults() {
			if kind%2 == 1 && i%3 != 1 || testing.Short() && i%6 != 0 {
				continue
			}
			once := fault
			once.Count = 1
			for _, c := range []struct {
				name  string
				lives [][]devicetest.Fault
			}{
				{"for good", [][]devicetest.Fault{{fault}}},
				{"once", [][]devicetest.Fault{{once}}},
				{"again when opened anew", [][]devicetest.Fault{{fault}, {fault}, {fault}}},
			} {
				check := c.name == "once" && wrong(fault.Kind)
				t.Run(fmt.Sprintf("%s/%v in %v %d/%s", w.name, fault.Kind, fault.On, fault.At, c.name), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						n, r := matrixCell(t, folder, w, "gpu", devicetest.FaultyOpen(simulated.Open(fastGPU), c.lives...), check)
						tasks, retried = tasks+n, retried+r
					})
				})
			}
		}
	}
	t.Logf("%d tasks, all complete; %d of them ran again elsewhere", tasks, retried)
	if retried < tasks/20 {
		t.Errorf("only %d of %d tasks met a fault: the matrix tests nothing", retried, tasks)
	}
}

// matrixCell runs tasks one after another and at the same time, on a device that they
// prefer and the host.
func matrixCell(t *testing.T, folder string, w work, name string, open opener, check bool) (tasks, retried int) {
	probed := func(name string, open opener) sched.Candidate { // of the kernels that are needed, to save time
		return sched.Candidate{Name: name, Open: func(ctx context.Context) (device.Device, error) {
			return open(ctx, device.Options{Kernels: w.task(false).Needs.Kernels})
		}}
	}
	s, err := sched.New(t.Context(), sched.Options{
		Devices: []sched.Candidate{probed(name, open), probed("cpu", simulated.Open(slowHost))},
		Pool:    new(goPool), Folder: folder, Recheck: 1, // every result is doubted
	})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	done := func(r sched.Result[[]byte], err error) {
		tasks++
		if err != nil {
			t.Errorf("task %d: %v", tasks, err)
			return
		}
		if !bytes.Equal(r.Value, w.want) {
			t.Errorf("task %d: the result differs from that of a sound device; %+v", tasks, r.Report.Attempts)
		}
		if len(r.Report.Attempts) > 1 {
			retried++
		}
	}
	for range 2 {
		done(sched.Do(t.Context(), s, w.task(check)))
		synctest.Wait() // until the device, if it was lost, is back
	}
	var futures []*device.Future[sched.Result[[]byte]]
	for range 3 {
		futures = append(futures, sched.Submit(t.Context(), s, w.task(check)))
	}
	for _, f := range futures {
		done(f.Get(t.Context()))
	}
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("%d tasks took %v", tasks, took)
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	time.Sleep(5 * time.Second) // for a device that hung while it was closed
	return tasks, retried
}

// measureAll puts what sound devices cost into the folder.
func measureAll(t *testing.T, folder string, all []work) {
	gpu, host, home := fastGPU, slowHost, cores
	gpu.Dry, host.Dry, home.Dry = true, true, true
	gpu.Rate, home.Rate = 1e8, 1e8 // so that a calibration ends soon; still far above the host's
	s, err := sched.New(t.Context(), sched.Options{
		Devices: []sched.Candidate{
			candidate("gpu", simulated.Open(gpu)), candidate("hybrid", openSplit(home, simulated.Open(gpu), evenly)), candidate("cpu", simulated.Open(host)),
		},
		Pool: new(goPool), Folder: folder,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range all {
		calibrate(t, s, remembered(w.task(false).Needs.Kernels[0], math.MaxInt))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
