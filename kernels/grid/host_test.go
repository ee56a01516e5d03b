package grid_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"offload/device"
	"offload/kernels/grid"
)

// Every variant gives the contract's bits for all shapes, numbers of sweeps,
// ranges of rows and numbers of workers.
func TestStencilVariants(t *testing.T) {
	for _, variant := range []string{"avx2", "go"} {
		t.Run(variant, func(t *testing.T) {
			testStencilVariant[float32](t, variant)
			testStencilVariant[float64](t, variant)
		})
	}
}

var stencilShapes = [][2]int{ // rows, columns
	{1, 1}, {1, 9}, {9, 1}, {2, 2}, {3, 3}, {5, 4}, {40, 15}, {17, 16}, {9, 17}, {21, 63}, {22, 64}, {33, 65}, {30, 71},
	{64, 127}, {41, 255}, {35, 257}, {130, 300}, {19, 512}, {26, 513}, {23, 520}, {28, 777}, {45, 1100},
}

func testStencilVariant[T device.Float](t *testing.T, variant string) {
	typ := device.TypeOf[T]()
	for _, workers := range []int{1, 2, 3, 7} {
		d := openVariant(t, variant, workers)
		for i, shape := range stencilShapes {
			for j, sweeps := range []int{1, 2, 3, 16, 33, 100} {
				if (testing.Short() || workers > 1) && (2*i+j)%3 != 0 {
					continue
				}
				for _, k := range []*device.Kernel{grid.Laplacian(typ), grid.Heat(typ)} {
					checkStencilCall[T](t, d, k, shape[0], shape[1], sweeps, (i+j)%fieldKinds)
				}
			}
		}
	}
}

// checkStencilCall compares the device and the contract in all rows, or some.
func checkStencilCall[T device.Float](t *testing.T, d device.Device, k *device.Kernel, rows, cols, sweeps, kind int) {
	t.Helper()
	field := stencilField[T](rows, cols, kind)
	all := device.Range{Hi: rows}
	if kind%2 == 1 {
		all = device.Range{Lo: rows / 3, Hi: rows - rows/4}
	}
	cx, cy := T(0.25), T(0.25)
	if kind >= 2 && kind != 4 {
		cx, cy = 0.3, 0.1
	}
	call := func() (*device.Call, []T, []T) {
		out, residual := filled[T](rows*cols), filled[T](rows*grid.ResidualWidth)
		return &device.Call{Kernel: k, Rows: all, Args: []device.HostArg{
			device.HostMat(field, cols), device.HostMat(out, cols), device.HostMat(residual, grid.ResidualWidth),
			device.HostVal(int32(sweeps)), device.HostVal(cx), device.HostVal(cy)}}, out, residual
	}
	want, wantOut, wantResidual := call()
	if err := want.Contract(); err != nil {
		t.Fatal(err)
	}
	got, gotOut, gotResidual := call()
	if err := got.Run(context.Background(), d); err != nil {
		t.Fatal(err)
	}
	where := fmt.Sprintf("%s, %d × %d, %d sweeps, rows %v, field %d", k.Name, rows, cols, sweeps, all, kind)
	sameBits(t, where+": out", cols, gotOut, wantOut)
	sameBits(t, where+": residual", grid.ResidualWidth, gotResidual, wantResidual)
}

func filled[T device.Float](n int) []T {
	s := make([]T, n)
	for i := range s {
		s[i] = T(-7.5)
	}
	return s
}

// fieldKinds is the number of kinds of fields: a hot edge, noise, values around the
// floor, noise with some special values, and twice one without minus signs whose
// values come nearer to the floor from row to row, with zeros.
const fieldKinds = 6

func stencilField[T device.Float](rows, cols, kind int) []T {
	r := rand.New(rand.NewPCG(uint64(rows), uint64(cols)))
	field := make([]T, rows*cols)
	for i := range field {
		switch v := 200*r.Float64() - 100; kind {
		case 0:
			if i < cols {
				field[i] = 100
			}
		case 2:
			field[i] = T(math.Ldexp(v, -80+r.IntN(80)-40))
			if _, double := any(field).([]float64); double {
				field[i] = T(math.Ldexp(v, -900+r.IntN(80)-40))
			}
		case 4, 5:
			if field[i] = T(math.Ldexp(math.Abs(v), -2*(i/cols))); r.IntN(4) == 0 {
				field[i] = 0
			}
			if _, double := any(field).([]float64); double {
				field[i] = T(math.Ldexp(float64(field[i]), -700-4*(i/cols)))
			}
		default:
			field[i] = T(v)
		}
	}
	if kind == 3 && len(field) > 20 {
		for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1), 1e-40, 1e-320, math.MaxFloat32, -math.MaxFloat64} {
			field[r.IntN(len(field))] = T(v)
		}
		field[0], field[len(field)-1], field[cols-1] = T(math.Copysign(0, -1)), T(1e-42), T(math.Copysign(0, -1))
	}
	return field
}

// sameBits compares; NaN equals NaN.
func sameBits[T device.Float](t *testing.T, what string, cols int, got, want []T) {
	t.Helper()
	for i := range want {
		g, w := float64(got[i]), float64(want[i])
		if math.Float64bits(g) != math.Float64bits(w) && !(g != g && w != w) {
			t.Fatalf("%s: row %d, column %d is %g (%#x), not %g (%#x)", what, i/cols, i%cols,
				g, math.Float64bits(g), w, math.Float64bits(w))
		}
	}
}
