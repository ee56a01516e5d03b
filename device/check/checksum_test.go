package check_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"offload/cpu"
	"offload/device"
	"offload/device/check"
	"offload/kernels"
	"offload/kernels/gravity"
	"offload/sims/plate"
	"offload/sims/solar"
)

func open(t testing.TB, o device.Options) device.Device {
	t.Helper()
	if o.Kernels == nil {
		o.Kernels = kernels.All()
	}
	d, err := cpu.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// heated is a plate of n × n points with a hot edge, and half as hot inside.
func heated[T device.Float](t testing.TB, n int) *plate.Field[T] {
	t.Helper()
	f, err := plate.NewField[T](n, n, plate.Edges{Top: 100, Left: 50})
	if err != nil {
		t.Fatal(err)
	}
	for r := 1; r < n-1; r++ {
		for c := 1; c < n-1; c++ {
			f.T[r*n+c] = 50
		}
	}
	return f
}

// sweeps runs the steady plate on d.
func sweeps[T device.Float](t testing.TB, d device.Device, n, count, each int) error {
	_, err := plate.Steady(context.Background(), d, heated[T](t, n), plate.SteadyOptions{MaxSweeps: count, SweepsPerLaunch: each})
	return err
}

// A bit that flips in a plate is found by the sums of its rows: signs, exponents, and
// the leading bits of fractions, before or after a launch or on the way back.
func TestChecksumFindsFlipsInPlates(t *testing.T) {
	const n = 101
	cores := open(t, device.Options{})
	for _, bits := range []struct {
		name string
		run  func(t testing.TB, d device.Device) error
		bits []int
	}{
		{"f32", func(t testing.TB, d device.Device) error { return sweeps[float32](t, d, n, 640, 64) }, []int{31, 30, 27, 24, 23, 22}},
		{"f64", func(t testing.TB, d device.Device) error { return sweeps[float64](t, d, n, 640, 64) }, []int{63, 62, 58, 52, 51, 48, 44, 40, 36, 32, 28, 24}},
	} {
		for _, bit := range bits.bits {
			for _, f := range []flip{
				{launch: 1, buffer: 1},
				{launch: 3, before: true, buffer: 0},
				{launch: 6, buffer: 0},
				{launch: 10, buffer: 0},
				{launch: 10, buffer: 0, read: true},
			} {
				f.bit, f.element = bit, (n/2)*n+n/3
				t.Run(fmt.Sprintf("%s/%+v", bits.name, f), func(t *testing.T) {
					d := &flipping{Device: cores, flip: f}
					err := bits.run(t, check.Checksum(d))
					if !d.done || !errors.Is(err, check.ErrChecksum) {
						t.Errorf("struck: %v; the error is %v", d.done, err)
					}
				})
			}
		}
	}
}

// What comes back of a plate that was summed on the device must be what was summed,
// to the last bit.
func TestChecksumFindsFlipsOnTheWayBack(t *testing.T) {
	const n = 101
	d := &flipping{Device: open(t, device.Options{}), flip: flip{launch: 4, buffer: 0, element: 50*n + 33, read: true}}
	if err := sweeps[float32](t, check.Checksum(d), n, check.CheckEvery, check.CheckEvery/4); !errors.Is(err, check.ErrChecksum) {
		t.Errorf("the lowest bit flipped, struck: %v; the error is %v", d.done, err)
	}
}

// In the steps of the heat equation, too.
func TestChecksumFindsFlipsInTransients(t *testing.T) {
	d := &flipping{Device: open(t, device.Options{}), flip: flip{launch: 3, buffer: 1, element: 30*65 + 30, bit: 40}}
	_, err := plate.Transient(context.Background(), check.Checksum(d), heated[float64](t, 65),
		plate.TransientOptions{Diffusivity: 1e-4, Dx: 1e-3, Dy: 2e-3, Time: 3})
	if !errors.Is(err, check.ErrChecksum) {
		t.Errorf("struck: %v; the error is %v", d.done, err)
	}
}

// A clean run gives no alarm: towards the steady state and long after it is reached,
// where roundings no longer cancel each other; on oblong plates; along the way in
// time; in all forms of host code.
func TestChecksumIsQuietOnPlates(t *testing.T) {
	for variant, count := range map[string]int{"": 60_000, "contract": 3000} {
		t.Run("variant "+variant, func(t *testing.T) {
			if testing.Short() {
				if variant == "contract" {
					t.Skip("the checks are the same, and the contract is slow")
				}
				count /= 20
			}
			d := check.Checksum(open(t, device.Options{Variant: variant}))
			t.Run("f32", func(t *testing.T) { quietPlates[float32](t, d, count) })
			t.Run("f64", func(t *testing.T) { quietPlates[float64](t, d, count) })
		})
	}
}

func quietPlates[T device.Float](t *testing.T, d device.Device, count int) {
	if err := sweeps[T](t, d, 65, count, 64); err != nil {
		t.Errorf("65 × 65, %d sweeps: %v", count, err)
	}
	for _, shape := range [][2]int{{3, 3}, {2, 9}, {9, 2}, {1, 1}, {7, 130}, {130, 7}, {257, 129}} {
		f, err := plate.NewField[T](shape[0], shape[1], plate.Edges{Top: 1e-3, Bottom: -300, Left: 7, Right: 1e4})
		if err != nil {
			t.Fatal(err)
		}
		_, err = plate.Steady(context.Background(), d, f, plate.SteadyOptions{MaxSweeps: 1500, SweepsPerLaunch: 50, Dx: 1, Dy: 3})
		if err != nil {
			t.Errorf("%v: %v", shape, err)
		}
	}
	_, err := plate.Transient(context.Background(), d, heated[T](t, 65), plate.TransientOptions{Diffusivity: 1e-4, Dx: 1e-3, Dy: 2e-3, Time: 30})
	if err != nil {
		t.Errorf("transient: %v", err)
	}
}

// attract launches Force among n bodies and reads the result.
func attract[T device.Float](d device.Device, n int) error {
	ctx := context.Background()
	in, err := device.Upload(ctx, d, gravity.Plummer[T](n, 1))
	if err != nil {
		return err
	}
	out, err := d.Alloc(device.TypeOf[T](), n*gravity.AccelWidth)
	if err != nil {
		return err
	}
	rows := device.Mat(in, gravity.BodyWidth)
	for range 3 {
		if err := d.Launch(ctx, gravity.NewForce(rows, rows, device.Mat(out, gravity.AccelWidth), T(1.0/16), 0)); err != nil {
			return err
		}
	}
	_, err = device.Download[T](ctx, out)
	return err
}

// A bit that flips in a force is found by the momentum; one that flips in the bodies
// and is seen by all alike, by the row that is computed again.
func TestChecksumFindsFlipsInForces(t *testing.T) {
	const n = 600
	for _, c := range []struct {
		name string
		flip flip
	}{
		{"a sign", flip{launch: 3, buffer: 1, element: 100, bit: 31}},
		{"an exponent", flip{launch: 3, buffer: 1, element: 101, bit: 24}},
		{"a fraction", flip{launch: 3, buffer: 1, element: 102, bit: 21}},
		{"on the way back", flip{launch: 3, buffer: 1, element: 103, bit: 22, read: true}},
		{"before the next launch", flip{launch: 2, buffer: 1, element: 104, bit: 22}},
		{"the lowest bit of the row done again", flip{launch: 3, buffer: 1, element: 2*gravity.AccelWidth + 1, bit: 0}},
		{"in the bodies", flip{launch: 2, before: true, buffer: 0, element: 4, bit: 23}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &flipping{Device: open(t, device.Options{}), flip: c.flip}
			if err := attract[float32](check.Checksum(d), n); !d.done || !errors.Is(err, check.ErrChecksum) {
				t.Errorf("struck: %v; the error is %v", d.done, err)
			}
		})
	}
}

func TestChecksumIsQuietOnForces(t *testing.T) {
	d := check.Checksum(open(t, device.Options{}))
	for _, n := range []int{1, 2, 3, 11, 255, 256, 257, 1000, 3000} {
		if err := attract[float32](d, n); err != nil {
			t.Errorf("f32, %d bodies: %v", n, err)
		}
		if err := attract[float64](d, n); err != nil {
			t.Errorf("f64, %d bodies: %v", n, err)
		}
	}
}

// planets integrates the Solar System for some years on d.
func planets(t testing.TB, d device.Device, days float64) error {
	t.Helper()
	sys, err := solar.J2000()
	if err != nil {
		t.Fatal(err)
	}
	field, err := solar.NewDeviceField(d, sys.GMs())
	if err != nil {
		t.Fatal(err)
	}
	defer field.Close()
	sim, err := solar.New(sys, field, solar.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = sim.Run(context.Background(), sys.Epoch+days, solar.Watch{})
	return err
}

func TestChecksumOnTheSolarSystem(t *testing.T) {
	if err := planets(t, check.Checksum(open(t, device.Options{})), 3000); err != nil {
		t.Errorf("a clean run: %v", err)
	}
	const sun, jupiter, accelerations = 0, 6, 1
	for _, c := range []struct {
		name string
		body int
		bit  int
	}{
		{"the Sun's sign", sun, 63}, {"the Sun's exponent", sun, 53}, {"the Sun's fraction", sun, 20},
		{"Jupiter's sign", jupiter, 63}, {"Jupiter's fraction", jupiter, 20},
	} {
		d := &flipping{Device: open(t, device.Options{}), flip: flip{launch: 500, buffer: accelerations, element: c.body * 3, bit: c.bit}}
		if err := planets(t, check.Checksum(d), 300); !d.done || !errors.Is(err, check.ErrChecksum) {
			t.Errorf("%s: struck: %v; the error is %v", c.name, d.done, err)
		}
	}
}
