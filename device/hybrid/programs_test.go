package hybrid_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"offload/device"
	"offload/kernels/gravity"
	"offload/kernels/grid"
)

// program is something that users do with a device, step after step.
type program struct {
	name  string
	start func(ctx context.Context, d device.Device) (run, error)
}

// run is a program that has been started.
type run struct {
	step   func() error                 // ends when the work of the step is done
	result func() (device.Slice, error) // what it has computed
}

// programs are the ways in which kernels are used: results that stay on the device,
// a field that goes to and fro, and inputs that the host sets in each step.
func programs(n int) []program {
	return []program{
		{"force", func(ctx context.Context, d device.Device) (run, error) { return startForce(ctx, d, n, false) }},
		{"force with positions of the host", func(ctx context.Context, d device.Device) (run, error) { return startForce(ctx, d, n, true) }},
		{"laplacian", func(ctx context.Context, d device.Device) (run, error) {
			return startPlate(ctx, d, n, grid.Laplacian(device.Float64), 1)
		}},
		{"heat in batches", func(ctx context.Context, d device.Device) (run, error) {
			return startPlate(ctx, d, n, grid.Heat(device.Float64), 4)
		}},
	}
}

func startForce(ctx context.Context, d device.Device, n int, host bool) (run, error) {
	bodies := gravity.Plummer[float32](n, 1)
	accel := make([]float32, n*gravity.AccelWidth)
	in, err := device.Upload(ctx, d, bodies)
	if err != nil {
		return run{}, err
	}
	out, err := d.Alloc(device.Float32, len(accel))
	if err != nil {
		return run{}, err
	}
	l := &device.Launch{Kernel: gravity.Force(device.Float32), Rows: device.Range{Hi: n}, Args: []device.Arg{
		device.Mat(in, gravity.BodyWidth), device.Mat(in, gravity.BodyWidth), device.Mat(out, gravity.AccelWidth),
		device.Val(float32(0.25)), device.Val(int32(0))}}
	read := func() (device.Slice, error) { return device.Of(accel), out.Read(ctx, 0, device.Of(accel)) }
	return run{result: read, step: func() error {
		if !host {
			return errors.Join(d.Launch(ctx, l), d.Sync(ctx))
		}
		for i := range bodies {
			if column := i % gravity.BodyWidth; column < gravity.AccelWidth {
				bodies[i] += accel[i/gravity.BodyWidth*gravity.AccelWidth+column] / 1024
			}
		}
		if err := in.Write(ctx, 0, device.Of(bodies)); err != nil {
			return err
		}
		if err := d.Launch(ctx, l); err != nil {
			return err
		}
		_, err := read()
		return err
	}}, nil
}

func startPlate(ctx context.Context, d device.Device, n int, k *device.Kernel, sweeps int) (run, error) {
	field := grid.Plate[float64](n, n, 1)
	rows := make([]float64, n*grid.ResidualWidth)
	u, err := device.Upload(ctx, d, field)
	if err != nil {
		return run{}, err
	}
	v, err := d.Alloc(device.Float64, len(field))
	if err != nil {
		return run{}, err
	}
	residual, err := d.Alloc(device.Float64, len(rows))
	if err != nil {
		return run{}, err
	}
	l := &device.Launch{Kernel: k, Rows: device.Range{Hi: n}, Args: []device.Arg{
		device.Mat(u, n), device.Mat(v, n), device.Mat(residual, grid.ResidualWidth),
		device.Val(int32(sweeps)), device.Val(0.25), device.Val(0.25)}}
	return run{
		step: func() error {
			if err := d.Launch(ctx, l); err != nil {
				return err
			}
			u, v = v, u
			l.Args[0], l.Args[1] = device.Mat(u, n), device.Mat(v, n)
			return residual.Read(ctx, 0, device.Of(rows))
		},
		result: func() (device.Slice, error) { return device.Of(field), u.Read(ctx, 0, device.Of(field)) },
	}, nil
}

// times runs a program for that many steps and returns the time of each, and the
// result.
func times(d device.Device, p program, steps int) (took []time.Duration, result device.Slice, err error) {
	r, err := p.start(context.Background(), d)
	if err != nil {
		return nil, result, err
	}
	for range steps {
		start := time.Now()
		if err := r.step(); err != nil {
			return nil, result, err
		}
		took = append(took, time.Since(start))
	}
	result, err = r.result()
	return took, result, err
}

// virtually runs a test where sleeping takes no time.
func virtually(t *testing.T, name string, test func(t *testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
}
