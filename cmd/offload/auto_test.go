package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"offload"
	"offload/cpu"
	"offload/device"
	"offload/device/devicetest"
	"offload/device/sched"
	"offload/kernels"
	"offload/kernels/gravity"
	"offload/kernels/grid"
	"offload/kernels/multigrid"
)

// patient is a host that is slow while it is measured, which is before the GPU is armed,
// so that the scheduler prefers the fake GPU.
type patient struct {
	device.Device
	life *life
}

func (p patient) Launch(ctx context.Context, l *device.Launch) error {
	if !p.life.armed.Load() {
		time.Sleep(25 * time.Millisecond) // a launch so slow is measured at no larger size
	}
	return p.Device.Launch(ctx, l)
}

// mortal is a fake GPU that is lost after a number of launches since it was armed.
type mortal struct {
	device.Device
	life *life
}

// life is the state shared by all instances of a GPU.
type life struct {
	armed    atomic.Bool
	launches atomic.Int64 // since then
	dies     int64        // at this launch; 0: never
}

func (m mortal) Info() device.Info {
	i := m.Device.Info()
	i.Backend, i.Name, i.Class = "gpu", "GPU", device.GPU
	return i
}

func (m mortal) Launch(ctx context.Context, l *device.Launch) error {
	if m.life.armed.Load() && m.life.launches.Add(1) >= m.life.dies && m.life.dies > 0 {
		return fmt.Errorf("fake: %w", device.ErrLost)
	}
	return m.Device.Launch(ctx, l)
}

// withGPU returns a schedule for a machine with that GPU and the real CPU. The GPU is
// armed when a task starts on it; its costs are kept in a folder.
func withGPU(l *life, costs string) schedule {
	return func(ctx context.Context, o offload.ScheduleOptions) (*sched.Scheduler, error) {
		pool, err := cpu.NewPool(o.Device.Workers)
		if err != nil {
			return nil, err
		}
		return sched.New(ctx, sched.Options{
			Devices: []sched.Candidate{
				{Name: "gpu", Open: func(ctx context.Context) (device.Device, error) {
					d, err := cpu.Open(ctx, device.Options{Workers: 1, Kernels: kernels.All()})
					return mortal{d, l}, err
				}},
				{Name: "cpu", Open: func(ctx context.Context) (device.Device, error) {
					o.Device.Kernels = kernels.All()
					d, err := cpu.OpenOn(ctx, pool, o.Device)
					return patient{d, l}, err
				}},
			},
			Pool: pool, Calibrate: o.Calibrate, Folder: costs,
			Placed: func(task string, c sched.Choice, failed []sched.Attempt) {
				l.armed.Store(true)
				if o.Placed != nil {
					o.Placed(task, c, failed)
				}
			},
		})
	}
}

// When a GPU is lost in the middle of a simulation, the files are those of a run on the
// CPU, byte for byte, and stderr has the fault once.
func TestGPUDiesInSimulations(t *testing.T) {
	execute("version") // starts the goroutine that waits for signals, which stays
	costs := measuredOnce(t)
	for _, c := range []struct {
		name string
		args []string
		out  string
	}{
		{"plate", []string{"sim", "plate", "--n=33x47", "--top=100", "--left=20", "--tol=1e-9"}, ".npy"},
		{"plate in f32", []string{"sim", "plate", "--n=33", "--top=100", "--precision=f32", "--tol=1e-3"}, ".npy"},
		{"plate in time", []string{"sim", "plate", "--n=33", "--top=100", "--time=2"}, ".npy"},
		{"solar", []string{"sim", "solar", "--gr", "--until=2451645", "--every=10"}, ".csv"},
		{"solar by steps", []string{"sim", "solar", "--integrator=yoshida8", "--until=2451645"}, ".csv"},
	} {
		if testing.Short() && c.name != "solar" {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			devicetest.NoLeak(t)
			whole := life{}
			runOn(t, &whole, costs, c.out, c.args...)
			launches := whole.launches.Load()
			if launches < 10 {
				t.Fatalf("the GPU made %d launches; it was not chosen", launches)
			}
			want, plot := onCPU(t, c.out, c.args...)
			for _, dies := range []int64{1, launches / 2, launches} {
				if testing.Short() && dies != launches/2 {
					continue
				}
				killed := life{dies: dies}
				got := runOn(t, &killed, costs, c.out, c.args...)
				if got.code != exitDone || !strings.Contains(got.stdout, " on cpu (") {
					t.Errorf("dead at launch %d of %d: exit code %d\n%s%s", dies, launches, got.code, got.stdout, got.stderr)
				}
				if !bytes.Equal(got.file, want) || !bytes.Equal(got.plot, plot) {
					t.Errorf("dead at launch %d of %d: the files differ from those of the CPU", dies, launches)
				}
				if n := strings.Count(got.stderr, "device lost"); n != 1 || !strings.Contains(got.stderr, "starts again on cpu") {
					t.Errorf("dead at launch %d of %d: stderr names the fault %d times:\n%s", dies, launches, n, got.stderr)
				}
			}
		})
	}
}

// measuredOnce returns a folder with the costs of the kernels on both devices.
func measuredOnce(t *testing.T) string {
	dir := t.TempDir()
	s, err := withGPU(new(life), dir)(t.Context(), offload.ScheduleOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ks := []*device.Kernel{gravity.Force(device.Float64)}
	if !testing.Short() {
		ks = append(append(ks, grid.Heat(device.Float64)), multigrid.Plain()...)
	}
	for i, k := range ks { // small examples, to save time
		small := *k
		small.Examples = func(n int) []*device.Call { return k.Examples(min(n, 32))[:1] }
		ks[i] = &small
	}
	for _, name := range []string{"gpu", "cpu"} {
		if err := s.Calibrate(t.Context(), name, ks); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// outputs is the output of a run of the program.
type outputs struct {
	code           int
	stdout, stderr string
	file, plot     []byte
}

func runOn(t *testing.T, l *life, costs, ext string, args ...string) outputs {
	t.Helper()
	own := t.TempDir() // a copy, because a run adds measurements
	if err := os.CopyFS(own, os.DirFS(costs)); err != nil {
		t.Fatal(err)
	}
	return runWith(t, withGPU(l, own), ext, append(args, "--device=auto")...)
}

func onCPU(t *testing.T, ext string, args ...string) (file, plot []byte) {
	t.Helper()
	o := runWith(t, scheduleHere, ext, append(args, "--device=cpu")...)
	if o.code != exitDone || len(o.file) == 0 || len(o.plot) == 0 {
		t.Fatalf("on the CPU: exit code %d\n%s", o.code, o.stderr)
	}
	return o.file, o.plot
}

func runWith(t *testing.T, s schedule, ext string, args ...string) outputs {
	t.Helper()
	path := filepath.Join(t.TempDir(), "out")
	var out, errs bytes.Buffer
	o := outputs{code: run(s, append(args, "--out="+path+ext, "--plot="+path+".png"), &out, &errs)}
	o.stdout, o.stderr = out.String(), errs.String()
	o.file, _ = os.ReadFile(path + ext) // a missing file differs from the expected one
	o.plot, _ = os.ReadFile(path + ".png")
	return o
}
