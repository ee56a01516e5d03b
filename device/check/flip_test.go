package check_test

import (
	"context"
	"math"

	"offload/device"
)

// flip is the inversion of one bit of a buffer, at a given launch.
type flip struct {
	launch  int  // number of the launch, from 1
	before  bool // in data that the launch reads, before it; else in its result
	buffer  int  // in the order in which buffers are made
	element int
	bit     int
	nan     bool // the element of float64 becomes a NaN instead
	read    bool // in data read back after that launch, instead of in the buffer
}

// flipping is a device on which a bit flips.
type flipping struct {
	device.Device
	flip     flip
	launches int
	buffers  []*flippingBuffer
	done     bool
}

type flippingBuffer struct {
	device.Buffer
	dev   *flipping
	index int
}

func (d *flipping) Alloc(t device.Type, n int) (device.Buffer, error) {
	b, err := d.Device.Alloc(t, n)
	if err != nil {
		return nil, err
	}
	f := &flippingBuffer{Buffer: b, dev: d, index: len(d.buffers)}
	d.buffers = append(d.buffers, f)
	return f, nil
}

// Launch counts the launches of kernels other than those of the checks.
func (d *flipping) Launch(ctx context.Context, l *device.Launch) error {
	inner := device.Launch{Kernel: l.Kernel, Rows: l.Rows, Args: append([]device.Arg(nil), l.Args...)}
	for i := range inner.Args {
		if b, ok := inner.Args[i].Buffer.(*flippingBuffer); ok {
			inner.Args[i].Buffer = b.Buffer
		}
	}
	own := l.Kernel.Name != "rowsums.f32" && l.Kernel.Name != "rowsums.f64"
	if own {
		d.launches++
	}
	if own && d.flip.before {
		if err := d.strike(ctx); err != nil {
			return err
		}
	}
	if err := d.Device.Launch(ctx, &inner); err != nil {
		return err
	}
	if own && !d.flip.before && !d.flip.read {
		return d.strike(ctx)
	}
	return nil
}

// strike inverts the bit in the buffer, if it is time.
func (d *flipping) strike(ctx context.Context) error {
	if d.done || d.launches != d.flip.launch {
		return nil
	}
	d.done = true
	b := d.buffers[d.flip.buffer].Buffer
	s := device.MakeSlice(b.Type(), 1)
	if err := b.Read(ctx, d.flip.element, s); err != nil {
		return err
	}
	if d.flip.nan {
		s = device.Of([]float64{math.NaN()})
	} else {
		invert(s, 0, d.flip.bit)
	}
	return b.Write(ctx, d.flip.element, s)
}

func (b *flippingBuffer) Read(ctx context.Context, off int, dst device.Slice) error {
	if err := b.Buffer.Read(ctx, off, dst); err != nil {
		return err
	}
	d := b.dev
	if e := d.flip.element - off; d.flip.read && !d.done && d.launches == d.flip.launch && b.index == d.flip.buffer && e >= 0 && e < dst.Len() {
		d.done = true
		invert(dst, e, d.flip.bit)
	}
	return nil
}

// invert inverts a bit of an element.
func invert(s device.Slice, element, bit int) {
	if s.Type() == device.Float32 {
		p := &device.As[float32](s)[element]
		*p = math.Float32frombits(math.Float32bits(*p) ^ 1<<bit)
		return
	}
	p := &device.As[float64](s)[element]
	*p = math.Float64frombits(math.Float64bits(*p) ^ 1<<bit)
}
