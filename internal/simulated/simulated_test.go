package simulated_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"offload/device"
	"offload/device/devicetest"
	"offload/internal/simulated"
	"offload/kernels"
)

func TestCompliance(t *testing.T) {
	devicetest.Run(t, simulated.Open(simulated.Model{Name: "device"}), kernels.All()[:8]...) // of gravity and grid
}

// rows is a kernel with one item for each row, which holds its number.
var rows = &device.Kernel{
	Name:   "rows",
	Params: []device.Param{{Name: "out", Type: device.Float32, Access: device.WriteRows}},
	Contract: func(t *device.Tile) {
		for i := t.Rows.Lo; i < t.Rows.Hi; i++ {
			device.View[float32](t, 0)[i] = float32(i)
		}
	},
}

// TestTimes checks that calls take the time of the model, and that a launch returns before.
func TestTimes(t *testing.T) {
	m := simulated.Model{
		Start:     3 * time.Millisecond,
		Latency:   20 * time.Microsecond,
		Bandwidth: 4e6,
		Rates:     map[string]float64{"rows": 1000},
		Rate:      1,
	}
	for _, dry := range []bool{false, true} {
		m.Dry = dry
		synctest.Test(t, func(t *testing.T) {
			ctx := context.Background()
			d, err := simulated.Open(m)(ctx, device.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			x := make([]float32, 1000)
			b, err := d.Alloc(device.Float32, len(x))
			if err != nil {
				t.Fatal(err)
			}
			l := &device.Launch{Kernel: rows, Args: []device.Arg{device.Vec(b)}, Rows: device.Range{Hi: 500}}
			for _, step := range []struct {
				name string
				call func() error
				want time.Duration
			}{
				{"write of 4000 bytes at 4 MB/s", func() error { return b.Write(ctx, 0, device.Of(x)) }, time.Millisecond + 20*time.Microsecond},
				{"launch", func() error { return d.Launch(ctx, l) }, 0},
				{"launch behind it", func() error { return d.Launch(ctx, l) }, 0},
				{"two launches of 500 rows at 1000/s", func() error { return d.Sync(ctx) }, 2 * (503 * time.Millisecond)},
				{"sync of an idle device", func() error { return d.Sync(ctx) }, 0},
				{"read of 4000 bytes", func() error { return b.Read(ctx, 0, device.Of(x)) }, time.Millisecond + 20*time.Microsecond},
			} {
				start := time.Now()
				if err := step.call(); err != nil {
					t.Fatalf("%s: %v", step.name, err)
				}
				if took := time.Since(start); took != step.want {
					t.Errorf("%s took %v, want %v", step.name, took, step.want)
				}
			}
			if want := float32(499); !dry && x[499] != want || dry && x[499] != 0 {
				t.Errorf("dry = %v: row 499 is %g", dry, x[499])
			}
		})
	}
}

// TestCancelled checks that a launch ends with its context.
func TestCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, err := simulated.Open(simulated.Model{Rate: 1})(context.Background(), device.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		b, err := d.Alloc(device.Float32, 1000)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		start := time.Now()
		l := &device.Launch{Kernel: rows, Args: []device.Arg{device.Vec(b)}, Rows: device.Range{Hi: 1000}}
		if err := d.Launch(ctx, l); err != nil {
			t.Fatal(err)
		}
		if err := l.Wait(context.Background()); err == nil || time.Since(start) != time.Second {
			t.Errorf("%v after %v, want an error after 1 s", err, time.Since(start))
		}
	})
}

// TestProgress checks that a device shows progress during a launch and none after it.
func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		d, err := simulated.Open(simulated.Model{Rate: 1, Latency: 5 * time.Millisecond})(ctx, device.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		b, err := device.Upload(ctx, d, make([]float32, 4))
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := d.Launch(ctx, &device.Launch{Kernel: rows, Args: []device.Arg{device.Vec(b)}, Rows: device.Range{Hi: 4}}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Millisecond) // past the ticks
		for second, want := range []int64{0, 100, 200, 300, 401, 501, 601, 701, 802, 802} {
			if got := d.Counters().Progress; got != want {
				t.Errorf("after %d s the progress is %d, want %d", second, got, want)
			}
			time.Sleep(time.Second)
		}
	})
}

// TestDryListsKernels checks that a dry device reports its kernels as exact.
func TestDryListsKernels(t *testing.T) {
	d, err := simulated.Open(simulated.Model{Dry: true})(context.Background(), device.Options{Kernels: kernels.All()})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, k := range kernels.All() {
		if !slices.Contains(d.Info().Exact, k.Name) {
			t.Errorf("%s is not listed", k.Name)
		}
	}
}
