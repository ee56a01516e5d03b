package plate_test

import (
	"context"
	"testing"

	"offload/device"
	"offload/sims/plate"
)

func TestSameBitsOnEveryDevice(t *testing.T) {
	t.Run("f32", testSameBits[float32])
	t.Run("f64", testSameBits[float64])
}

func testSameBits[T device.Float](t *testing.T) {
	edges := plate.Edges{Top: 100, Left: -7, Right: 1e-3}
	runs := map[string]func(d device.Device, f *plate.Field[T]) (any, error){
		"steady": func(d device.Device, f *plate.Field[T]) (any, error) {
			r, err := plate.Steady(context.Background(), d, f, plate.SteadyOptions{Tol: 1e-3, Dx: 1, Dy: 1.3})
			return r, err
		},
		"transient": func(d device.Device, f *plate.Field[T]) (any, error) {
			r, err := plate.Transient(context.Background(), d, f,
				plate.TransientOptions{Diffusivity: 1e-4, Dx: 0.01, Dy: 0.013, Time: 60})
			return r, err
		},
	}
	all := devices(t)
	for name, run := range runs {
		want := newField[T](t, 41, 67, edges)
		result, err := run(all["reference"], want)
		if err != nil {
			t.Fatal(err)
		}
		for where, d := range all {
			got := newField[T](t, 41, 67, edges)
			r, err := run(d, got)
			if at := diff(got, want); err != nil || r != result || at != "" {
				t.Errorf("%s on %s: %+v, %v, want %+v; %s", name, where, r, err, result, at)
			}
		}
	}
}

func TestBatchesDoNotMatter(t *testing.T) {
	d := open(t)
	want := newField[float64](t, 23, 31, plate.Edges{Top: 100, Right: 3})
	result, err := plate.Steady(context.Background(), d, want, plate.SteadyOptions{MaxSweeps: 211})
	if err != nil {
		t.Fatal(err)
	}
	for _, batch := range []int{1, 2, 7, 210, 211, 1000} {
		got := newField[float64](t, 23, 31, plate.Edges{Top: 100, Right: 3})
		r, err := plate.Steady(context.Background(), d, got, plate.SteadyOptions{MaxSweeps: 211, SweepsPerLaunch: batch})
		if at := diff(got, want); err != nil || r != result || at != "" {
			t.Errorf("%d sweeps per launch: %+v, %v, want %+v; %s", batch, r, err, result, at)
		}
	}
}
