package grid

import (
	"errors"
	"math"
	"testing"

	"offload/device"
)

// sweepContract runs a stencil kernel's contract on all rows.
func sweepContract[T device.Float](t *testing.T, k *device.Kernel, field []T, cols, sweeps int, cx, cy T) (out, residual []T) {
	t.Helper()
	rows := len(field) / cols
	out, residual = make([]T, len(field)), make([]T, rows*ResidualWidth)
	c := stencilCall(k, field, out, residual, cols, sweeps, cx, cy)
	if err := c.Contract(); err != nil {
		t.Fatal(err)
	}
	return out, residual
}

func stencilCall[T device.Float](k *device.Kernel, field, out, residual []T, cols, sweeps int, cx, cy T) *device.Call {
	return &device.Call{Kernel: k, Rows: device.Range{Hi: len(field) / cols}, Args: []device.HostArg{
		device.HostMat(field, cols), device.HostMat(out, cols), device.HostMat(residual, ResidualWidth),
		device.HostVal(int32(sweeps)), device.HostVal(cx), device.HostVal(cy)}}
}

// A launch of k sweeps equals k launches of one, bit for bit.
func TestSweepsCompose(t *testing.T) {
	testSweepsCompose[float32](t)
	testSweepsCompose[float64](t)
}

func testSweepsCompose[T device.Float](t *testing.T) {
	for _, k := range []*device.Kernel{Laplacian(device.TypeOf[T]()), Heat(device.TypeOf[T]())} {
		field := Plate[T](23, 31, 1)
		step := append([]T(nil), field...)
		var residual []T
		for range 7 {
			step, residual = sweepContract(t, k, step, 31, 1, 0.2, 0.3)
		}
		fused, fusedResidual := sweepContract(t, k, field, 31, 7, 0.2, 0.3)
		for i := range fused {
			if fused[i] != step[i] {
				t.Fatalf("%s: value %d is %v in one launch, %v in seven", k.Name, i, fused[i], step[i])
			}
		}
		for i := range residual {
			if residual[i] != fusedResidual[i] {
				t.Fatalf("%s: residual %d is %v in one launch, %v in seven", k.Name, i, fusedResidual[i], residual[i])
			}
		}
	}
}

func TestJacobiIsTheMeanOfFour(t *testing.T) {
	field := []float64{1, 2, 3, 4, 5, 6, 7, 8, 10}
	out, residual := sweepContract(t, Laplacian(device.Float64), field, 3, 1, 0.25, 0.25)
	want := append([]float64(nil), field...)
	want[4] = (2 + 8 + 4 + 6) / 4.
	for i := range want {
		if out[i] != want[i] {
			t.Errorf("value %d is %g, want %g", i, out[i], want[i])
		}
	}
	if largest, norm := Residual(residual); largest != 0 || norm != 0 {
		t.Errorf("residual %g, %g; the mean of four was there already", largest, norm)
	}
}

// With spacings dx ≠ dy a harmonic function on that grid is a fixed point.
func TestJacobiWeights(t *testing.T) {
	const rows, cols, dx, dy = 9, 12, 0.5, 0.2
	field := make([]float64, rows*cols)
	for i := range field {
		x, y := float64(i%cols)*dx, float64(i/cols)*dy
		field[i] = x*x - y*y + 3*x*y + 2
	}
	cx, cy := JacobiWeights[float64](dx, dy)
	_, residual := sweepContract(t, Laplacian(device.Float64), field, cols, 1, cx, cy)
	if largest, _ := Residual(residual); largest > 1e-14 {
		t.Errorf("a harmonic field changes by %g", largest)
	}
}

// A constant field stays constant to the last bit, for any number of steps.
func TestHeatKeepsConstants(t *testing.T) {
	field := make([]float32, 15*15)
	for i := range field {
		field[i] = 36.6
	}
	cx, cy := HeatCoefficients[float32](9.7e-5, 1e-3, 1e-3, 2e-3)
	out, _ := sweepContract(t, Heat(device.Float32), field, 15, 500, cx, cy)
	for i, v := range out {
		if v != 36.6 {
			t.Fatalf("value %d is %v after 500 steps", i, v)
		}
	}
}

// Heat that spreads into cold never becomes subnormal: below the floor it is 0.
func TestNoSubnormals(t *testing.T) {
	for _, k := range []*device.Kernel{Laplacian(device.Float32), Heat(device.Float32)} {
		field := hotEdge[float32](200, 5)
		out, _ := sweepContract(t, k, field, 5, 150, 0.25, 0.25)
		zeros := 0
		for i, v := range out {
			if v != 0 && math.Abs(float64(v)) < 0x1p-80 {
				t.Fatalf("%s: value %d is %g", k.Name, i, v)
			}
			if v == 0 && i/5 < 150 {
				zeros++
			}
		}
		if zeros == 0 {
			t.Errorf("%s: the front was not cut off", k.Name)
		}
	}
}

func TestResidual(t *testing.T) {
	before := Plate[float64](40, 700, 3)
	after, residual := sweepContract(t, Laplacian(device.Float64), before, 700, 1, 0.25, 0.25)
	largest, sum := 0.0, 0.0
	for i := range after {
		d := after[i] - before[i]
		largest, sum = max(largest, math.Abs(d)), sum+d*d
	}
	gotLargest, gotNorm := Residual(residual)
	if gotLargest != largest || math.Abs(gotNorm/math.Sqrt(sum)-1) > 1e-12 {
		t.Errorf("Residual = %v, %v; want %v, %v", gotLargest, gotNorm, largest, math.Sqrt(sum))
	}
	if l, n := Residual([]float64{}); l != 0 || n != 0 {
		t.Errorf("Residual of no rows = %v, %v", l, n)
	}
	residual[2*7+1] = math.NaN()
	if l, n := Residual(residual); l == l || n == n {
		t.Errorf("Residual with a NaN = %v, %v; want NaN", l, n)
	}
}

// A NaN in the field reaches the residual, though it is never the larger of two.
func TestNaNReachesTheResidual(t *testing.T) {
	field := Plate[float32](10, 10, 1)
	field[44] = float32(math.NaN())
	_, residual := sweepContract(t, Laplacian(device.Float32), field, 10, 3, 0.25, 0.25)
	if largest, _ := Residual(residual); largest == largest {
		t.Errorf("residual %v, want NaN", largest)
	}
}

func TestGridsWithoutInside(t *testing.T) {
	for _, s := range [][2]int{{1, 1}, {1, 9}, {9, 1}, {2, 2}, {2, 9}, {9, 2}} {
		field := roughField[float64](s[0], s[1])
		out, residual := sweepContract(t, Laplacian(device.Float64), field, s[1], 5, 0.25, 0.25)
		for i := range field {
			if out[i] != field[i] {
				t.Errorf("%d × %d: an edge changed", s[0], s[1])
			}
		}
		if largest, norm := Residual(residual); largest != 0 || norm != 0 {
			t.Errorf("%d × %d: residual %g, %g", s[0], s[1], largest, norm)
		}
	}
}

func TestStencilRefuses(t *testing.T) {
	u, out, res := make([]float64, 12), make([]float64, 12), make([]float64, 8)
	for _, c := range []struct {
		name string
		call *device.Call
	}{
		{"no sweeps", stencilCall(laplacian64, u, out, res, 3, 0, 0.25, 0.25)},
		{"too many sweeps", stencilCall(laplacian64, u, out, res, 3, MaxSweeps+1, 0.25, 0.25)},
		{"another shape", stencilCall(laplacian64, u, out[:9], res, 3, 1, 0.25, 0.25)},
		{"weights above one", stencilCall(laplacian64, u, out, res, 3, 1, 0.3, 0.25)},
		{"a negative weight", stencilCall(laplacian64, u, out, res, 3, 1, -0.1, 0.25)},
		{"a NaN weight", stencilCall(laplacian64, u, out, res, 3, 1, math.NaN(), 0.25)},
		{"a vanishing weight", stencilCall(laplacian64, u, out, res, 3, 1, 1e-30, 0.25)},
		{"an unstable step", stencilCall(heat64, u, out, res, 3, 1, 0.3, 0.3)},
	} {
		if err := c.call.Contract(); !errors.Is(err, device.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", c.name, err)
		}
	}
	wrong := stencilCall(laplacian64, u, out, res, 3, 1, 0.25, 0.25)
	wrong.Args[stencilResidual].Width = 4
	wrong.Rows.Hi = 2
	if err := wrong.Contract(); !errors.Is(err, device.ErrInvalid) {
		t.Errorf("residuals of another width: %v, want ErrInvalid", err)
	}
}

func TestStableStepIsTheLimit(t *testing.T) {
	dt := StableStep(9.7e-5, 1e-3, 2e-3)
	cx, cy := HeatCoefficients[float64](9.7e-5, dt, 1e-3, 2e-3)
	if math.Abs(cx+cy-0.5) > 1e-15 {
		t.Errorf("at the limit cx + cy = %g", cx+cy)
	}
	u, out, res := make([]float64, 9), make([]float64, 9), make([]float64, 6)
	if err := stencilCall(heat64, u, out, res, 3, 1, cx, cy).Contract(); err != nil {
		t.Errorf("the limit itself is refused: %v", err)
	}
	if err := stencilCall(heat64, u, out, res, 3, 1, cx*1.001, cy).Contract(); !errors.Is(err, device.ErrInvalid) {
		t.Errorf("beyond the limit: %v, want ErrInvalid", err)
	}
}

func TestCheckField(t *testing.T) {
	good := Plate[float32](4, 5, 1)
	if err := CheckField(good, 4, 5); err != nil {
		t.Errorf("a plate is refused: %v", err)
	}
	if err := CheckField(make([]float32, 20), 4, 5); err != nil {
		t.Errorf("a plate of zeros is refused: %v", err)
	}
	tiny := make([]float32, 20)
	tiny[7] = 1e-20
	with := func(v float64) []float32 {
		f := append([]float32(nil), good...)
		f[13] = float32(v)
		return f
	}
	for _, c := range []struct {
		name       string
		field      []float32
		rows, cols int
	}{
		{"no rows", nil, 0, 5},
		{"negative columns", good, 4, -5},
		{"another shape", good, 5, 5},
		{"a remainder", good[:19], 4, 5},
		{"NaN", with(math.NaN()), 4, 5},
		{"Inf", with(math.Inf(1)), 4, 5},
		{"too large", with(1e38), 4, 5},
		{"all below the floor", tiny, 4, 5},
	} {
		if err := CheckField(c.field, c.rows, c.cols); !errors.Is(err, device.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", c.name, err)
		}
	}
}
