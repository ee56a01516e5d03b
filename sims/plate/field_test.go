package plate_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"offload/device"
	"offload/sims/plate"
)

func TestEdgesAndCorners(t *testing.T) {
	e := plate.Edges{Top: 1, Bottom: 2, Left: 3, Right: 4}
	for _, c := range []struct {
		rows, cols int
		want       []float32
	}{
		{1, 1, []float32{1}},
		{1, 3, []float32{1, 1, 1}},
		{2, 2, []float32{1, 1, 2, 2}},
		{3, 1, []float32{1, 3, 2}},
		{3, 3, []float32{1, 1, 1, 3, 0, 4, 2, 2, 2}},
		{3, 4, []float32{1, 1, 1, 1, 3, 0, 0, 4, 2, 2, 2, 2}},
	} {
		if f := newField[float32](t, c.rows, c.cols, e); !slices.Equal(f.T, c.want) {
			t.Errorf("%d × %d: %v, want %v", c.rows, c.cols, f.T, c.want)
		}
	}
}

func TestImpossiblePlates(t *testing.T) {
	for name, c := range map[string]struct {
		rows, cols int
		top        float64
	}{
		"no rows":      {0, 3, 1},
		"negative":     {3, -1, 1},
		"too many":     {math.MaxInt, math.MaxInt, 1},
		"NaN":          {3, 3, math.NaN()},
		"Inf":          {3, 3, math.Inf(1)},
		"f32 overflow": {3, 3, 1e300},
	} {
		if f, err := plate.NewField[float32](c.rows, c.cols, plate.Edges{Top: c.top}); !errors.Is(err, device.ErrInvalid) || f != nil {
			t.Errorf("%s: %v; want ErrInvalid", name, err)
		}
	}
}

func TestExtremes(t *testing.T) {
	f := &plate.Field[float64]{Rows: 1, Cols: 3, T: []float64{-2, -7, -3}}
	if lowest, highest := f.Extremes(); lowest != -7 || highest != -2 {
		t.Errorf("%g and %g", lowest, highest)
	}
}

// Corners do not affect the inside, nor the limit of a tolerance.
func TestCornersDoNotMatter(t *testing.T) {
	d := open(t)
	f := newField[float32](t, 9, 9, plate.Edges{Top: 1e-3})
	g := clone(f)
	for _, i := range []int{0, 8, 72, 80} {
		g.T[i] = 1e6
	}
	o := plate.SteadyOptions{Tol: 1e-9}
	want, err := plate.Steady(context.Background(), d, f, o)
	if err != nil {
		t.Fatal(err)
	}
	o.MaxSweeps = 100000
	got, err := plate.Steady(context.Background(), d, g, o)
	if err != nil || got != want || g.At(4, 4) != f.At(4, 4) {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
}

func TestTinyValuesBecomeZero(t *testing.T) {
	f := newField[float32](t, 4, 4, plate.Edges{Top: 1, Left: 1e-40, Right: -1e-26})
	f.T[5] = 1e-42
	if _, err := plate.Steady(context.Background(), open(t), f, plate.SteadyOptions{MaxSweeps: 1}); err != nil {
		t.Fatal(err)
	}
	if f.At(1, 0) != 0 || f.At(1, 3) != 0 || f.At(2, 1) != 0 || f.At(0, 1) != 1 {
		t.Errorf("%v", f.T)
	}
}
