package plate_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"offload/device"
	"offload/sims/plate"
)

// hotTop returns the unit square with 100 degrees at its top, solved to 1e-10.
func hotTop(t testing.TB, d device.Device, n int) (*plate.Field[float64], plate.SteadyResult) {
	t.Helper()
	f := newField[float64](t, n, n, plate.Edges{Top: 100})
	r, err := plate.Steady(context.Background(), d, f, plate.SteadyOptions{Tol: 1e-10})
	if err != nil || !r.Converged || r.Residual > 1e-10 || r.Norm2 < r.Residual {
		t.Fatalf("n = %d: %+v, %v", n, r, err)
	}
	return f, r
}

// Four such plates, rotated by 90° each, add up to one of 100 everywhere, so the centre
// has a quarter of that on every grid.
func TestCentreIsTheMeanOfTheEdges(t *testing.T) {
	d := open(t)
	for _, n := range []int{3, 5, 33, 65, 129} {
		if n > 65 && testing.Short() {
			continue
		}
		f, r := hotTop(t, d, n)
		off := math.Abs(f.At(n/2, n/2) - 25)
		t.Logf("n = %3d: %6d sweeps, centre %.9f, estimated error %.2g", n, r.Sweeps, f.At(n/2, n/2), r.Error)
		if off > 2e-6 || off > 1.05*r.Error+1e-12 {
			t.Errorf("n = %d: the centre is off by %g, the estimate says %g", n, off, r.Error)
		}
	}
}

func TestSecondOrderInSpace(t *testing.T) {
	d := open(t)
	var errs []float64
	for _, n := range []int{17, 33, 65} {
		f, _ := hotTop(t, d, n)
		h, largest := 1/float64(n-1), 0.0
		for r := (n - 1) / 2; r < n-1; r++ { // away from the hot corners
			for c := 1; c < n-1; c++ {
				largest = max(largest, math.Abs(f.At(r, c)-100*series(float64(c)*h, 1-float64(r)*h)))
			}
		}
		errs = append(errs, largest)
	}
	for i := range 2 {
		p := order(errs[i], errs[i+1])
		t.Logf("errors %.3g and %.3g: order %.3f", errs[i], errs[i+1], p)
		if math.Abs(p-2) > 0.15 {
			t.Errorf("order %.3f, want 2", p)
		}
	}
}

// The five-point stencil is exact for bilinear functions, whatever the spacings.
func TestRectangleWithUnequalSpacings(t *testing.T) {
	const dx, dy = 0.25, 0.1
	u := func(x, y float64) float64 { return 3 - 2*x + 5*y + 1.5*x*y }
	d := open(t)
	for _, size := range [][2]int{{3, 3}, {4, 9}, {21, 12}, {40, 5}} {
		f := fromFunction(t, size[0], size[1], dx, dy, false, u)
		r, err := plate.Steady(context.Background(), d, f, plate.SteadyOptions{Tol: 1e-12, Dx: dx, Dy: dy})
		if err != nil {
			t.Fatalf("%v: %v", size, err)
		}
		want := fromFunction(t, size[0], size[1], dx, dy, true, u)
		if off := distance(f, want); off > r.Error+1e-13 {
			t.Errorf("%v: off by %g, the estimate says %g", size, off, r.Error)
		}
	}
}

func TestSpacingsWeighTheEdges(t *testing.T) {
	f := newField[float64](t, 3, 3, plate.Edges{Top: 4, Bottom: 8, Left: 16, Right: 48})
	_, err := plate.Steady(context.Background(), open(t), f, plate.SteadyOptions{Tol: 1e-12, Dx: 2, Dy: 1})
	// cx = 1/10, cy = 4/10
	if want := 0.4*(4+8) + 0.1*(16+48); err != nil || math.Abs(f.At(1, 1)-want) > 1e-14 {
		t.Errorf("%v, %v; want %v", f.At(1, 1), err, want)
	}
}

func TestGridsWithoutInnerPoints(t *testing.T) {
	d := open(t)
	for _, size := range [][2]int{{1, 1}, {2, 2}, {1, 7}, {7, 1}, {2, 9}, {9, 2}} {
		f := newField[float32](t, size[0], size[1], plate.Edges{Top: 1, Bottom: 2, Left: 3, Right: 4})
		before := clone(f)
		r, err := plate.Steady(context.Background(), d, f, plate.SteadyOptions{Tol: 1e-6})
		if err != nil || !r.Converged || r.Residual != 0 || r.Error != 0 {
			t.Errorf("%v: %+v, %v", size, r, err)
		}
		if at := diff(f, before); at != "" {
			t.Errorf("%v: an edge has changed: %s", size, at)
		}
	}
}

// The default number of sweeps suffices from any start, on long grids too.
func TestDefaultLimitSuffices(t *testing.T) {
	d := open(t)
	for _, size := range [][2]int{{3, 3}, {3, 40}, {40, 3}, {17, 17}, {16, 33}} {
		for _, dy := range []float64{0.1, 1, 7} {
			f := newField[float64](t, size[0], size[1], plate.Edges{Left: -3})
			for i := range f.T {
				if r, c := i/f.Cols, i%f.Cols; r > 0 && c > 0 && r < f.Rows-1 && c < f.Cols-1 {
					f.T[i] = 1000 * float64(1-2*((r+c)%2)) // the shortest wave
				}
			}
			if r, err := plate.Steady(context.Background(), d, f, plate.SteadyOptions{Tol: 1e-11, Dx: 1, Dy: dy}); err != nil {
				t.Errorf("%v, dy = %g: %+v, %v", size, dy, r, err)
			}
		}
	}
}

func TestExactNumberOfSweeps(t *testing.T) {
	f := newField[float64](t, 20, 20, plate.Edges{Top: 1})
	var seen []int
	r, err := plate.Steady(context.Background(), open(t), f, plate.SteadyOptions{
		MaxSweeps: 150, Progress: func(n int, residual float64) { seen = append(seen, n) },
	})
	if err != nil || r.Sweeps != 150 || r.Converged {
		t.Errorf("%+v, %v; want 150 sweeps", r, err)
	}
	if len(seen) != 3 || seen[0] != 64 || seen[2] != 150 {
		t.Errorf("progress at %v, want 64 128 150", seen)
	}
}

func BenchmarkSteady(b *testing.B) {
	d := open(b)
	for _, n := range []int{65, 129, 257} {
		b.Run(fmt.Sprint("n=", n), func(b *testing.B) {
			for b.Loop() {
				f, r := hotTop(b, d, n)
				b.ReportMetric(float64(r.Sweeps), "sweeps")
				b.ReportMetric(math.Abs(f.At(n/2, n/2)-25), "centre-error")
			}
		})
	}
}
