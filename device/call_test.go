package device_test

import (
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"testing"

	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"

	"offload/cpu"
	"offload/device"
	"offload/device/reference"
)

// mean adds to each row the mean of that row of x and the one before.
func mean() *device.Kernel {
	return &device.Kernel{
		Name: "mean",
		Params: []device.Param{
			{Name: "x", Type: device.Float64, Access: device.ReadRows, Halo: func(*device.Launch) int { return 1 }},
			{Name: "y", Type: device.Float64, Access: device.UpdateRows},
		},
		Contract: func(t *device.Tile) {
			x, y, w := device.View[float64](t, 0), device.View[float64](t, 1), t.Width(0)
			for r := t.Rows.Lo; r < t.Rows.Hi; r++ {
				for c := range w {
					y[r*w+c] += float64((x[max(r-1, 0)*w+c] + x[r*w+c]) / 2)
				}
			}
		},
	}
}

func open(t *testing.T) []device.Device {
	t.Helper()
	var all []device.Device
	for _, open := range []func(context.Context, device.Options) (device.Device, error){reference.Open, cpu.Open} {
		d, err := open(context.Background(), device.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { d.Close() })
		all = append(all, d)
	}
	return all
}

// view passes a matrix of gonum.
func view(m blas64.General) device.HostArg { return device.HostView(m.Data, m.Rows, m.Cols, m.Stride) }

// A view of a gonum matrix works like a packed matrix, and the elements around it stay
// unchanged.
func TestViewsOfGonumMatrices(t *testing.T) {
	const guard = -77
	shapes := []struct{ rows, cols, top, left, bottom, right int }{
		{5, 3, 2, 1, 1, 4}, {1, 3, 2, 1, 1, 4}, {5, 1, 0, 2, 0, 0}, {4, 6, 1, 0, 1, 0}, {7, 2, 0, 0, 0, 1},
	}
	for _, s := range shapes {
		rows := []device.Range{{}, {Hi: s.rows}, {Lo: s.rows / 2, Hi: s.rows}, {Lo: s.rows - 1, Hi: s.rows}}
		for _, r := range rows {
			make2 := func() (whole, part *mat.Dense) {
				whole = mat.NewDense(s.top+s.rows+s.bottom, s.left+s.cols+s.right, nil)
				for i := range whole.RawMatrix().Data {
					whole.RawMatrix().Data[i] = guard
				}
				part = whole.Slice(s.top, s.top+s.rows, s.left, s.left+s.cols).(*mat.Dense)
				part.Apply(func(i, j int, _ float64) float64 { return float64(1 + i*i + 10*j) }, part)
				return whole, part
			}
			_, x := make2()
			packed := mat.DenseCopyOf(x).RawMatrix()
			want := slices.Clone(packed.Data)
			oracle := &device.Call{Kernel: mean(), Rows: r, Args: []device.HostArg{device.HostMat(packed.Data, s.cols), device.HostMat(want, s.cols)}}
			if err := oracle.Contract(); err != nil {
				t.Fatal(err)
			}
			check := func(name string, run func(c *device.Call) error) {
				t.Helper()
				wholeX, x := make2()
				wholeY, y := make2()
				call := &device.Call{Kernel: mean(), Rows: r, Args: []device.HostArg{view(x.RawMatrix()), view(y.RawMatrix())}}
				if err := run(call); err != nil {
					t.Fatalf("%s, %+v: %v", name, s, err)
				}
				if got := mat.DenseCopyOf(y).RawMatrix().Data; !slices.Equal(got, want) {
					t.Errorf("%s, %+v, rows %v: %v, want %v", name, s, r, got, want)
				}
				if !mat.Equal(x, mat.NewDense(s.rows, s.cols, packed.Data)) {
					t.Errorf("%s, %+v: the input changed", name, s)
				}
				for _, whole := range []*mat.Dense{wholeX, wholeY} {
					for i := range whole.RawMatrix().Rows {
						for j, v := range whole.RawRowView(i) {
							inside := i >= s.top && i < s.top+s.rows && j >= s.left && j < s.left+s.cols
							if !inside && v != guard {
								t.Fatalf("%s, %+v: element %d, %d around the view is %g", name, s, i, j, v)
							}
						}
					}
				}
			}
			for _, d := range open(t) {
				check(d.Info().Backend, func(c *device.Call) error { return c.Run(context.Background(), d) })
			}
			check("contract", (*device.Call).Contract)
		}
	}
}

// Elements between the rows of a view may be in use elsewhere: they are not even written
// with their own value.
func TestViewsAreWrittenRowByRow(t *testing.T) {
	data := make([]float64, 12)
	even, odd := device.HostView(data, 2, 3, 6), device.HostView(data[3:], 2, 3, 6)
	d := open(t)[1]
	done := make(chan error)
	for _, a := range []device.HostArg{even, odd} { // for the race detector
		go func() {
			c := &device.Call{Kernel: mean(), Args: []device.HostArg{device.HostMat([]float64{2, 2, 2, 2, 2, 2}, 3), a}}
			done <- c.Run(context.Background(), d)
		}()
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	if slices.ContainsFunc(data, func(v float64) bool { return v != 2 }) {
		t.Errorf("%v, want 2 everywhere", data)
	}
}

// Shapes that do not match their slices are refused before anything is allocated.
func TestHostShapesThatDoNotFit(t *testing.T) {
	data := make([]float64, 12)
	for _, c := range []struct {
		name  string
		arg   device.HostArg
		valid bool
	}{
		{"a matrix", device.HostMat(data, 3), true},
		{"a view that fits", device.HostView(data, 3, 2, 5), true},
		{"a packed view", device.HostView(data, 4, 3, 3), true},
		{"one row of a wide matrix", device.HostView(data, 1, 12, 1000), true},
		{"no rows", device.HostView(data[:0], 0, 3, 3), true},
		{"a row too many", device.HostView(data, 4, 2, 5), false},
		{"one element too few", device.HostView(data, 3, 3, 5), false},
		{"a row that is too wide", device.HostView(data, 1, 13, 13), false},
		{"negative rows", device.HostView(data, -1, 3, 3), false},
		{"no width", device.HostView(data, 3, 0, 3), false},
		{"a negative width", device.HostView(data, 3, -3, 3), false},
		{"rows that overlap", device.HostView(data, 3, 3, 2), false},
		{"no stride", device.HostView(data, 3, 3, 0), false},
		{"a negative stride", device.HostView(data, 3, 3, -3), false},
		{"rows × stride wraps around", device.HostView(data, math.MaxInt/2, 1, math.MaxInt/2), false},
		{"rows × stride wraps to zero", device.HostView(data, math.MaxInt/2+2, 1, 4), false},
		{"a huge stride", device.HostView(data, 2, 1, math.MaxInt), false},
		{"rows that do not fill", device.HostMat(data, 5), false},
		{"a matrix without width", device.HostMat(data, 0), false},
		{"a matrix of negative width", device.HostMat(data, -3), false},
		{"another type", device.HostMat(make([]float32, 12), 3), false},
		{"a scalar", device.HostVal(1.0), false},
		{"nothing", device.HostArg{}, false},
		{"width without data", device.HostArg{Width: 3}, false},
	} {
		w := max(c.arg.Width, 1)
		sum := &device.Kernel{
			Name:     "none",
			Params:   []device.Param{{Name: "x", Type: device.Float64, Access: device.ReadAll}, {Name: "y", Type: device.Float64, Access: device.WriteRows}},
			Contract: func(*device.Tile) {},
		}
		call := &device.Call{Kernel: sum, Args: []device.HostArg{c.arg, device.HostMat(make([]float64, w), w)}}
		_, shape := call.Shape()
		for name, err := range map[string]error{
			"Contract": call.Clone().Contract(), "Run": call.Run(context.Background(), open(t)[0]), "Shape": shape,
		} {
			if c.valid && err != nil || !c.valid && !errors.Is(err, device.ErrInvalid) {
				t.Errorf("%s, %s: %v, valid is %v", c.name, name, err, c.valid)
			}
		}
	}
}

// A call without Rows computes all rows of its outputs; a launch without Rows none.
func TestCallWithoutRows(t *testing.T) {
	ctx := context.Background()
	for _, d := range open(t) {
		y := make([]float64, 6)
		call := device.Call{Kernel: mean(), Args: []device.HostArg{device.HostMat([]float64{2, 4, 6, 8, 10, 12, 14, 16}, 2), device.HostMat(y, 2)}}
		if err := call.Run(ctx, d); err != nil || !slices.Equal(y, []float64{2, 4, 4, 6, 8, 10}) {
			t.Errorf("%s: %v, %v", d.Info().Backend, y, err)
		}
		if l, err := call.Shape(); err != nil || l.Rows != (device.Range{Hi: 3}) {
			t.Errorf("shape %v, %v", l.Rows, err)
		}
		in, err := device.Upload(ctx, d, []float64{2, 4})
		if err != nil {
			t.Fatal(err)
		}
		out, err := device.Upload(ctx, d, []float64{5, 5})
		if err != nil {
			t.Fatal(err)
		}
		l := &device.Launch{Kernel: mean(), Args: []device.Arg{device.Vec(in), device.Vec(out)}}
		if err := d.Launch(ctx, l); err != nil {
			t.Fatal(err)
		}
		if got, err := device.Download[float64](ctx, out); err != nil || !slices.Equal(got, []float64{5, 5}) {
			t.Errorf("a launch of no rows gave %v, %v", got, err)
		}
	}
}

// The failure of a kernel is the error of Run and Contract, and leaves the slices
// unchanged.
func TestCallsThatFail(t *testing.T) {
	for name, fault := range map[string]func(){"panic": func() { panic("boom") }, "Goexit": runtime.Goexit} {
		k := mean()
		k.Contract = func(*device.Tile) { fault() }
		y := []float64{1, 2}
		call := &device.Call{Kernel: k, Args: []device.HostArg{device.HostVec([]float64{1, 2}), device.HostVec(y)}}
		if err := call.Contract(); !errors.Is(err, device.ErrPanic) {
			t.Errorf("%s, Contract: %v, want ErrPanic", name, err)
		}
		for _, d := range open(t) {
			if err := call.Run(context.Background(), d); !errors.Is(err, device.ErrPanic) {
				t.Errorf("%s, %s: %v, want ErrPanic", name, d.Info().Backend, err)
			}
		}
		if !slices.Equal(y, []float64{1, 2}) {
			t.Errorf("%s: y = %v", name, y)
		}
	}
}

// Run returns when its context ends, even while its kernel runs.
func TestRunHonoursItsContext(t *testing.T) {
	begun, release := make(chan struct{}), make(chan struct{})
	k := mean()
	k.Contract = func(*device.Tile) { close(begun); <-release } // asks for nothing
	d := open(t)[0]
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-begun
		cancel()
	}()
	call := &device.Call{Kernel: k, Args: []device.HostArg{device.HostVec(make([]float64, 1)), device.HostVec(make([]float64, 1))}}
	if err := call.Run(ctx, d); !errors.Is(err, context.Canceled) {
		t.Errorf("Run: %v, want Canceled", err)
	}
	close(release)
}

// Assign refuses the results of another call.
func TestAssignRefuses(t *testing.T) {
	k := &device.Kernel{
		Name:     "own",
		Params:   []device.Param{{Name: "y", Type: device.Float64, Access: device.WriteRows}},
		Contract: func(*device.Tile) {},
	}
	call := func(n int, rows device.Range) *device.Call {
		return &device.Call{Kernel: k, Rows: rows, Args: []device.HostArg{device.HostVec(make([]float64, n))}}
	}
	for name, err := range map[string]error{
		"none":          call(5, device.Range{}).Assign(nil),
		"fewer rows":    call(5, device.Range{}).Assign(call(4, device.Range{})),
		"no arguments":  call(5, device.Range{}).Assign(&device.Call{Kernel: k}),
		"rows too many": call(5, device.Range{Hi: 6}).Assign(call(5, device.Range{})),
		"no kernel":     call(5, device.Range{}).Assign(new(device.Call)),
	} {
		if !errors.Is(err, device.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
	if err := call(5, device.Range{}).Assign(call(5, device.Range{})); err != nil {
		t.Error(err)
	}
}
