package devicetest

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"offload/device"
)

// testArguments: a wrong launch is refused at once and changes nothing; so is a device
// that is to probe no kernel.
func (s suite) testArguments(t *testing.T) {
	if _, err := s.open(context.Background(), device.Options{Kernels: append(slices.Clone(s.kernels), nil)}); !errors.Is(err, device.ErrInvalid) {
		t.Errorf("open to probe no kernel: %v, want ErrInvalid", err)
	}
	d, other := s.device(t), s.device(t)
	k := axpy[float32]()
	x, y := upload(t, d, ramp[float32](10)), upload(t, d, ramp[float32](10))
	whole, foreign := upload(t, d, ramp[int32](10)), upload(t, other, ramp[float32](10))
	one := device.Val(float32(1))
	all := device.Range{Hi: 10}
	refuses := device.Kernel{Name: "refuses", Contract: k.Contract, Params: k.Params,
		Check: func(*device.Launch) error { return device.Invalidf("never") }}
	negative := *k
	negative.Params = slices.Clone(k.Params)
	negative.Params[1].Halo = func(*device.Launch) int { return -1 }
	for _, c := range []struct {
		name   string
		kernel *device.Kernel
		rows   device.Range
		args   []device.Arg
	}{
		{"no kernel", nil, all, nil},
		{"a kernel without a contract", &device.Kernel{Name: "empty"}, all, nil},
		{"a kernel without a name", &device.Kernel{Contract: k.Contract}, all, nil},
		{"too few arguments", k, all, []device.Arg{one, device.Vec(x)}},
		{"a scalar of another type", k, all, []device.Arg{device.Val(int32(1)), device.Vec(x), device.Vec(y)}},
		{"a buffer for a scalar", k, all, []device.Arg{device.Vec(x), device.Vec(x), device.Vec(y)}},
		{"a scalar for a buffer", k, all, []device.Arg{one, one, device.Vec(y)}},
		{"no buffer", k, all, []device.Arg{one, device.Vec(nil), device.Vec(y)}},
		{"a buffer of another type", k, all, []device.Arg{one, device.Vec(whole), device.Vec(y)}},
		{"a buffer of another device", k, all, []device.Arg{one, device.Vec(foreign), device.Vec(y)}},
		{"rows that do not fill", k, all, []device.Arg{one, device.Mat(x, 3), device.Vec(y)}},
		{"rows of no width", k, all, []device.Arg{one, device.Mat(x, 0), device.Vec(y)}},
		{"a view past the end", k, all, []device.Arg{one, device.Vec(x).Rows(5, 15), device.Vec(y)}},
		{"a view before the start", k, all, []device.Arg{one, device.Vec(x).Rows(-1, 9), device.Vec(y)}},
		{"a view whose elements wrap around", k, device.Range{}, []device.Arg{one, device.Mat(x, 2).Rows(math.MinInt, math.MinInt+5), device.Mat(y, 2)}},
		{"a negative halo", &negative, all, []device.Arg{one, device.Vec(x), device.Vec(y)}},
		{"more rows than an input has", k, device.Range{Hi: 11}, []device.Arg{one, device.Vec(x), device.Vec(y)}},
		{"a negative row", k, device.Range{Lo: -1, Hi: 5}, []device.Arg{one, device.Vec(x), device.Vec(y)}},
		{"a reversed range", k, device.Range{Lo: 5, Hi: 4}, []device.Arg{one, device.Vec(x), device.Vec(y)}},
		{"one buffer as input and output", k, all, []device.Arg{one, device.Vec(y), device.Vec(y)}},
		{"views that overlap", k, device.Range{Hi: 5}, []device.Arg{one, device.Vec(y).Rows(4, 10), device.Vec(y).Rows(0, 5)}},
		{"what the kernel itself refuses", &refuses, all, []device.Arg{one, device.Vec(x), device.Vec(y)}},
	} {
		err := d.Launch(context.Background(), &device.Launch{Kernel: c.kernel, Rows: c.rows, Args: c.args})
		if !errors.Is(err, device.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", c.name, err)
		}
	}
	sync(t, d)
	if got := download[float32](t, y); !slices.Equal(got, ramp[float32](10)) {
		t.Error("refused launches changed the output")
	}
	launch(t, d, k, 4, one, device.Vec(y).Rows(6, 10), device.Vec(y).Rows(0, 4))
	want := []float32{6, 8, 10, 12, 4, 5, 6, 7, 8, 9}
	if got := download[float32](t, y); !slices.Equal(got, want) {
		t.Errorf("disjoint views of one buffer: %v, want %v", got, want)
	}
}
