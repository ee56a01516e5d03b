package gl

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"offload/device"
	"offload/gl/internal/driver"
	"offload/gl/internal/fake"
	"offload/kernels"
)

func TestBandsEqualContracts(t *testing.T) {
	for _, align := range []int{4096, 4} {
		if testing.Short() && align == 4 {
			break
		}
		t.Run(fmt.Sprintf("alignment of %d", align), func(t *testing.T) {
			verifyBands(t, func(t *testing.T, limit int) device.Device {
				o := &opening{shape: func(d *fake.Driver) {
					d.Limits.StorageAlign, d.Limits.StorageBytes = align, min(d.Limits.StorageBytes, limit)
				}}
				d, err := o.open(context.Background(), device.Options{})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { d.Close(); o.check(t) })
				return d
			})
		})
	}
}

// verifyBands compares examples of kernels with their contracts, with guard elements
// around the matrices, on a device whose blocks are too small for them. There they take
// more dispatches than with large blocks. With -short, that is in float32 alone.
func verifyBands(t *testing.T, open func(t *testing.T, limit int) device.Device) {
	ctx := context.Background()
	for _, c := range []struct {
		limit, rows32, rows64 int
		kernels               []*device.Kernel
	}{
		{12 << 10, 1001, 501, kernels.All()[:4]},  // of gravity
		{192 << 10, 255, 181, kernels.All()[4:8]}, // stencils
		{32 << 10, 20_001, 0, []*device.Kernel{smear()}},
	} {
		large, small := open(t, math.MaxInt), open(t, c.limit)
		for _, k := range c.kernels {
			rows := c.rows32
			if k.Params[0].Type == device.Float64 {
				if rows = c.rows64; testing.Short() {
					continue
				}
			}
			calls := k.Examples(rows)
			t.Run(k.Name, func(t *testing.T) {
				var dispatches [2]int64
				for i, d := range []device.Device{large, small} {
					before := d.Counters().Dispatches
					for _, c := range calls {
						shorten(c)
						if err := errors.Join(c.Verify(ctx, d), c.VerifyAt(ctx, d, 9)); err != nil {
							t.Error(err)
						}
					}
					dispatches[i] = d.Counters().Dispatches - before
				}
				if dispatches[1] <= dispatches[0] {
					t.Errorf("%d dispatches with large blocks, %d with small ones; want more", dispatches[0], dispatches[1])
				}
			})
		}
	}
}

// shorten cuts off most of what a call reads whole, which must fit a block.
func shorten(c *device.Call) {
	for i, p := range c.Kernel.Params {
		if a := &c.Args[i]; p.Access == device.ReadAll {
			a.Data = a.Data.Sub(0, min(a.Data.Len(), 300*a.Width))
		}
	}
}

// smear is a kernel without a plan: y ← y + the sum of x from two rows before to two rows
// behind.
func smear() *device.Kernel {
	k := &device.Kernel{
		Name: "smear",
		Params: []device.Param{
			{Name: "x", Type: device.Int32, Access: device.ReadRows, Halo: func(*device.Launch) int { return 2 }},
			{Name: "y", Type: device.Int32, Access: device.UpdateRows},
		},
		Contract: func(t *device.Tile) {
			x, y := device.View[int32](t, 0), device.View[int32](t, 1)
			for i := t.Rows.Lo; i < t.Rows.Hi; i++ {
				for j := max(0, i-2); j <= min(i+2, len(x)-1); j++ {
					y[i] += x[j]
				}
			}
		},
		Shader: &device.Shader{Local: 64, Source: `
void main()
{
	int i = row_lo + group_index * LOCAL + int(gl_LocalInvocationIndex);
	if (i >= row_hi) {
		return;
	}
	int sum = y_at(i);
	for (int j = max(0, i - 2); j <= min(i + 2, x_rows - 1); j++) {
		sum += x_at(j);
	}
	y_at(i) = sum;
}
`},
	}
	k.Examples = func(n int) []*device.Call {
		x, y := make([]int32, n), make([]int32, n)
		for i := range x {
			x[i], y[i] = int32(i*i), int32(i)
		}
		args := []device.HostArg{device.HostVec(x), device.HostVec(y)}
		return []*device.Call{
			{Label: "all rows", Kernel: k, Args: args},
			{Label: "a range", Kernel: k, Args: args, Rows: device.Range{Lo: 1, Hi: n - 1}},
		}
	}
	return k
}

// TestBandsOfALaunch: rows of 100 bytes, in blocks with room for a number of rows and for
// what alignment may take.
func TestBandsOfALaunch(t *testing.T) {
	const all = 1 << 20
	for _, c := range []struct {
		rows, halo, room int
		compute          device.Range
		want             []int // ends of the bands; nil: refused
	}{
		{rows: 10, room: 10, compute: device.Range{Hi: 10}, want: []int{10}},
		{rows: 10, room: 9, compute: device.Range{Hi: 10}, want: []int{9, 10}},
		{rows: 10, room: 1, compute: device.Range{Lo: 3, Hi: 6}, want: []int{4, 5, 6}},
		{rows: 10, room: 9, compute: device.Range{Lo: 2, Hi: 8}, want: []int{8}},
		{rows: 10, halo: 1, room: 9, compute: device.Range{Hi: 10}, want: []int{8, 10}},
		{rows: 10, halo: 1, room: 3, compute: device.Range{Lo: 4, Hi: 7}, want: []int{5, 6, 7}},
		{rows: 10, halo: 1, room: 2, compute: device.Range{Lo: 4, Hi: 7}},
		{rows: 10, halo: 6, room: 9, compute: device.Range{Hi: 3}, want: []int{3}},
		{rows: 10, halo: 6, room: 9, compute: device.Range{Hi: 4}}, // row 3 reads all
		{rows: 10, halo: 6, room: 9, compute: device.Range{Lo: 7, Hi: 10}, want: []int{10}},
		{rows: 10, halo: all, room: 9, compute: device.Range{Hi: 10}},
		{rows: 0, halo: 1, room: 0, compute: device.Range{}, want: []int{}},
	} {
		e := &engine{info: driver.Info{StorageBytes: 100*c.room + 15, StorageAlign: 16}}
		k := smear()
		k.Params[0].Halo = func(*device.Launch) int { return c.halo }
		l := &device.Launch{Kernel: k, Rows: c.compute, Args: []device.Arg{{Len: 25 * c.rows, Width: 25}, {Len: c.rows, Width: 1}}}
		name := fmt.Sprintf("%+v", c)
		if err := e.Check(l); (c.want == nil) != errors.Is(err, device.ErrUnsupported) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []int
		for lo := l.Rows.Lo; lo < l.Rows.Hi && c.want != nil; {
			hi, _ := e.bandEnd(l, lo)
			band := rowsOf(l, lo, hi)
			if n := e.window(band, 0).Len(); n*4 > e.info.StorageBytes {
				t.Errorf("%s: rows %d to %d take %d elements", name, lo, hi, n)
			}
			got, lo = append(got, hi), hi
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: bands end at %v", name, got)
		}
	}
}

// What cannot be cut into bands is refused.
func TestBeyondBands(t *testing.T) {
	readAll := smear()
	readAll.Params[0].Access, readAll.Params[0].Halo = device.ReadAll, nil
	wide := smear()
	wide.Params[0].Halo = nil
	e := &engine{info: driver.Info{StorageBytes: 1 << 27, StorageAlign: 16}}
	for _, c := range []struct {
		kernel      *device.Kernel
		rows, width int
		want        string
	}{
		{readAll, 1<<25 + 1, 1, "x takes 134217732 bytes; a storage block of this driver has 134217728"},
		{smear(), 6, 1 << 23, "a row with its halo of x takes 167772160 bytes; a storage block of this driver has 134217728"},
		{wide, 3, 1 << 26, "a row of x takes 268435456 bytes; a storage block of this driver has 134217728"},
		{smear(), 1 << 21, 1 << 10, "x has 2147483648 elements; a shader's indices end at 2147483647"},
	} {
		l := &device.Launch{Kernel: c.kernel, Rows: device.Range{Hi: c.rows},
			Args: []device.Arg{{Len: c.rows * c.width, Width: c.width}, {Len: c.rows, Width: 1}}}
		want := "kernel smear: " + device.ErrUnsupported.Error() + ": " + c.want
		if err := e.Check(l); !errors.Is(err, device.ErrUnsupported) || err.Error() != want {
			t.Errorf("%d rows of %d: %v, want %s", c.rows, c.width, err, want)
		}
	}
}

// A launch that is cancelled in one band does not begin the next.
func TestCancelBetweenBands(t *testing.T) {
	ctx := context.Background()
	o := &opening{shape: func(d *fake.Driver) { d.Limits.StorageBytes = 8192 }}
	d, err := o.open(ctx, device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	x, err := device.Upload(ctx, d, make([]int32, 10_000))
	if err != nil {
		t.Fatal(err)
	}
	y, err := d.Alloc(device.Int32, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(ctx)
	defer cancel()
	k, last := next(), 0
	plan := k.Shader.Plan
	k.Shader.Plan = func(l *device.Launch, limits device.ShaderLimits, p *device.ShaderPlan) {
		if last = l.Rows.Hi; l.Rows.Lo > 0 {
			cancel()
		}
		plan(l, limits, p)
	}
	l := &device.Launch{Kernel: k, Rows: device.Range{Hi: 10_000}, Args: []device.Arg{device.Vec(x), device.Vec(y)}}
	if err := d.Launch(cancelled, l); err != nil {
		t.Fatal(err)
	}
	if err := y.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
	d.Close()
	o.check(t)
	if last < 3000 || last > 4096 {
		t.Errorf("the last band planned ends at row %d; it should be the second of about 2000 rows", last)
	}
}
