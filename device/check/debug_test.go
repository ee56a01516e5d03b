package check_test

import (
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"offload"
	"offload/device"
	"offload/device/check"
	"offload/kernels"
	"offload/kernels/gravity"
)

// The kernels of the module keep the rule, in all their forms.
func TestDebugIsQuiet(t *testing.T) {
	d := open(t, device.Options{})
	for _, k := range kernels.All() {
		t.Run(k.Name, func(t *testing.T) {
			for _, n := range []int{0, 1, 2, 9, 37} {
				if err := check.Kernel(context.Background(), d, k, n); err != nil {
					t.Errorf("n = %d: %v", n, err)
				}
			}
		})
	}
	if err := sweeps[float32](t, check.Debug(d), 19, 50, 7); err != nil {
		t.Error(err)
	}
	if err := attract[float64](check.Debug(d), 300); err != nil { // each pair once
		t.Error(err)
	}
	if err := planets(t, check.Debug(d), 5); err != nil {
		t.Error(err)
	}
}

// row is a kernel's code for one row: r of y, from x; both have w columns. It is given
// the tile, too.
type row func(t *device.Tile, x, y []float64, w, r int)

// of makes a kernel of code for rows, with those ways to use x and y.
func of(x, y device.Access, code row) *device.Kernel {
	return &device.Kernel{
		Name: "test",
		Params: []device.Param{
			{Name: "x", Type: device.Float64, Access: x, Halo: func(*device.Launch) int { return 1 }},
			{Name: "y", Type: device.Float64, Access: y},
		},
		Contract: rowByRow(code),
	}
}

func rowByRow(code row) func(*device.Tile) {
	return func(t *device.Tile) {
		for r := t.Rows.Lo; r < t.Rows.Hi; r++ {
			code(t, device.View[float64](t, 0), device.View[float64](t, 1), t.Width(1), r)
		}
	}
}

// double is a kernel that keeps the rule.
func double(_ *device.Tile, x, y []float64, w, r int) {
	for c := range w {
		y[r*w+c] = 2 * x[r*w+c]
	}
}

// hosted is double with that form of host code.
func hosted(h device.HostCode) *device.Kernel {
	h.Name = "mine"
	k := of(device.ReadRows, device.WriteRows, double)
	k.Host = []device.HostCode{h}
	return k
}

// with sets the fields of a kernel.
func with(k *device.Kernel, change func(k *device.Kernel)) *device.Kernel {
	change(k)
	return k
}

// planned is host code whose plan has one task for each row and phase.
func planned(phases int, run func(t *device.Tile, x, y []float64, w, r int)) device.HostCode {
	return device.HostCode{
		Plan: func(l *device.Launch, workers int, p *device.Plan) {
			for range phases {
				p.Tasks = append(p.Tasks, l.Rows.Len())
			}
			p.Shared, p.Local = 8*l.Rows.Len(), 8
		},
		Run: func(t *device.Tile) {
			run(t, device.View[float64](t, 0), device.View[float64](t, 1), t.Width(1), t.Launch.Rows.Lo+t.Task)
		},
	}
}

// Rows and columns of the matrices of these tests.
const debugRows, debugCols = 13, 3

// debugCall is a call of k on matrices whose largest and smallest values are at their
// ends.
func debugCall(k *device.Kernel, rows device.Range) *device.Call {
	x, y := make([]float64, debugRows*debugCols), make([]float64, debugRows*debugCols)
	for i := range x {
		x[i], y[i] = float64(i-7), float64(100+i)
	}
	return &device.Call{Kernel: k, Rows: rows, Args: []device.HostArg{device.HostMat(x, debugCols), device.HostMat(y, debugCols)}}
}

// Each way to break the rule is found, and named for what it is.
func TestDebugFindsBreaches(t *testing.T) {
	const rows, cols = debugRows, debugCols
	const rd, all, wr, up = device.ReadRows, device.ReadAll, device.WriteRows, device.UpdateRows
	wrap := func(_ *device.Tile, x, y []float64, w, r int) { // the rows around, from the other end too
		for c := range w {
			y[r*w+c] = x[(r+rows-1)%rows*w+c] + x[(r+1)%rows*w+c]
		}
	}
	calls := 0
	for _, c := range []struct {
		name   string
		kernel *device.Kernel
		want   check.Broken // all that is not zero; none: no error
	}{
		{"keeps the rule", of(rd, wr, double), check.Broken{}},
		{"reads everywhere, declared", of(all, wr, wrap), check.Broken{}},
		{"reads everywhere, with a huge halo", with(of(rd, wr, wrap), func(k *device.Kernel) {
			k.Params[0].Halo = func(*device.Launch) int { return math.MaxInt }
		}), check.Broken{}},
		{"updates", of(rd, up, func(t *device.Tile, x, y []float64, w, r int) { y[r*w+1] += x[r*w] }), check.Broken{}},

		{"reads with wrap-around", of(rd, wr, wrap),
			check.Broken{Form: "contract", Breach: check.ReadsOutside, Param: "y", Reads: check.Reads{Param: "x"}}},
		{"reads a neighbour without a halo", with(of(rd, wr, func(_ *device.Tile, x, y []float64, w, r int) {
			copy(y[r*w:][:w], x[min(r+1, rows-1)*w:])
		}), func(k *device.Kernel) { k.Params[0].Halo = nil }),
			check.Broken{Form: "contract", Breach: check.ReadsOutside, Param: "y", Reads: check.Reads{Param: "x"}}},
		{"adds nothing of what is far", of(rd, wr, func(t *device.Tile, x, y []float64, w, r int) {
			double(t, x, y, w, r)
			y[r*w] += float64(0 * x[len(x)-1])
		}), check.Broken{Breach: check.ReadsOutside, Param: "y", Reads: check.Reads{Param: "x", Row: rows - 1, Column: cols - 1}}},
		{"takes the largest of all, which hides NaNs", of(rd, wr, func(t *device.Tile, x, y []float64, w, r int) {
			double(t, x, y, w, r)
			for _, v := range x {
				if v > y[r*w] {
					y[r*w] = v
				}
			}
		}), check.Broken{Breach: check.ReadsOutside, Reads: check.Reads{Param: "x"}}},
		{"takes the smallest of all, which hides NaNs", of(rd, wr, func(t *device.Tile, x, y []float64, w, r int) {
			double(t, x, y, w, r)
			for _, v := range x {
				if v < y[r*w] {
					y[r*w] = v
				}
			}
		}), check.Broken{Breach: check.ReadsOutside, Reads: check.Reads{Param: "x"}}},
		{"indexes by what is far", of(rd, wr, func(t *device.Tile, x, y []float64, w, r int) {
			double(t, x, y, w, r)
			_ = x[int(x[len(x)-1])-1]
		}), check.Broken{Breach: check.ReadsOutside, Reads: check.Reads{Param: "x", Row: rows - 1, Column: cols - 1}, Err: device.ErrPanic}},
		{"sums up its output", of(rd, wr, func(_ *device.Tile, x, y []float64, w, r int) {
			for c := range w {
				if y[r*w+c] = x[r*w+c]; r > 0 {
					y[r*w+c] += y[(r-1)*w+c]
				}
			}
		}), check.Broken{Breach: check.ReadsOutside, Param: "y", Reads: check.Reads{Param: "y"}}},
		{"updates from a neighbour", of(rd, up, func(_ *device.Tile, x, y []float64, w, r int) { y[r*w] += y[max(r-1, 0)*w+2] }),
			check.Broken{Breach: check.ReadsOutside, Param: "y", Reads: check.Reads{Param: "y", Column: 2}}},
		{"writes a row too many", of(rd, wr, func(t *device.Tile, x, y []float64, w, r int) {
			double(t, x, y, w, r)
			double(t, x, y, w, min(r+1, rows-1))
		}), check.Broken{Breach: check.WritesOutside, Param: "y"}},
		{"computes the launch instead of the tile", with(of(rd, wr, nil), func(k *device.Kernel) {
			k.Contract = func(t *device.Tile) {
				for r := t.Launch.Rows.Lo; r < t.Launch.Rows.Hi; r++ {
					double(t, device.View[float64](t, 0), device.View[float64](t, 1), t.Width(1), r)
				}
			}
		}), check.Broken{Breach: check.WritesOutside, Param: "y"}},
		{"counts from the tile", of(rd, wr, func(t *device.Tile, x, y []float64, w, r int) {
			double(t, x, y, w, r)
			y[r*w+1] = float64(r - t.Rows.Lo)
		}), check.Broken{Breach: check.Divides, Param: "y", Column: 1}},
		{"counts from the launch", of(rd, wr, func(t *device.Tile, x, y []float64, w, r int) {
			double(t, x, y, w, r)
			y[r*w+1] = float64(r - t.Launch.Rows.Lo)
		}), check.Broken{Breach: check.Divides, Param: "y", Column: 1}},
		{"changes its input", of(rd, wr, func(t *device.Tile, x, y []float64, w, r int) {
			double(t, x, y, w, r)
			x[r*w+2]++
		}), check.Broken{Breach: check.ChangesInput, Param: "x", Column: 2}},
		{"changes a table that is read whole", of(all, wr, func(t *device.Tile, x, y []float64, w, r int) {
			double(t, x, y, w, r)
			x[0] = 5
		}), check.Broken{Breach: check.ChangesInput, Param: "x"}},
		{"leaves a row", of(rd, wr, func(t *device.Tile, x, y []float64, w, r int) {
			if r != 5 {
				double(t, x, y, w, r)
			}
		}), check.Broken{Breach: check.LeavesRows, Param: "y", Row: 5}},
		{"leaves a column", of(rd, wr, func(_ *device.Tile, x, y []float64, w, r int) { copy(y[r*w:][:w-1], x[r*w:]) }),
			check.Broken{Breach: check.LeavesRows, Param: "y", Column: cols - 1}},
		{"leaves the last row of tiles", of(rd, wr, func(t *device.Tile, x, y []float64, w, r int) {
			if r < t.Rows.Hi-1 || r == rows-1 {
				double(t, x, y, w, r)
			}
		}), check.Broken{Breach: check.LeavesRows, Param: "y"}},
		{"adds to an output", of(rd, wr, func(_ *device.Tile, x, y []float64, w, r int) {
			for c := range w {
				y[r*w+c] += x[r*w+c]
			}
		}), check.Broken{Breach: check.ReadsOutput, Param: "y"}},
		{"counts its calls", of(rd, wr, func(t *device.Tile, x, y []float64, w, r int) {
			double(t, x, y, w, r)
			calls++
			y[r*w] = float64(calls)
		}), check.Broken{Breach: check.Unsteady, Param: "y"}},
		{"refuses odd ranges", with(of(rd, wr, double), func(k *device.Kernel) {
			k.Check = func(l *device.Launch) error {
				if l.Rows.Len() != rows {
					return device.Invalidf("all rows or none")
				}
				return nil
			}
		}), check.Broken{Breach: check.RefusesRows, Err: device.ErrInvalid}},

		{"host code that keeps the rule", hosted(device.HostCode{Run: rowByRow(double)}), check.Broken{}},
		{"host code that is not ready", hosted(device.HostCode{Ready: func() bool { return false }}), check.Broken{}},
		{"a plan that keeps the rule", hosted(planned(2, func(t *device.Tile, x, y []float64, w, r int) {
			if t.Phase == 0 {
				device.Shared[float64](t)[t.Task] = 2
				return
			}
			for c := range w {
				y[r*w+c] = x[r*w+c] * device.Shared[float64](t)[t.Task]
			}
		})), check.Broken{}},
		{"host code that rounds", hosted(device.HostCode{Run: rowByRow(func(t *device.Tile, x, y []float64, w, r int) {
			double(t, x, y, w, r)
			y[r*w+1] *= 1 + 0x1p-52
		})}), check.Broken{Form: "mine", Breach: check.Differs, Param: "y", Column: 1}},
		{"host code that reads far", hosted(device.HostCode{Run: rowByRow(func(t *device.Tile, x, y []float64, w, r int) {
			double(t, x, y, w, r)
			y[r*w] += x[0] - x[0]
		})}), check.Broken{Form: "mine", Breach: check.ReadsOutside, Reads: check.Reads{Param: "x"}}},
		{"host code that writes a row before", hosted(device.HostCode{Run: rowByRow(func(t *device.Tile, x, y []float64, w, r int) {
			double(t, x, y, w, r)
			double(t, x, y, w, max(r-1, 0))
		})}), check.Broken{Form: "mine", Breach: check.WritesOutside, Param: "y"}},
		{"a task that leaves its row", hosted(planned(1, func(t *device.Tile, x, y []float64, w, r int) {
			if t.Task != 4 {
				double(t, x, y, w, r)
			}
		})), check.Broken{Form: "mine", Breach: check.LeavesRows, Param: "y", Row: 4}},
		{"a plan without a task for the last row", hosted(device.HostCode{
			Plan: func(l *device.Launch, _ int, p *device.Plan) { p.Tasks = append(p.Tasks, max(l.Rows.Len()-1, 1)) },
			Run: func(t *device.Tile) {
				double(t, device.View[float64](t, 0), device.View[float64](t, 1), t.Width(1), t.Launch.Rows.Lo+t.Task)
			},
		}), check.Broken{Form: "mine", Breach: check.LeavesRows, Param: "y", Row: rows - 1}},
		{"scratch that is taken for zero", hosted(planned(1, func(t *device.Tile, x, y []float64, w, r int) {
			double(t, x, y, w, r)
			y[r*w] += device.Shared[float64](t)[t.Task]
		})), check.Broken{Form: "mine", Breach: check.Differs, Param: "y"}},
		{"scratch of a worker that is taken for the task's", hosted(planned(2, func(t *device.Tile, x, y []float64, w, r int) {
			double(t, x, y, w, r)
			if t.Phase == 0 {
				device.Local[float64](t)[0] = x[r*w]
			} else {
				y[r*w] = 2 * device.Local[float64](t)[0]
			}
		})), check.Broken{Form: "mine", Breach: check.Differs, Param: "y"}},
		{"tasks that rely on their order", hosted(planned(1, func(t *device.Tile, x, y []float64, w, r int) {
			double(t, x, y, w, r)
			s := device.Shared[float64](t)
			if s[t.Task] = 1; t.Task > 0 {
				s[t.Task] = s[t.Task-1]
			}
			y[r*w] *= s[t.Task]
		})), check.Broken{Form: "mine", Breach: check.Differs, Param: "y"}},
		{"a plan that splits wrongly among three", hosted(device.HostCode{
			Plan: func(l *device.Launch, workers int, p *device.Plan) { p.Tasks = append(p.Tasks, workers) },
			Run: func(t *device.Tile) {
				n := t.Launch.Rows.Len() / t.Tasks
				if t.Tasks < 3 {
					n = t.Launch.Rows.Len()
				}
				for r := t.Launch.Rows.Lo + t.Task*n; r < min(t.Launch.Rows.Lo+(t.Task+1)*n, t.Launch.Rows.Hi); r++ {
					double(t, device.View[float64](t, 0), device.View[float64](t, 1), t.Width(1), r)
				}
			},
		}), check.Broken{Form: "mine", Breach: check.LeavesRows, Param: "y", Row: rows - 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			call := debugCall(c.kernel, device.Range{})
			err := call.Run(context.Background(), check.Debug(open(t, device.Options{})))
			if c.want.Breach == "" {
				want := debugCall(c.kernel, device.Range{})
				if want.Contract(); err != nil || device.Diff(call, want) != nil {
					t.Errorf("%v, %v", err, device.Diff(call, want))
				}
				return
			}
			expectBroken(t, err, c.want)
		})
	}
}

// expectBroken compares an error with the non-zero fields of want.
func expectBroken(t *testing.T, err error, want check.Broken) {
	t.Helper()
	var b *check.Broken
	if !errors.As(err, &b) || !errors.Is(err, check.ErrBroken) {
		t.Fatalf("%v, want %s", err, want.Breach)
	}
	if want.Err != nil && !errors.Is(err, want.Err) {
		t.Errorf("%v does not wrap %v", err, want.Err)
	}
	got := *b
	for _, o := range []struct{ got, want string }{{got.Form, want.Form}, {string(got.Breach), string(want.Breach)}, {got.Param, want.Param}, {got.Reads.Param, want.Reads.Param}} {
		if o.want != "" && o.got != o.want {
			t.Errorf("%v: %q, want %q", err, o.got, o.want)
		}
	}
	for _, n := range [][2]int{{got.Row, want.Row}, {got.Column, want.Column}, {got.Reads.Row, want.Reads.Row}, {got.Reads.Column, want.Reads.Column}} {
		if n[1] != 0 && n[0] != n[1] {
			t.Errorf("%v: %d, want %d", err, n[0], n[1])
		}
	}
	if got.Device != strings.HasPrefix(got.Form, "device ") {
		t.Errorf("%v: the device is to blame: %v", err, got.Device)
	}
	if strings.Contains(err.Error(), "\n") || got.Kernel == "" || got.Form == "" {
		t.Errorf("it reads %q", err)
	}
}

// wave is a step of the wave equation on a plate whose upper edge meets the lower one.
// It is right on a device that computes all rows from the whole plate, whatever it says
// of the rows that it reads.
func wave(u device.Access) *device.Kernel {
	return &device.Kernel{
		Name: "wave",
		Params: []device.Param{
			{Name: "c2", Type: device.Float64, Access: device.Value},
			{Name: "u", Type: device.Float64, Access: u, Halo: func(*device.Launch) int { return 1 }},
			{Name: "v", Type: device.Float64, Access: device.UpdateRows},
		},
		Contract: func(t *device.Tile) {
			c2 := device.Scalar[float64](t.Launch, 0)
			u, v := device.View[float64](t, 1), device.View[float64](t, 2)
			w := t.Width(1)
			h := len(u) / w
			for r := t.Rows.Lo; r < t.Rows.Hi; r++ {
				up, mid, down := u[(r+h-1)%h*w:][:w], u[r*w:][:w], u[(r+1)%h*w:][:w]
				out := v[r*w:][:w]
				for c := range w {
					l, rr := mid[(c+w-1)%w], mid[(c+1)%w]
					lap := (up[c] + down[c]) + (l + rr) - float64(4*mid[c])
					out[c] = float64(2*mid[c]) - out[c] + float64(c2*lap)
				}
			}
		},
	}
}

func TestDebugFindsWrapAround(t *testing.T) {
	for _, name := range []string{"reference", "cpu", "hybrid:cpu+reference"} {
		d, err := offload.Open(context.Background(), name, device.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		findWrapAround(t, d)
	}
}

func findWrapAround(t *testing.T, d device.Device) {
	t.Helper()
	const h, w = 40, 7
	for _, access := range []device.Access{device.ReadAll, device.ReadRows} {
		u := make([]float64, h*w)
		for i := range u {
			u[i] = math.Sin(float64(i * 7919))
		}
		v := slices.Clone(u)
		call := device.Call{Kernel: wave(access), Args: []device.HostArg{device.HostVal(0.25), device.HostMat(u, w), device.HostMat(v, w)}}
		err := call.Run(context.Background(), check.Debug(d))
		if access == device.ReadAll {
			if err != nil {
				t.Errorf("all is declared: %v", err)
			}
			continue
		}
		expectBroken(t, err, check.Broken{Kernel: "wave", Form: "contract", Breach: check.ReadsOutside, Param: "v", Reads: check.Reads{Param: "u"}})
		var b *check.Broken
		errors.As(err, &b)
		declared := b.Rows.Grow(1, h)
		if b.Reads.Declared != declared || !(b.Reads.Row == 0 && b.Rows.Hi == h || b.Reads.Row == h-1 && b.Rows.Lo == 0) {
			t.Errorf("%v: the rows on the other side are 0 and %d", err, h-1)
		}
	}
}

// Launches of any rows, of matrices anywhere in their buffers, are examined; what is
// around them is seen, too.
func TestDebugOnPartsOfBuffers(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct {
		name string
		code row
		want check.Breach
	}{
		{"keeps the rule", double, ""},
		{"writes a row too many", func(t *device.Tile, x, y []float64, w, r int) {
			double(t, x, y, w, r)
			if r == t.Launch.Rows.Hi-1 {
				double(t, x, y, w, r+1)
			}
		}, check.WritesOutside},
		{"reads the first row", func(t *device.Tile, x, y []float64, w, r int) {
			double(t, x, y, w, r)
			y[r*w] += float64(0 * x[0])
		}, check.ReadsOutside},
	} {
		for _, r := range []device.Range{{Lo: 4, Hi: 9}, {Lo: 8, Hi: 9}, {Lo: 4, Hi: 4}, {}} {
			d := check.Debug(open(t, device.Options{}))
			in, out := make([]float64, 100), make([]float64, 100)
			for i := range in {
				in[i], out[i] = float64(i), float64(-i)
			}
			x, y := upload(t, d, in), upload(t, d, out)
			l := &device.Launch{Kernel: of(device.ReadRows, device.WriteRows, c.code), Rows: r, Args: []device.Arg{
				{Buffer: x, Offset: 7, Len: 60, Width: 5}, {Buffer: y, Offset: 31, Len: 60, Width: 5}}}
			err := d.Launch(ctx, l)
			if c.want == "" || r.Len() == 0 {
				got, readErr := device.Download[float64](ctx, y)
				for i := r.Lo * 5; i < r.Hi*5; i++ {
					out[31+i] = 2 * in[7+i]
				}
				if err != nil || readErr != nil || !slices.Equal(got, out) {
					t.Errorf("%s, rows %v: %v, %v, %v", c.name, r, err, readErr, got)
				}
				continue
			}
			expectBroken(t, err, check.Broken{Breach: c.want})
			if err := l.Wait(ctx); !errors.Is(err, check.ErrBroken) {
				t.Errorf("%s: Wait for the output: %v", c.name, err)
			}
			if err := x.Wait(ctx); err != nil {
				t.Errorf("%s: Wait for the input: %v", c.name, err)
			}
			if err := y.Read(ctx, 0, device.Of(make([]float64, 31))); err != nil {
				t.Errorf("%s: Read of what is beside: %v", c.name, err)
			}
		}
	}
}

// All element types are poisoned.
func TestDebugOnAllTypes(t *testing.T) {
	t.Run("f32", func(t *testing.T) { debugType[float32](t) })
	t.Run("f64", func(t *testing.T) { debugType[float64](t) })
	t.Run("i32", func(t *testing.T) { debugType[int32](t) })
	t.Run("u32", func(t *testing.T) { debugType[uint32](t) })
}

func debugType[T device.Element](t *testing.T) {
	typ := device.TypeOf[T]()
	for breach, code := range map[check.Breach]func(x, y []T, r int){
		"":                 func(x, y []T, r int) { y[r] = x[r] },
		check.ReadsOutside: func(x, y []T, r int) { y[r] = max(x[r], x[9]) },
		check.LeavesRows: func(x, y []T, r int) {
			if r != 3 {
				y[r] = x[r]
			}
		},
		check.ReadsOutput:   func(x, y []T, r int) { y[r] = min(x[r], y[r]) },
		check.WritesOutside: func(x, y []T, r int) { y[r], y[9-r] = x[r], x[9-r] },
		check.ChangesInput:  func(x, y []T, r int) { x[r], y[r] = x[r]+1, x[r] },
	} {
		k := &device.Kernel{
			Name:   "typed",
			Params: []device.Param{{Name: "x", Type: typ, Access: device.ReadRows}, {Name: "y", Type: typ, Access: device.WriteRows}},
			Contract: func(tile *device.Tile) {
				for r := tile.Rows.Lo; r < tile.Rows.Hi; r++ {
					code(device.View[T](tile, 0), device.View[T](tile, 1), r)
				}
			},
		}
		x := []T{1, 2, 3, 4, 5, 6, 7, 8, 9, 0}
		call := device.Call{Kernel: k, Args: []device.HostArg{device.HostVec(x), device.HostVec(make([]T, 10))}}
		err := call.Run(context.Background(), check.Debug(open(t, device.Options{})))
		if breach == "" {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		expectBroken(t, err, check.Broken{Breach: breach})
	}
}

// Inputs that are NaNs are no breach.
func TestDebugOnNaNs(t *testing.T) {
	call := debugCall(of(device.ReadRows, device.WriteRows, double), device.Range{})
	x := device.As[float64](call.Args[0].Data)
	for i := range x {
		x[i] = math.NaN()
	}
	if err := call.Run(context.Background(), check.Debug(open(t, device.Options{}))); err != nil {
		t.Error(err)
	}
}

// Halos that are no number of rows are refused, and so is what the device refuses.
func TestDebugRefuses(t *testing.T) {
	ctx := context.Background()
	d := check.Debug(open(t, device.Options{}))
	negative := of(device.ReadRows, device.WriteRows, double)
	negative.Params[0].Halo = func(*device.Launch) int { return -1 }
	other := upload(t, open(t, device.Options{}), make([]float64, 3))
	mine := upload(t, d, make([]float64, 3))
	for name, err := range map[string]error{
		"a negative halo":            debugCall(negative, device.Range{}).Run(ctx, d),
		"too many rows":              debugCall(of(device.ReadRows, device.WriteRows, double), device.Range{Hi: debugRows + 1}).Run(ctx, d),
		"no launch":                  d.Launch(ctx, nil),
		"no kernel":                  d.Launch(ctx, &device.Launch{}),
		"no arguments":               d.Launch(ctx, &device.Launch{Kernel: negative}),
		"a buffer of another device": d.Launch(ctx, copyLaunch(other, mine)),
		"Kernel of no device":        check.Kernel(ctx, nil, gravity.Force(device.Float32), 3),
		"Kernel of none":             check.Kernel(ctx, d, nil, 3),
		"Kernel without examples":    check.Kernel(ctx, d, negative, 3),
	} {
		if !errors.Is(err, device.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
}

// Faults of a kernel's functions affect their own launch only.
func TestDebugOfCodeThatEnds(t *testing.T) {
	for end, f := range map[string]func(){"panic": func() { panic("boom") }, "Goexit": runtime.Goexit} {
		for where, k := range map[string]*device.Kernel{
			"contract": of(device.ReadRows, device.WriteRows, func(*device.Tile, []float64, []float64, int, int) { f() }),
			"Run":      hosted(device.HostCode{Run: func(*device.Tile) { f() }}),
			"Ready":    hosted(device.HostCode{Ready: func() bool { f(); return true }}),
			"Plan":     hosted(device.HostCode{Plan: func(*device.Launch, int, *device.Plan) { f() }, Run: rowByRow(double)}),
			"Check": with(of(device.ReadRows, device.WriteRows, double), func(k *device.Kernel) {
				k.Check = func(*device.Launch) error { f(); return nil }
			}),
			"Halo": with(of(device.ReadRows, device.WriteRows, double), func(k *device.Kernel) {
				k.Params[0].Halo = func(*device.Launch) int { f(); return 1 }
			}),
			"Examples": with(of(device.ReadRows, device.WriteRows, double), func(k *device.Kernel) {
				k.Examples = func(int) []*device.Call { f(); return nil }
			}),
		} {
			t.Run(where+"/"+end, func(t *testing.T) {
				d := check.Debug(open(t, device.Options{}))
				err := debugCall(k, device.Range{}).Run(context.Background(), d)
				if k.Examples != nil {
					err = check.Kernel(context.Background(), d, k, 3)
				}
				if !errors.Is(err, device.ErrPanic) {
					t.Errorf("%v, want ErrPanic", err)
				}
			})
		}
	}
	for name, p := range map[string]device.Plan{
		"negative tasks": {Tasks: []int{-1}}, "negative scratch": {Shared: -8}, "endless scratch": {Local: math.MaxInt},
	} {
		k := hosted(device.HostCode{Plan: func(_ *device.Launch, _ int, to *device.Plan) { *to = p }, Run: rowByRow(double)})
		if err := debugCall(k, device.Range{}).Run(context.Background(), check.Debug(open(t, device.Options{}))); !errors.Is(err, device.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
}

// A contract that does not end blocks no caller longer than its context.
func TestDebugHonoursContexts(t *testing.T) {
	begun, release := make(chan struct{}), make(chan struct{})
	defer close(release)
	k := of(device.ReadRows, device.WriteRows, func(*device.Tile, []float64, []float64, int, int) {
		select {
		case <-begun:
		default:
			close(begun)
		}
		<-release
	})
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-begun
		cancel()
	}()
	d := check.Debug(open(t, device.Options{}))
	if err := debugCall(k, device.Range{}).Run(ctx, d); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want Canceled", err)
	}
	fine := debugCall(of(device.ReadRows, device.WriteRows, double), device.Range{})
	if err := fine.Run(context.Background(), d); err != nil {
		t.Errorf("the next launch: %v", err)
	}
}

// Where a part of a buffer is spoiled below, launches that do not read it are examined, and
// those that do are left to the device.
func TestDebugOnSpoiledData(t *testing.T) {
	ctx := context.Background()
	d := check.Debug(check.Finite(open(t, device.Options{})))
	in := []float64{1, math.NaN(), 3, 4, 5, 6, 7, 8}
	x, y, z := upload(t, d, in), upload(t, d, make([]float64, 8)), upload(t, d, make([]float64, 8))
	launch := func(from, to device.Buffer, lo, hi int) error {
		l := copyLaunch(from, to)
		l.Rows = device.Range{Lo: lo, Hi: hi}
		return d.Launch(ctx, l)
	}
	if err := launch(x, y, 0, 4); !errors.Is(err, check.ErrNotFinite) {
		t.Fatal(err)
	}
	for _, r := range []device.Range{{Lo: 4, Hi: 8}, {Lo: 5, Hi: 6}} {
		if err := launch(y, z, r.Lo, r.Hi); err != nil {
			t.Errorf("rows %v are not spoiled: %v", r, err)
		}
	}
	if err := launch(x, y, 6, 8); err != nil {
		t.Errorf("an output that is spoiled elsewhere: %v", err)
	}
	if err := z.Wait(ctx); err != nil {
		t.Error(err)
	}
	if err := launch(y, z, 3, 5); err != nil {
		t.Errorf("a launch that reads what is spoiled: %v", err)
	}
	if err := z.Wait(ctx); !errors.Is(err, check.ErrNotFinite) {
		t.Errorf("its output: %v, want ErrNotFinite", err)
	}
}

// A device that computes something else is found, whichever way it is wrong.
func TestDebugFindsWrongDevices(t *testing.T) {
	for _, c := range []struct {
		name string
		flip flip
		want check.Broken
	}{
		{"a result", flip{launch: 1, buffer: 1, element: 10, bit: 3}, check.Broken{Breach: check.Differs, Param: "y", Row: 3, Column: 1}},
		{"beside the rows", flip{launch: 1, buffer: 1, element: 2, bit: 3}, check.Broken{Breach: check.WritesOutside, Param: "y", Column: 2}},
		{"an input", flip{launch: 1, buffer: 0, element: 14, bit: 3}, check.Broken{Breach: check.ChangesInput, Param: "x", Row: 4, Column: 2}},
	} {
		d := &flipping{Device: open(t, device.Options{}), flip: c.flip}
		err := debugCall(of(device.ReadRows, device.WriteRows, double), device.Range{Lo: 1, Hi: 9}).Run(context.Background(), check.Debug(d))
		c.want.Form = "device cpu"
		t.Run(c.name, func(t *testing.T) { expectBroken(t, err, c.want) })
	}
}

// Kernel names the example that fails.
func TestDebugOfExamples(t *testing.T) {
	k := wave(device.ReadRows)
	k.Examples = func(n int) []*device.Call {
		c := debugCall(k, device.Range{})
		c.Label, c.Args = "periodic", append([]device.HostArg{device.HostVal(0.25)}, c.Args...)
		return []*device.Call{c}
	}
	err := check.Kernel(context.Background(), open(t, device.Options{}), k, 3)
	expectBroken(t, err, check.Broken{Breach: check.ReadsOutside})
	if !strings.Contains(err.Error(), "periodic") {
		t.Errorf("it reads %q", err)
	}
}
