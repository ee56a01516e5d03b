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
}

func testBuffersOf[T device.Element](t *testing.T, d device.Device) {
	ctx := context.Background()
	typ := device.TypeOf[T]()
	if !has(append(d.Info().Precisions, device.Int32, device.Uint32), typ) {
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
