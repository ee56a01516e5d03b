package gl

import (
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"testing"

	"offload/device"
	"offload/gl/internal/fake"
)

// A part of a matrix is computed, wherever in the buffer it lies, and a matrix that is
// larger than a storage block, too.
func TestStorageBlockLimit(t *testing.T) {
	const limit, align, n = 8192, 256, 10_000
	ctx := context.Background()
	o := &opening{shape: func(d *fake.Driver) { d.Limits.StorageBytes, d.Limits.StorageAlign = limit, align }}
	d, err := o.open(ctx, device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	x, err := device.Upload(ctx, d, make([]int32, n))
	if err != nil {
		t.Fatal(err)
	}
	y, err := d.Alloc(device.Int32, n)
	if err != nil {
		t.Fatal(err)
	}
	k := next()
	launch := func(lo, hi int) error {
		return d.Launch(ctx, &device.Launch{Kernel: k, Rows: device.Range{Hi: hi - lo},
			Args: []device.Arg{device.Vec(x).Rows(lo, hi), device.Vec(y).Rows(lo, hi)}})
	}
	want := make([]int32, n)
	for _, lo := range []int{0, 1, 63, 64, 65, 4999, n - (limit-align)/4} {
		hi := lo + (limit-align)/4
		if err := launch(lo, hi); err != nil {
			t.Errorf("elements %d to %d: %v", lo, hi, err)
		}
		for i := lo; i < hi; i++ {
			want[i] = 1
		}
	}
	if got, err := device.Download[int32](ctx, y); err != nil || !slices.Equal(got, want) {
		t.Errorf("the parts are wrong: %v", err)
	}
	if err := launch(0, n); err != nil {
		t.Errorf("%d bytes in blocks of %d: %v", 4*n, limit, err)
	}
	for i := range want {
		want[i] = 1
	}
	if got, err := device.Download[int32](ctx, y); err != nil || !slices.Equal(got, want) {
		t.Errorf("the whole is wrong: %v", err)
	}
	d.Close()
	o.check(t)
}

// An impossible shader is refused at the launch, and the device still works.
func TestImpossibleShaders(t *testing.T) {
	const most = 5
	for name, c := range map[string]struct {
		change func(k *device.Kernel)
		want   error
	}{
		"no shader":           {func(k *device.Kernel) { k.Shader = nil }, device.ErrUnsupported},
		"no work-group":       {func(k *device.Kernel) { k.Shader.Local = 0 }, device.ErrInvalid},
		"a large work-group":  {func(k *device.Kernel) { k.Shader.Local = 1025 }, device.ErrUnsupported},
		"a name that is none": {func(k *device.Kernel) { k.Params[0].Name = "x y" }, device.ErrUnsupported},
		"many blocks": {func(k *device.Kernel) {
			for range most {
				k.Params = append(k.Params, k.Params[0])
			}
		}, device.ErrUnsupported},
		"scratch beyond a block": {func(k *device.Kernel) {
			k.Shader.Plan = func(_ *device.Launch, _ device.ShaderLimits, p *device.ShaderPlan) { p.Scratch = math.MaxInt }
		}, device.ErrUnsupported},
		"scratch of no type": {func(k *device.Kernel) { k.Shader.Scratch = 0 }, device.ErrInvalid},
		"groups below zero": {func(k *device.Kernel) {
			k.Shader.Plan = func(_ *device.Launch, _ device.ShaderLimits, p *device.ShaderPlan) {
				p.Passes = append(p.Passes, device.Pass{Groups: -1})
			}
		}, device.ErrInvalid},
		"a panic in the plan": {func(k *device.Kernel) {
			k.Shader.Plan = func(*device.Launch, device.ShaderLimits, *device.ShaderPlan) { panic("no plan") }
		}, device.ErrPanic},
	} {
		t.Run(name, func(t *testing.T) {
			o := &opening{shape: func(d *fake.Driver) { d.Limits.StorageBlocks = most }}
			d, err := o.open(context.Background(), device.Options{})
			if err != nil {
				t.Fatal(err)
			}
			k := next()
			k.Shader.Source = name
			c.change(k)
			if err := once(d, k); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
			d.Sync(context.Background())
			if err := work(t, d); err != nil {
				t.Errorf("the next work: %v", err)
			}
			d.Close()
			o.check(t)
		})
	}
}

// once runs a kernel of that many parameters on ten rows.
func once(d device.Device, k *device.Kernel) error {
	ctx := context.Background()
	l := &device.Launch{Kernel: k, Rows: device.Range{Hi: 10}}
	for range k.Params {
		b, err := d.Alloc(device.Int32, 10)
		if err != nil {
			return err
		}
		defer b.Free()
		l.Args = append(l.Args, device.Vec(b))
	}
	if err := d.Launch(ctx, l); err != nil {
		return err
	}
	return l.Args[1].Buffer.Read(ctx, 0, device.Of(make([]int32, 10)))
}

// A plan that ends its goroutine also ends the thread and its context: the device is
// lost, and everything is freed.
func TestGoexitInAPlan(t *testing.T) {
	o := &opening{}
	d, err := o.open(context.Background(), device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	k := next()
	k.Shader.Plan = func(*device.Launch, device.ShaderLimits, *device.ShaderPlan) { runtime.Goexit() }
	if err := once(d, k); !errors.Is(err, device.ErrPanic) && !errors.Is(err, device.ErrLost) {
		t.Errorf("%v, want ErrPanic or ErrLost", err)
	}
	checkLost(t, d, true)
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	o.check(t)
}

// Transfers of lengths around those of a segment and of the ring arrive whole.
func TestTransfers(t *testing.T) {
	ctx := context.Background()
	const segment, ring = segmentBytes / 4, segmentCount * segmentBytes / 4
	for name, shape := range map[string]func(*fake.Driver){
		"staging":    nil,
		"no staging": func(d *fake.Driver) { d.Limits.Staging = false },
	} {
		t.Run(name, func(t *testing.T) {
			o := &opening{shape: shape}
			d, err := o.open(ctx, device.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range []int{1, 15, 16, 17, segment - 1, segment, segment + 1, 2*segment + 5, ring - 1, ring, ring + 1, 2*ring + 3} {
				transfer(t, d, n)
			}
			d.Close()
			o.check(t)
		})
	}
}

// transfer writes n elements in two parts and reads them in two others.
func transfer(t *testing.T, d device.Device, n int) {
	ctx := context.Background()
	data, got := make([]int32, n), make([]int32, n)
	for i := range data {
		data[i] = int32(i * 7)
	}
	b, err := d.Alloc(device.Int32, n)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Free()
	half, third := n/2, n/3
	err = errors.Join(
		b.Write(ctx, half, device.Of(data[half:])), b.Write(ctx, 0, device.Of(data[:half])),
		b.Read(ctx, 0, device.Of(got[:third])), b.Read(ctx, third, device.Of(got[third:])))
	if err != nil || !slices.Equal(got, data) {
		t.Errorf("%d elements came back otherwise, %v", n, err)
	}
}
