package gl

import (
	"context"
	"errors"
	"testing"
	"time"

	"offload/device"
	"offload/gl/internal/fake"
)

// A long launch is cut into spans below the limit, whatever the speed of the device,
// and all of its rows are computed.
func TestLongLaunchesAreCut(t *testing.T) {
	const rows, limit = 200_000, 100 * time.Millisecond
	groups := (rows + 63) / 64
	for _, group := range []time.Duration{time.Microsecond, 100 * time.Microsecond, 3 * time.Millisecond, 40 * time.Millisecond} {
		o := &opening{shape: func(d *fake.Driver) { d.GroupTime = group }}
		d, err := o.open(context.Background(), device.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Sync(context.Background()); err != nil { // the spans of the probes are measured
			t.Fatal(err)
		}
		probes := len(o.drivers[0].Spans)
		if err := addOne(d, rows, 1e4); err != nil {
			t.Errorf("%v a group: %v", group, err)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		o.check(t)
		spans, sum := o.drivers[0].Spans[probes:], time.Duration(0)
		for i, s := range spans {
			if sum += s; s > limit {
				t.Errorf("%v a group: span %d of %d took %v, the limit is %v", group, i, len(spans), s, limit)
			}
		}
		if want := time.Duration(groups) * group; sum != want {
			t.Errorf("%v a group: the spans took %v, want %v", group, sum, want)
		}
		if most := int(time.Duration(groups)*group/(limit/4)) + 12; len(spans) > most {
			t.Errorf("%v a group: %d spans, want at most %d", group, len(spans), most)
		}
	}
}

// addOne runs a kernel without a plan on the given number of rows, of ops operations
// each, and checks the result.
func addOne(d device.Device, rows int, ops float64) error {
	ctx := context.Background()
	k := next()
	k.Shader = &device.Shader{Local: 64, Source: "next, plain"}
	k.Cost = func(l *device.Launch) device.Cost {
		return device.Cost{Items: float64(l.Rows.Len()), Ops: float64(l.Rows.Len()) * ops}
	}
	in, out := make([]int32, rows), make([]int32, rows)
	for i := range in {
		in[i] = int32(i)
	}
	c := &device.Call{Kernel: k, Rows: device.Range{Hi: rows}, Args: []device.HostArg{device.HostVec(in), device.HostVec(out)}}
	if err := errors.Join(c.Run(ctx, d), d.Sync(ctx)); err != nil {
		return err
	}
	for i, v := range out {
		if v != int32(i)+1 {
			return errors.New("a row was not computed")
		}
	}
	return nil
}

// The counters add up what a device has done.
func TestCounters(t *testing.T) {
	o := &opening{shape: func(d *fake.Driver) { d.GroupTime = time.Millisecond }}
	d, err := o.open(context.Background(), device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Sync(context.Background()); err != nil {
		t.Fatal(err)
	}
	before := d.Counters()
	if err := addOne(d, 640, 1); err != nil {
		t.Fatal(err)
	}
	after := d.Counters()
	for what, got := range map[string][2]int64{
		"launches":   {after.Launches - before.Launches, 1},
		"dispatches": {after.Dispatches - before.Dispatches, 1},
		"uploaded":   {after.Uploaded - before.Uploaded, 4 * 640},
		"downloaded": {after.Downloaded - before.Downloaded, 4 * 640},
		"time":       {int64(after.KernelTime - before.KernelTime), int64(10 * time.Millisecond)},
	} {
		if got[0] != got[1] {
			t.Errorf("%s: %d, want %d", what, got[0], got[1])
		}
	}
}
