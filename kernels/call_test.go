package kernels_test

import (
	"errors"
	"slices"
	"testing"

	"offload/device"
	"offload/kernels/gravity"
	"offload/kernels/grid"
)

// Calls write to the given slices, and leave their inputs unchanged.
func TestCalls(t *testing.T) {
	bodies := gravity.Plummer[float64](20, 1)
	acc := make([]float64, 20*gravity.AccelWidth)
	force, err := gravity.ForceCall(bodies, acc, 0.01)
	if err != nil {
		t.Fatal(err)
	}
	field := grid.Plate[float32](9, 7, 3)
	before := slices.Clone(field)
	out, residual := make([]float32, len(field)), make([]float32, 9*grid.ResidualWidth)
	laplacian, err := grid.LaplacianCall(field, out, residual, 9, 7, 5, 0.25, 0.25)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*device.Call{force, laplacian} {
		if err := c.Contract(); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.ContainsFunc(acc, func(a float64) bool { return a != 0 }) {
		t.Error("no body is accelerated")
	}
	if largest, _ := grid.Residual(residual); largest == 0 || slices.Equal(out, field) {
		t.Error("the sweeps change nothing")
	}
	if !slices.Equal(field, before) {
		t.Error("the field was changed")
	}
}

func TestCallsRefuse(t *testing.T) {
	field, out, residual := make([]float32, 63), make([]float32, 63), make([]float32, 9*grid.ResidualWidth)
	for name, err := range map[string]error{
		"half a body":             second(gravity.ForceCall([]float32{1, 2, 3}, nil, 0)),
		"too few accelerations":   second(gravity.ForceCall(make([]float32, 8), make([]float32, 5), 0)),
		"a wrong shape":           second(grid.LaplacianCall(field, out, residual, 9, 8, 1, 0.25, 0.25)),
		"no sweeps":               second(grid.LaplacianCall(field, out, residual, 9, 7, 0, 0.25, 0.25)),
		"sweeps that do not fit":  second(grid.LaplacianCall(field, out, residual, 9, 7, grid.MaxSweeps+1, 0.25, 0.25)),
		"too little room":         second(grid.LaplacianCall(field, out[1:], residual, 9, 7, 1, 0.25, 0.25)),
		"too few residuals":       second(grid.LaplacianCall(field, out, residual[1:], 9, 7, 1, 0.25, 0.25)),
		"a value that is not one": second(grid.LaplacianCall([]float32{0 / zero}, out[:1], residual[:2], 1, 1, 1, 0.25, 0.25)),
	} {
		if !errors.Is(err, device.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
}

var zero float32

func second(_ *device.Call, err error) error { return err }
