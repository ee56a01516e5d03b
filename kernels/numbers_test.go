package kernels_test

import (
	"context"
	"errors"
	"math"
	"testing"

	"offload/cpu"
	"offload/device"
	"offload/device/reference"
	"offload/kernels/gravity"
	"offload/kernels/grid"
)

// hostDevices are the devices that every machine has.
func hostDevices(t *testing.T) map[string]device.Device {
	t.Helper()
	all := map[string]device.Device{}
	for name, open := range map[string]func(context.Context, device.Options) (device.Device, error){"reference": reference.Open, "cpu": cpu.Open} {
		d, err := open(context.Background(), device.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { d.Close() })
		all[name] = d
	}
	return all
}

// alloc is a matrix on d.
func alloc[T device.Float](t *testing.T, d device.Device, rows, width int) device.Arg {
	t.Helper()
	b, err := device.Upload(context.Background(), d, make([]T, rows*width))
	if err != nil {
		t.Fatal(err)
	}
	return device.Mat(b, width)
}

// wide are numbers that no int32 holds; most of them become small ones if cut to it.
func wide() []int {
	var all []int
	for _, n := range []int64{1 << 31, 1<<32 - 1, 1 << 32, 1<<32 + 1, 1 << 62, -1<<31 - 1, -1 << 32, -1<<32 + 1, math.MinInt64} {
		if int64(int(n)) == n {
			all = append(all, int(n))
		}
	}
	return all
}

// A number of sweeps or steps that is not from 1 to MaxSweeps is refused, and never one
// that fits comes of it.
func TestSweepsAreRefused(t *testing.T) {
	testSweepsAreRefused[float32](t)
	testSweepsAreRefused[float64](t)
}

func testSweepsAreRefused[T device.Float](t *testing.T) {
	for name, d := range hostDevices(t) {
		u, out, residual := alloc[T](t, d, 9, 9), alloc[T](t, d, 9, 9), alloc[T](t, d, 9, grid.ResidualWidth)
		launch := func(sweeps int) map[string]error {
			laplacian := grid.NewLaplacian(u, out, residual, sweeps, T(0.25), T(0.25))
			heat := grid.NewHeat(u, out, residual, sweeps, T(0.25), T(0.25))
			return map[string]error{
				laplacian.Kernel.Name: d.Launch(context.Background(), laplacian),
				heat.Kernel.Name:      d.Launch(context.Background(), heat),
			}
		}
		for _, sweeps := range append(wide(), 0, -1, grid.MaxSweeps+1, math.MaxInt32, math.MinInt32) {
			for kernel, err := range launch(sweeps) {
				if !errors.Is(err, device.ErrInvalid) {
					t.Errorf("%s on %s, %d sweeps: %v, want ErrInvalid", kernel, name, sweeps, err)
				}
			}
		}
		for _, sweeps := range []int{1, grid.MaxSweeps} {
			for kernel, err := range launch(sweeps) {
				if err != nil {
					t.Errorf("%s on %s, %d sweeps: %v", kernel, name, sweeps, err)
				}
			}
		}
	}
}

// So is a home that no int32 holds. Each that does is one.
func TestHomeIsRefused(t *testing.T) {
	testHomeIsRefused[float32](t)
	testHomeIsRefused[float64](t)
}

func testHomeIsRefused[T device.Float](t *testing.T) {
	for name, d := range hostDevices(t) {
		bodies := alloc[T](t, d, 3, gravity.BodyWidth)
		acc, phi := alloc[T](t, d, 3, gravity.AccelWidth), alloc[T](t, d, 3, 1)
		launch := func(home int) map[string]error {
			force := gravity.NewForce(bodies, bodies, acc, T(1), home)
			potential := gravity.NewPotential(bodies, bodies, phi, T(1), home)
			return map[string]error{
				force.Kernel.Name:     d.Launch(context.Background(), force),
				potential.Kernel.Name: d.Launch(context.Background(), potential),
			}
		}
		for _, home := range wide() {
			for kernel, err := range launch(home) {
				if !errors.Is(err, device.ErrInvalid) {
					t.Errorf("%s on %s, home %d: %v, want ErrInvalid", kernel, name, home, err)
				}
			}
		}
		for _, home := range []int{0, -1, math.MaxInt32, gravity.Unrelated} {
			for kernel, err := range launch(home) {
				if err != nil {
					t.Errorf("%s on %s, home %d: %v", kernel, name, home, err)
				}
			}
		}
	}
}

// What was refused has changed nothing: not one sweep was done.
func TestRefusedSweepsDoNothing(t *testing.T) {
	ctx := context.Background()
	for name, d := range hostDevices(t) {
		u, err := device.Upload(ctx, d, grid.Plate[float64](9, 9, 1))
		if err != nil {
			t.Fatal(err)
		}
		out, residual := alloc[float64](t, d, 9, 9), alloc[float64](t, d, 9, grid.ResidualWidth)
		for _, sweeps := range wide() {
			if err := d.Launch(ctx, grid.NewLaplacian(device.Mat(u, 9), out, residual, sweeps, 0.25, 0.25)); err == nil {
				t.Errorf("%s: %d sweeps were taken", name, sweeps)
			}
		}
		got, err := device.Download[float64](ctx, out.Buffer)
		for i, v := range got {
			if v != 0 {
				t.Fatalf("%s: value %d is %g after launches that were refused", name, i, v)
			}
		}
		if err != nil {
			t.Error(err)
		}
	}
}

// Inputs of an impossible size are a panic, and not inputs of another size.
func TestImpossibleInputs(t *testing.T) {
	for name, f := range map[string]func(){
		"a plate of fewer than no rows":  func() { grid.Plate[float32](-1, 4, 1) },
		"a plate of -1 × -1":             func() { grid.Plate[float32](-1, -1, 1) },
		"a plate whose size wraps to 0":  func() { grid.Plate[float64](math.MaxInt/2+1, 4, 1) },
		"a sphere whose size wraps to 0": func() { gravity.Plummer[float64](math.MaxInt/2+1, 1) },
		"a sphere of -1 bodies":          func() { gravity.Plummer[float64](-1, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f()
		})
	}
}

// Without arguments the functions on slices and shapes have an answer, not a panic.
func TestNothing(t *testing.T) {
	if err := gravity.CheckBodies[float64](nil); err != nil {
		t.Errorf("no bodies: %v", err)
	}
	for _, shape := range [][2]int{{0, 0}, {1, 0}, {0, 1}, {-1, -1}, {math.MaxInt, math.MaxInt}, {math.MaxInt32, math.MaxInt32}} {
		if err := grid.CheckField[float32](nil, shape[0], shape[1]); !errors.Is(err, device.ErrInvalid) {
			t.Errorf("no values for a grid of %v points: %v, want ErrInvalid", shape, err)
		}
	}
	if largest, norm := grid.Residual([]float64{3}); largest != 3 || norm != 0 {
		t.Errorf("half a residual: %g, %g", largest, norm)
	}
	if len(gravity.Plummer[float32](0, 1)) != 0 || len(grid.Plate[float32](0, 7, 1)) != 0 || len(grid.Plate[float32](7, 0, 1)) != 0 {
		t.Error("no bodies and no points are some")
	}
	if gravity.Force(0) != nil || grid.Heat(device.Int32) != nil {
		t.Error("there are kernels of types that there are not")
	}
	for name, d := range hostDevices(t) {
		for kernel, l := range map[string]*device.Launch{
			"force":     gravity.NewForce(device.Arg{}, device.Arg{}, device.Arg{}, 0.0, 0),
			"potential": gravity.NewPotential(device.Arg{}, device.Arg{}, device.Arg{}, 0.0, 0),
			"laplacian": grid.NewLaplacian(device.Arg{}, device.Arg{}, device.Arg{}, 1, 0.25, 0.25),
			"heat":      grid.NewHeat(device.Arg{}, device.Arg{}, device.Arg{}, 1, 0.25, 0.25),
		} {
			if err := d.Launch(context.Background(), l); !errors.Is(err, device.ErrInvalid) {
				t.Errorf("%s of nothing on %s: %v, want ErrInvalid", kernel, name, err)
			}
		}
	}
}
