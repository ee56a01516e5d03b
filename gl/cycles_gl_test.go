//go:build gl && linux

package gl_test

import (
	"context"
	"os"
	"runtime"
	"testing"
	"time"

	"offload/device"
	"offload/gl"
)

// resources counts the resources of the process that a device uses.
type resources struct{ goroutines, threads, files int }

func taken(t *testing.T) resources {
	count := func(dir string) int {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	return resources{runtime.NumGoroutine(), count("/proc/self/task"), count("/proc/self/fd")}
}

// within reports whether no more is in use than before. The runtime may start and keep
// a few threads; a leak in a cycle shows a hundred times.
func (r resources) within(limit resources) bool {
	return r.goroutines <= limit.goroutines && r.threads <= limit.threads+4 && r.files <= limit.files
}

// A thousand cycles (a hundred with -short) of opening, running and closing leave
// nothing behind.
func TestOpenRunClose(t *testing.T) {
	needsGL(t)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	cycles := 1000
	if testing.Short() {
		cycles = 100
	}
	cycle(t) // libraries keep some resources for the process
	before := taken(t)
	most := before
	for range cycles {
		cycle(t)
		now := taken(t)
		most = resources{max(most.goroutines, now.goroutines), max(most.threads, now.threads), max(most.files, now.files)}
	}
	after := taken(t)
	for range 200 {
		if after.within(before) {
			break
		}
		time.Sleep(10 * time.Millisecond)
		after = taken(t)
	}
	t.Logf("before %+v, most %+v, after %d cycles %+v", before, most, cycles, after)
	if !after.within(before) {
		t.Errorf("%d cycles left %+v of %+v", cycles, after, before)
	}
}

// cycle opens a device, computes on it, and closes it.
func cycle(t *testing.T) {
	ctx := context.Background()
	d, err := open(ctx, device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	y, err := device.Upload(ctx, d, make([]int32, 1000))
	if err != nil {
		t.Fatal(err)
	}
	l := &device.Launch{Kernel: ones(), Rows: device.Range{Hi: 1000}, Args: []device.Arg{device.Vec(y)}}
	if err := d.Launch(ctx, l); err != nil {
		t.Fatal(err)
	}
	got, err := device.Download[int32](ctx, y)
	if err != nil || got[999] != 1 {
		t.Fatalf("the last element is %d, %v", got[999], err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if n := gl.Left(d); n != 0 {
		t.Fatalf("Close left %d objects", n)
	}
}

// ones sets every row to 1.
func ones() *device.Kernel {
	return &device.Kernel{
		Name:   "ones",
		Params: []device.Param{{Name: "y", Type: device.Int32, Access: device.WriteRows}},
		Contract: func(t *device.Tile) {
			y := device.View[int32](t, 0)
			for i := t.Rows.Lo; i < t.Rows.Hi; i++ {
				y[i] = 1
			}
		},
		Shader: &device.Shader{Local: 64, Source: `
void main()
{
	int i = row_lo + group_index * LOCAL + int(gl_LocalInvocationIndex);
	if (i < row_hi)
		y_at(i) = 1;
}
`},
	}
}
