package check_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"offload/device"
	"offload/device/check"
	"offload/kernels/gravity"
	"offload/kernels/grid"
)

// without is a device that does not have the kernels of the checks, as one with shaders
// has not.
type without struct{ device.Device }

func (d without) Launch(ctx context.Context, l *device.Launch) error {
	if l.Kernel.Name == "rowsums.f32" || l.Kernel.Name == "rowsums.f64" {
		return fmt.Errorf("%w: no shader", device.ErrUnsupported)
	}
	return d.Device.Launch(ctx, l)
}

// Where the device cannot sum rows, plates are read back and summed on the host.
func TestChecksumOnTheHost(t *testing.T) {
	const n = 101
	cores := open(t, device.Options{})
	if err := sweeps[float64](t, check.Checksum(without{cores}), n, 2000, 64); err != nil {
		t.Errorf("a clean run: %v", err)
	}
	d := &flipping{Device: cores, flip: flip{launch: 3, buffer: 1, element: 50*n + 50, bit: 50}}
	if err := sweeps[float64](t, check.Checksum(without{d}), n, 2000, 64); !errors.Is(err, check.ErrChecksum) {
		t.Errorf("struck: %v; the error is %v", d.done, err)
	}
}

// A plate may be written and read in parts, be computed by other kernels or in part, and
// change its shape or its coefficients: what is known of it keeps up.
func TestChecksumKeepsUp(t *testing.T) {
	const n, sweeps = 64, check.CheckEvery
	ctx := context.Background()
	d := check.Checksum(open(t, device.Options{}))
	data := grid.Plate[float64](n, n, 1)
	var u [2]device.Buffer
	var err error
	for i := range u {
		if u[i], err = device.Upload(ctx, d, data); err != nil {
			t.Fatal(err)
		}
	}
	residual, err := d.Alloc(device.Float64, 2*n*grid.ResidualWidth)
	if err != nil {
		t.Fatal(err)
	}
	launch := func(from, cols, sweeps int, cx, cy float64, heat bool, rows device.Range) {
		t.Helper()
		in, out := device.Mat(u[from], cols), device.Mat(u[1-from], cols)
		norms := device.Mat(residual, grid.ResidualWidth).Rows(0, in.NumRows())
		l := grid.NewLaplacian(in, out, norms, sweeps, cx, cy)
		if heat {
			l = grid.NewHeat(in, out, norms, sweeps, cx, cy)
		}
		if rows.Len() > 0 {
			l.Rows = rows
		}
		if err := d.Launch(ctx, l); err != nil {
			t.Error(err)
		}
	}
	read := func(b device.Buffer, lo, hi int) {
		t.Helper()
		if err := b.Read(ctx, lo, device.Of(make([]float64, hi-lo))); err != nil {
			t.Error(err)
		}
	}
	launch(0, n, sweeps/2, 0.25, 0.25, false, device.Range{})
	launch(1, n, sweeps/2+1, 0.3, 0.2, false, device.Range{}) // other coefficients before a check
	launch(0, n, 10, 0.1, 0.2, true, device.Range{})
	read(u[1], 0, n*n)
	read(u[0], 5, 300)
	if err := u[0].Write(ctx, 3*n, device.Of(data[:2*n])); err != nil { // a part
		t.Error(err)
	}
	launch(0, n, sweeps, 0.25, 0.25, false, device.Range{})
	launch(1, n/2, sweeps, 0.25, 0.25, false, device.Range{}) // another shape
	launch(0, n/2, 3, 0.25, 0.25, false, device.Range{Lo: 7, Hi: 40})
	read(u[1], 0, n*n)
	launch(1, n/2, sweeps, 0.25, 0.25, false, device.Range{})
	read(u[0], 0, n*n)
}

// Targets that are not among the sources have no momentum to keep: their rows are done
// again alone, also where a result is written over unread, or read in part.
func TestForcesOfOthers(t *testing.T) {
	ctx := context.Background()
	d := check.Checksum(open(t, device.Options{}))
	targets, err := device.Upload(ctx, d, gravity.Plummer[float32](50, 2))
	if err != nil {
		t.Fatal(err)
	}
	sources, err := device.Upload(ctx, d, gravity.Plummer[float32](300, 1))
	if err != nil {
		t.Fatal(err)
	}
	out, err := d.Alloc(device.Float32, 50*gravity.AccelWidth)
	if err != nil {
		t.Fatal(err)
	}
	l := gravity.NewForce(device.Mat(targets, gravity.BodyWidth), device.Mat(sources, gravity.BodyWidth),
		device.Mat(out, gravity.AccelWidth), float32(0.1), gravity.Unrelated)
	for range 60 {
		if err := d.Launch(ctx, l); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Read(ctx, 3, device.Of(make([]float32, 6))); err != nil {
		t.Error(err)
	}
}
