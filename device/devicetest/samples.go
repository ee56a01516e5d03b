package devicetest

import (
	"context"
	"errors"
	"testing"

	"offload/device"
)

// The kernels below are built in the way of a user of the module.

// axpy is y ← a·x + y.
func axpy[T device.Float]() *device.Kernel {
	t := device.TypeOf[T]()
	return &device.Kernel{
		Name: "axpy",
		Params: []device.Param{
			{Name: "a", Type: t, Access: device.Value},
			{Name: "x", Type: t, Access: device.ReadRows},
			{Name: "y", Type: t, Access: device.UpdateRows},
		},
		Contract: func(t *device.Tile) {
			a, x, y := device.Scalar[T](t.Launch, 0), device.View[T](t, 1), device.View[T](t, 2)
			for i := t.Rows.Lo; i < t.Rows.Hi; i++ {
				y[i] += T(a * x[i])
			}
		},
		Shader: axpyShader(t),
	}
}

// smooth is the mean of three neighbours; the ends keep their values.
func smooth() *device.Kernel {
	return &device.Kernel{
		Name: "smooth",
		Params: []device.Param{
			{Name: "x", Type: device.Float32, Access: device.ReadRows, Halo: func(*device.Launch) int { return 1 }},
			{Name: "y", Type: device.Float32, Access: device.WriteRows},
		},
		Contract: func(t *device.Tile) {
			x, y := device.View[float32](t, 0), device.View[float32](t, 1)
			for i := t.Rows.Lo; i < t.Rows.Hi; i++ {
				if i == 0 || i == len(x)-1 {
					y[i] = x[i]
					continue
				}
				y[i] = (x[i-1] + x[i] + x[i+1]) / 3
			}
		},
		Shader: smoothShader(),
	}
}

// count writes i·w + j plus a start to row i, column j, of integers.
func count[T int32 | uint32]() *device.Kernel {
	t := device.TypeOf[T]()
	return &device.Kernel{
		Name: "count",
		Params: []device.Param{
			{Name: "start", Type: t, Access: device.Value},
			{Name: "out", Type: t, Access: device.WriteRows},
		},
		Contract: func(t *device.Tile) {
			start, out, w := device.Scalar[T](t.Launch, 0), device.View[T](t, 1), t.Width(1)
			for i := t.Rows.Lo * w; i < t.Rows.Hi*w; i++ {
				out[i] = start + T(i)
			}
		},
		Shader: countShader(t),
	}
}

// fold is out ← 31·out + k: missing, repeated or reordered launches give other bits.
func fold() *device.Kernel {
	return &device.Kernel{
		Name: "fold",
		Params: []device.Param{
			{Name: "k", Type: device.Uint32, Access: device.Value},
			{Name: "out", Type: device.Uint32, Access: device.UpdateRows},
		},
		Contract: func(t *device.Tile) {
			foldInto(device.View[uint32](t, 1)[t.Rows.Lo:t.Rows.Hi], device.Scalar[uint32](t.Launch, 0))
		},
		Shader: foldShader(),
	}
}

func foldInto(out []uint32, k uint32) {
	for i := range out {
		out[i] = 31*out[i] + k
	}
}

// heavy gives every row of a kernel a cost of ops operations, so that launches are
// divided and queued.
func heavy(k *device.Kernel, ops float64) *device.Kernel {
	k.Cost = func(l *device.Launch) device.Cost {
		n := float64(l.Rows.Len())
		return device.Cost{Items: n, Ops: n * ops}
	}
	return k
}

// needsHostCode skips a test on a device that cannot run kernels without a shader.
func needsHostCode(t *testing.T, d device.Device) {
	t.Helper()
	if !runsHostCode(t, d) {
		t.Skip("the device does not run host code")
	}
}

// runsHostCode reports whether a device runs kernels without a shader.
func runsHostCode(t *testing.T, d device.Device) bool {
	t.Helper()
	k := count[int32]()
	k.Shader = nil
	l := &device.Launch{Kernel: k, Args: []device.Arg{device.Val(int32(1)), device.Vec(upload(t, d, make([]int32, 1)))}}
	err := d.Launch(context.Background(), l)
	if err != nil && !errors.Is(err, device.ErrUnsupported) {
		t.Fatalf("launch of no rows: %v", err)
	}
	return err == nil
}

// upload returns a buffer with the elements of src.
func upload[T device.Element](t testing.TB, d device.Device, src []T) device.Buffer {
	t.Helper()
	b, err := device.Upload(context.Background(), d, src)
	if err != nil {
		t.Fatalf("upload: %v", err)
	}
	return b
}

// download returns the elements of b.
func download[T device.Element](t testing.TB, b device.Buffer) []T {
	t.Helper()
	s, err := device.Download[T](context.Background(), b)
	if err != nil {
		t.Fatalf("download: %v", err)
	}
	return s
}

// ramp returns 0, 1, … n−1.
func ramp[T device.Element](n int) []T {
	s := make([]T, n)
	for i := range s {
		s[i] = T(i)
	}
	return s
}

// launch queues k on all of the rows.
func launch(t testing.TB, d device.Device, k *device.Kernel, rows int, args ...device.Arg) {
	t.Helper()
	l := &device.Launch{Kernel: k, Args: args, Rows: device.Range{Hi: rows}}
	if err := d.Launch(context.Background(), l); err != nil {
		t.Fatalf("launch of %s: %v", k.Name, err)
	}
}

func sync(t testing.TB, d device.Device) {
	t.Helper()
	if err := d.Sync(context.Background()); err != nil {
		t.Fatalf("Sync: %v", err)
	}
}
