package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"offload"
	"offload/cpu"
	"offload/device"
	"offload/device/devicetest"
	"offload/device/sched"
	"offload/kernels"
	"offload/kernels/gravity"
)

// failing is a device on which launches on that many elements fail after they were
// accepted.
type failing struct {
	device.Device
	elements int
}

func (d failing) Launch(ctx context.Context, l *device.Launch) error {
	if l.Args[0].Len != d.elements {
		return d.Device.Launch(ctx, l)
	}
	k := *l.Kernel
	k.Contract, k.Host = func(*device.Tile) { panic("out of order") }, nil
	return d.Device.Launch(ctx, &device.Launch{Kernel: &k, Args: l.Args, Rows: l.Rows})
}

// onFailing returns a schedule with a failing host as the only device.
func onFailing(elements int) schedule {
	return func(ctx context.Context, o offload.ScheduleOptions) (*sched.Scheduler, error) {
		pool, err := cpu.NewPool(o.Device.Workers)
		if err != nil {
			return nil, err
		}
		o.Device.Kernels = kernels.All()
		return sched.New(ctx, sched.Options{
			Devices: []sched.Candidate{{Name: "cpu", Open: func(ctx context.Context) (device.Device, error) {
				d, err := cpu.OpenOn(ctx, pool, o.Device)
				return failing{d, elements}, err
			}}},
			Pool: pool, Folder: costs, Placed: o.Placed,
		})
	}
}

// A launch that fails after it was accepted ends the command with its error, exit code 1,
// and no file.
func TestFailedLaunches(t *testing.T) {
	execute("version") // starts the goroutine that waits for signals, which stays
	devicetest.NoLeak(t)
	dir := t.TempDir()
	for _, c := range []struct {
		name     string
		elements int // of the first argument of the launches
		args     []string
	}{
		{"bench of forces", 41 * gravity.BodyWidth, []string{"bench", "--kernel=force", "--n=41"}},
		{"bench of plates", 41 * 41, []string{"bench", "--kernel=heat", "--n=41", "--precision=f32"}},
		{"plate", 41 * 43, []string{"sim", "plate", "--n=41x43", "--top=1", "--solver=jacobi", "--plot=" + filepath.Join(dir, "out.png")}},
		{"plate in time", 41 * 43, []string{"sim", "plate", "--n=41x43", "--top=1", "--time=2", "--plot=" + filepath.Join(dir, "out.png")}},
		{"solar", 11 * gravity.BodyWidth, []string{"sim", "solar", "--until=2451555", "--out=" + filepath.Join(dir, "out.csv")}},
	} {
		var stdout, stderr bytes.Buffer
		code := run(onFailing(c.elements), append(c.args, "--device=auto"), &stdout, &stderr)
		if code != exitFailed || !strings.Contains(stderr.String(), "panic: out of order") {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q", c.name, code, &stdout, &stderr)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("%d files were left, %v", len(entries), err)
	}
}
