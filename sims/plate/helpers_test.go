package plate_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"offload/cpu"
	"offload/device"
	"offload/device/reference"
	"offload/sims/plate"
)

// open opens the host's cores for a test.
func open(t testing.TB) device.Device {
	t.Helper()
	return opened(t, cpu.Open, device.Options{Workers: 3})
}

func opened(t testing.TB, open func(context.Context, device.Options) (device.Device, error), o device.Options) device.Device {
	t.Helper()
	d, err := open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// devices returns the devices on which results are compared.
func devices(t *testing.T) map[string]device.Device {
	return map[string]device.Device{
		"reference": opened(t, reference.Open, device.Options{}),
		"cpu of 1":  opened(t, cpu.Open, device.Options{Workers: 1}),
		"cpu of 3":  open(t),
		"contract":  opened(t, cpu.Open, device.Options{Workers: 2, Variant: "contract"}),
	}
}

// newField returns a plate, or ends the test.
func newField[T device.Float](t testing.TB, rows, cols int, e plate.Edges) *plate.Field[T] {
	t.Helper()
	f, err := plate.NewField[T](rows, cols, e)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// fromFunction returns a plate with u(x, y) at its edges, and optionally inside. Row 0
// is at the largest y.
func fromFunction(t testing.TB, rows, cols int, dx, dy float64, inside bool, u func(x, y float64) float64) *plate.Field[float64] {
	t.Helper()
	f := newField[float64](t, rows, cols, plate.Edges{})
	for r := range rows {
		for c := range cols {
			if inside || r == 0 || c == 0 || r == rows-1 || c == cols-1 {
				f.T[r*cols+c] = u(float64(c)*dx, float64(rows-1-r)*dy)
			}
		}
	}
	return f
}

func clone[T device.Float](f *plate.Field[T]) *plate.Field[T] {
	return &plate.Field[T]{Rows: f.Rows, Cols: f.Cols, T: append([]T(nil), f.T...)}
}

// diff returns the first point where two fields differ in a bit, or "".
func diff[T device.Float](got, want *plate.Field[T]) string {
	for i, v := range want.T {
		if g := got.T[i]; math.Float64bits(float64(g)) != math.Float64bits(float64(v)) {
			return fmt.Sprintf("row %d, column %d: %v, want %v", i/want.Cols, i%want.Cols, g, v)
		}
	}
	return ""
}

// distance returns the largest difference of two fields.
func distance[T device.Float](a, b *plate.Field[T]) float64 {
	d := 0.0
	for i, v := range a.T {
		d = max(d, math.Abs(float64(v)-float64(b.T[i])))
	}
	return d
}

// series returns the temperature of the unit square with its edge y = 1 at 1 and the
// others at 0: Σ 4/(kπ)·sin(kπx)·sinh(kπy)/sinh(kπ) over odd k (Carslaw and
// Jaeger, Conduction of Heat in Solids, 1959, section 5.3).
func series(x, y float64) float64 {
	sum := 0.0
	for k := 1; k < 400; k += 2 {
		a := float64(k) * math.Pi
		ratio := math.Exp(-a*(1-y)) * (1 - math.Exp(-2*a*y)) / (1 - math.Exp(-2*a))
		sum += 4 / a * math.Sin(a*x) * ratio
	}
	return sum
}

// order returns the order of convergence from the errors on one grid and on one of half
// the spacing.
func order(coarse, fine float64) float64 { return math.Log2(coarse / fine) }
