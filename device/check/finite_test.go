package check_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"offload/device"
	"offload/device/check"
	"offload/sims/plate"
)

// A NaN that comes into a plate is found in the launch, the sweep and the point where
// it appears first. Bit 62 of 1.5 makes it a NaN, of 1 an Inf.
func TestFiniteInPlates(t *testing.T) {
	const n = 65
	for _, c := range []struct {
		name string
		flip flip
		want check.NotFinite
	}{
		{"after a launch", flip{launch: 4, buffer: 0, element: 20*n + 30, bit: 62},
			check.NotFinite{Launch: 4, Param: "out", Index: 20*n + 30, Row: 20, Column: 30}},
		{"before a launch", flip{launch: 3, before: true, buffer: 0, element: 0, bit: 62},
			check.NotFinite{Launch: 3, Param: "u", Input: true, Index: 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := plate.NewField[float64](n, n, plate.Edges{Top: 1.5, Left: 1.5, Right: 1.5, Bottom: 1.5})
			if err != nil {
				t.Fatal(err)
			}
			for i := range f.T {
				f.T[i] = 1.5
			}
			d := &flipping{Device: open(t, device.Options{}), flip: c.flip}
			_, err = plate.Steady(context.Background(), check.Finite(d), f, plate.SteadyOptions{MaxSweeps: 640, SweepsPerLaunch: 64})
			var found *check.NotFinite
			if !errors.As(err, &found) || !errors.Is(err, check.ErrNotFinite) {
				t.Fatalf("struck: %v; the error is %v", d.done, err)
			}
			c.want.Kernel = "laplacian.f64"
			got := *found
			if got.Value = 0; got != c.want || !math.IsNaN(found.Value) {
				t.Errorf("found %+v, want %+v", *found, c.want)
			}
		})
	}
}

// A kernel that grows its values until they are infinite is caught in the sweep in
// which that happens.
func TestFiniteNamesTheSweep(t *testing.T) {
	grow := growing()
	d := check.Finite(open(t, device.Options{Kernels: []*device.Kernel{grow}}))
	ctx := context.Background()
	in, err := device.Upload(ctx, d, []float64{1, 1, 1, 0x1p1000, 1})
	if err != nil {
		t.Fatal(err)
	}
	out, err := d.Alloc(device.Float64, 5)
	if err != nil {
		t.Fatal(err)
	}
	launch := func(sweeps int32) error {
		return d.Launch(ctx, &device.Launch{
			Kernel: grow, Rows: device.Range{Hi: 5},
			Args: []device.Arg{device.Vec(in), device.Vec(out), device.Val(sweeps)},
		})
	}
	if err := launch(23); err != nil {
		t.Errorf("while all is finite: %v", err)
	}
	var found *check.NotFinite
	err = launch(100)
	want := check.NotFinite{Kernel: "grow", Launch: 2, Sweep: 24, Again: true, Param: "out", Index: 3, Row: 3, Value: math.Inf(1)}
	if !errors.As(err, &found) || *found != want {
		t.Errorf("found %+v, want %+v", err, want)
	}
	if text := err.Error(); !strings.Contains(text, "kernel grow, launch 2, sweep 24: out[3] (row 3, column 0) is +Inf") {
		t.Errorf("it reads %q", text)
	}
}

// growing doubles values, sweep by sweep.
func growing() *device.Kernel {
	return &device.Kernel{
		Name: "grow",
		Params: []device.Param{
			{Name: "in", Type: device.Float64, Access: device.ReadRows},
			{Name: "out", Type: device.Float64, Access: device.WriteRows},
			{Name: "sweeps", Type: device.Int32},
		},
		Invariant: &device.Invariant{Sweeps: "sweeps"},
		Contract: func(t *device.Tile) {
			for r := t.Rows.Lo; r < t.Rows.Hi; r++ {
				device.View[float64](t, 1)[r] = math.Ldexp(device.View[float64](t, 0)[r], int(device.Scalar[int32](t.Launch, 2)))
			}
		},
	}
}

// A NaN in a force is found at once; bodies that are no numbers are the input's fault.
func TestFiniteInForces(t *testing.T) {
	for _, c := range []struct {
		name  string
		flip  flip
		input bool
	}{
		{"an acceleration", flip{launch: 2, buffer: 1, element: 33, nan: true}, false},
		{"a body", flip{launch: 2, before: true, buffer: 0, element: 33, nan: true}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := attract[float64](check.Finite(&flipping{Device: open(t, device.Options{}), flip: c.flip}), 100)
			var found *check.NotFinite
			if !errors.As(err, &found) || found.Kernel != "force.f64" || found.Launch != 2 || found.Index != 33 || found.Input != c.input {
				t.Errorf("found %v", err)
			}
		})
	}
}

// A clean run gives no error.
func TestFiniteIsQuiet(t *testing.T) {
	d := check.Finite(open(t, device.Options{}))
	if err := sweeps[float32](t, d, 65, 2000, 64); err != nil {
		t.Error(err)
	}
	if err := attract[float64](d, 300); err != nil {
		t.Error(err)
	}
	if err := planets(t, d, 100); err != nil {
		t.Error(err)
	}
}
