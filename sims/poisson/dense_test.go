package poisson_test

import (
	"context"
	"errors"
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"offload/cpu"
	"offload/device"
	"offload/sims/poisson"
)

// A field whose equation is exact, x²−2y² with a constant source, between edges of a
// matrix and of a view of a larger one, which stays as it was around it.
func TestSolveDense(t *testing.T) {
	d, err := cpu.Open(context.Background(), device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	const rows, cols, dx, dy = 33, 65, 0.5, 0.4
	source := mat.NewDense(rows+1, cols+4, nil)
	source.Apply(func(i, j int, _ float64) float64 { return 2 }, source)
	want := func(i, j int) float64 {
		x, y := float64(j)*dx, float64(i)*dy
		return x*x - 2*y*y
	}
	large := mat.NewDense(rows+2, cols+3, nil)
	for name, u := range map[string]*mat.Dense{
		"a matrix": mat.NewDense(rows, cols, nil),
		"a view":   large.Slice(1, rows+1, 2, cols+2).(*mat.Dense),
	} {
		for i := range rows {
			for j := range cols {
				if i == 0 || i == rows-1 || j == 0 || j == cols-1 {
					u.Set(i, j, want(i, j))
				}
			}
		}
		r, err := poisson.SolveDense(context.Background(), d, u, source.Slice(0, rows, 0, cols).(*mat.Dense), dx, dy, poisson.Options{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i := range rows {
			for j := range cols {
				if off := math.Abs(u.At(i, j) - want(i, j)); off > r.Error+1e-11 {
					t.Fatalf("%s: point %d, %d is %g, want %g", name, i, j, u.At(i, j), want(i, j))
				}
			}
		}
	}
	for i := range rows + 2 {
		for j := range cols + 3 {
			if inside := i > 0 && i <= rows && j > 1 && j < cols+2; !inside && large.At(i, j) != 0 {
				t.Errorf("point %d, %d around the view became %g", i, j, large.At(i, j))
			}
		}
	}
}

func TestSolveDenseRefuses(t *testing.T) {
	d, err := cpu.Open(context.Background(), device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	u := mat.NewDense(9, 9, nil)
	for name, solve := range map[string]func() (poisson.Result, error){
		"no matrix": func() (poisson.Result, error) {
			return poisson.SolveDense(context.Background(), d, nil, nil, 1, 1, poisson.Options{})
		},
		"an empty matrix": func() (poisson.Result, error) {
			return poisson.SolveDense(context.Background(), d, new(mat.Dense), nil, 1, 1, poisson.Options{})
		},
		"no distance": func() (poisson.Result, error) {
			return poisson.SolveDense(context.Background(), d, u, nil, 0, 0, poisson.Options{})
		},
		"a source of another shape": func() (poisson.Result, error) {
			return poisson.SolveDense(context.Background(), d, u, mat.NewDense(9, 8, nil), 1, 1, poisson.Options{})
		},
		"no device": func() (poisson.Result, error) {
			return poisson.SolveDense(context.Background(), nil, u, nil, 1, 1, poisson.Options{})
		},
	} {
		if r, err := solve(); !errors.Is(err, device.ErrInvalid) || r != (poisson.Result{}) {
			t.Errorf("%s: %+v, %v; want ErrInvalid", name, r, err)
		}
	}
}
