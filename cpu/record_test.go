package cpu

import (
	"context"
	"testing"

	"offload/device"
	"offload/device/trace"
	"offload/kernels/gravity"
)

// oneRow is a launch of a single row of Force among eight bodies.
func oneRow(b testing.TB, r device.Recorder) (device.Device, *device.Launch) {
	ctx := context.Background()
	d, err := Open(ctx, device.Options{Workers: 2, Recorder: r})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { d.Close() })
	l, err := bind(ctx, d, gravity.Force(device.Float32).Examples(8)[0])
	if err != nil {
		b.Fatal(err)
	}
	l.Rows = device.Range{Hi: 1}
	return d, l
}

// BenchmarkLaunchOfOneRow is a launch of one row and a Sync, with and without a recorder.
// The cost of the hooks without a recorder is the difference to a version without hooks:
// see BENCHMARKS.md.
func BenchmarkLaunchOfOneRow(b *testing.B) {
	for _, c := range []struct {
		name     string
		recorder device.Recorder
	}{{"recorder=none", nil}, {"recorder=trace", trace.New(1 << 10)}} {
		b.Run(c.name, func(b *testing.B) {
			ctx := context.Background()
			d, l := oneRow(b, c.recorder)
			b.ReportAllocs()
			for b.Loop() {
				if err := d.Launch(ctx, l); err != nil {
					b.Fatal(err)
				}
				if err := d.Sync(ctx); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// A launch allocates nothing, with or without a recorder: a full recorder reuses its
// memory.
func TestRecordingDoesNotAllocate(t *testing.T) {
	const limit = 64
	for name, recorder := range map[string]device.Recorder{"none": nil, "trace": trace.New(limit)} {
		ctx := context.Background()
		d, l := oneRow(t, recorder)
		launch := func() {
			if err := d.Launch(ctx, l); err != nil {
				t.Fatal(err)
			}
			if err := d.Sync(ctx); err != nil {
				t.Fatal(err)
			}
		}
		for range limit {
			launch()
		}
		if allocs := testing.AllocsPerRun(100, launch); allocs != 0 {
			t.Errorf("recorder %s: %g allocations a launch", name, allocs)
		}
	}
}
