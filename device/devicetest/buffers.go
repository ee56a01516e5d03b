package devicetest

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"offload/device"
)

func (s suite) testBuffers(t *testing.T) {
	t.Run("f32", func(t *testing.T) { testBuffersOf[float32](t, s.device(t)) })
	t.Run("f64", func(t *testing.T) { testBuffersOf[float64](t, s.device(t)) })
	t.Run("i32", func(t *testing.T) { testBuffersOf[int32](t, s.device(t)) })
	t.Run("u32", func(t *testing.T) { testBuffersOf[uint32](t, s.device(t)) })
	t.Run("errors", func(t *testing.T) { testBufferErrors(t, s.device(t)) })
	t.Run("bits", func(t *testing.T) { testBitsSurvive(t, s.device(t)) })
	t.Run("wrapped", func(t *testing.T) { testWrapped(t, s.device(t)) })
}

// testWrapped tests buffers in the program's memory, of devices that have them.
func testWrapped(t *testing.T, d device.Device) {
	ctx, k := context.Background(), rowSum()
	x, y := ramp[int32](6), []int32{70, 71, 72, 73}
	in, err := device.Wrap(d, device.Of(x))
	if errors.Is(err, device.ErrUnsupported) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	out, err := device.Wrap(d, device.Of(y[:3]))
	if err != nil || out.Len() != 3 || out.Type() != device.Int32 {
		t.Fatalf("Wrap: %v", err)
	}
	for i := range x { // the buffer has what the program writes
		x[i] *= 10
	}
	l := &device.Launch{Kernel: k, Args: []device.Arg{device.Mat(in, 2), device.Vec(out)}, Rows: device.Range{Lo: 1, Hi: 3}}
	if err := errors.Join(d.Launch(ctx, l), out.Wait(ctx)); err != nil {
		t.Fatal(err)
	}
	if want := []int32{70, 50, 90, 73}; !slices.Equal(y, want) {
		t.Errorf("a launch sets %v, want %v", y, want)
	}
	if err := errors.Join(out.Write(ctx, 0, device.Of([]int32{5})), in.Free(), out.Free()); err != nil || y[0] != 5 {
		t.Errorf("Write sets %d, want 5; %v", y[0], err)
	}
	if err := out.Wait(ctx); !errors.Is(err, device.ErrClosed) {
		t.Errorf("Wait after Free: %v, want ErrClosed", err)
	}
	d.Close()
	if _, err := device.Wrap(d, device.Of(x)); !errors.Is(err, device.ErrClosed) {
		t.Errorf("Wrap on a closed device: %v, want ErrClosed", err)
	}
}

func testBuffersOf[T device.Element](t *testing.T, d device.Device) {
	ctx := context.Background()
	typ := device.TypeOf[T]()
	if !slices.Contains(append(d.Info().Precisions, device.Int32, device.Uint32), typ) {
		if _, err := d.Alloc(typ, 1); !errors.Is(err, device.ErrUnsupported) {
			t.Fatalf("Alloc of a type that Info does not list: %v, want ErrUnsupported", err)
		}
		return
	}
	for _, n := range []int{0, 1, 2, 7, 31, 127, 1009, 65537} {
		b, err := d.Alloc(typ, n)
		if err != nil {
			t.Fatalf("Alloc(%d): %v", n, err)
		}
		if b.Type() != typ || b.Len() != n {
			t.Errorf("Alloc(%v, %d) has type %v and length %d", typ, n, b.Type(), b.Len())
		}
		if got := download[T](t, b); !slices.Equal(got, make([]T, n)) {
			t.Errorf("a new buffer of %d is not all zero", n)
		}
		want := ramp[T](n)
		if err := b.Write(ctx, 0, device.Of(want)); err != nil {
			t.Fatalf("Write of %d: %v", n, err)
		}
		lo, hi := n/3, n-n/4
		part := ramp[T](hi - lo)
		copy(want[lo:], part)
		if err := b.Write(ctx, lo, device.Of(part)); err != nil {
			t.Fatalf("Write at %d: %v", lo, err)
		}
		if got := download[T](t, b); !slices.Equal(got, want) {
			t.Errorf("a buffer of %d reads back other than written", n)
		}
		got := make([]T, hi-lo+2)
		got[0], got[len(got)-1] = 77, 78
		if err := b.Read(ctx, lo, device.Of(got[1:len(got)-1])); err != nil {
			t.Fatalf("Read at %d: %v", lo, err)
		}
		if !slices.Equal(got[1:len(got)-1], want[lo:hi]) || got[0] != 77 || got[len(got)-1] != 78 {
			t.Errorf("a partial read of %d at %d is wrong", hi-lo, lo)
		}
		if err := b.Free(); err != nil {
			t.Errorf("Free: %v", err)
		}
		if err := b.Free(); !errors.Is(err, device.ErrClosed) {
			t.Errorf("second Free: %v, want ErrClosed", err)
		}
		if err := b.Read(ctx, 0, device.Of([]T{})); !errors.Is(err, device.ErrClosed) {
			t.Errorf("Read after Free: %v, want ErrClosed", err)
		}
	}
}

func testBufferErrors(t *testing.T, d device.Device) {
	ctx := context.Background()
	b := upload(t, d, ramp[float32](10))
	for _, c := range []struct {
		name string
		off  int
		s    device.Slice
	}{
		{"another type", 0, device.Of(make([]int32, 1))},
		{"negative offset", -1, device.Of(make([]float32, 1))},
		{"past the end", 10, device.Of(make([]float32, 1))},
		{"too long", 0, device.Of(make([]float32, 11))},
		{"offset near overflow", math.MaxInt, device.Of(make([]float32, 2))},
	} {
		if err := b.Write(ctx, c.off, c.s); !errors.Is(err, device.ErrInvalid) {
			t.Errorf("Write, %s: %v, want ErrInvalid", c.name, err)
		}
		if err := b.Read(ctx, c.off, c.s); !errors.Is(err, device.ErrInvalid) {
			t.Errorf("Read, %s: %v, want ErrInvalid", c.name, err)
		}
	}
	if _, err := device.Download[int32](ctx, b); !errors.Is(err, device.ErrInvalid) {
		t.Errorf("Download as another type: %v, want ErrInvalid", err)
	}
	if _, err := d.Alloc(device.Float32, -1); !errors.Is(err, device.ErrInvalid) {
		t.Errorf("Alloc(-1): %v, want ErrInvalid", err)
	}
	if _, err := d.Alloc(device.Type(0), 1); !errors.Is(err, device.ErrUnsupported) {
		t.Errorf("Alloc of no type: %v, want ErrUnsupported", err)
	}
	for _, n := range []int{math.MaxInt / 4, math.MaxInt / 2, math.MaxInt} {
		if _, err := d.Alloc(device.Float32, n); !errors.Is(err, device.ErrOutOfMemory) {
			t.Errorf("Alloc(%d): %v, want ErrOutOfMemory", n, err)
		}
	}
	if got := download[float32](t, b); !slices.Equal(got, ramp[float32](10)) {
		t.Error("refused calls changed the buffer")
	}
}

// testBitsSurvive: a transfer keeps every bit pattern.
func testBitsSurvive(t *testing.T, d device.Device) {
	patterns := []uint32{0, 0x80000000, 1, 0x7f800000, 0xff800000, 0x7fc00001, 0x7fa00001, 0xffffffff}
	values := make([]float32, len(patterns))
	for i, p := range patterns {
		values[i] = math.Float32frombits(p)
	}
	for i, v := range download[float32](t, upload(t, d, values)) {
		if got := math.Float32bits(v); got != patterns[i] {
			t.Errorf("%#08x came back as %#08x", patterns[i], got)
		}
	}
}

// testRanges: a launch writes its rows and nothing else, for any number of rows and views
// with any offset.
func (s suite) testRanges(t *testing.T) {
	d := s.device(t)
	for _, k := range []*device.Kernel{count[int32](), heavy(count[int32](), 1e6)} {
		for _, width := range []int{1, 3} {
			for _, n := range []int{0, 1, 2, 13, 127, 1000} {
				for _, r := range []device.Range{{Hi: n}, {Lo: n / 2, Hi: n / 2}, {Lo: n / 3, Hi: n - n/5}, {Lo: n, Hi: n}} {
					testRange(t, d, k, width, n, r)
				}
			}
		}
	}
}

func testRange(t *testing.T, d device.Device, k *device.Kernel, width, n int, rows device.Range) {
	t.Helper()
	const guard, start = 5, 1_000_000
	whole := make([]int32, guard+n*width+guard)
	for i := range whole {
		whole[i] = int32(-i)
	}
	b := upload(t, d, whole)
	defer b.Free()
	view := device.Arg{Buffer: b, Offset: guard, Len: n * width, Width: width}
	l := &device.Launch{Kernel: k, Rows: rows, Args: []device.Arg{device.Val(int32(start)), view}}
	if err := d.Launch(context.Background(), l); err != nil {
		t.Fatalf("%d rows, range %v: %v", n, rows, err)
	}
	for i, got := range download[int32](t, b) {
		want := int32(-i)
		if e := i - guard; e >= rows.Lo*width && e < rows.Hi*width {
			want = int32(start + e)
		}
		if got != want {
			t.Fatalf("%d rows of %d, range %v: element %d is %d, want %d", n, width, rows, i, got, want)
		}
	}
}

// testArguments: an invalid launch is refused at once and changes nothing; so is opening
// a device with a nil kernel to probe.
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
