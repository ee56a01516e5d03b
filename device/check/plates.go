package check

import (
	"context"
	"errors"

	"offload/device"
	"offload/kernels"
)

// stepOf is a sweep of l, if that is Laplacian or Heat.
func stepOf(l *device.Launch) (step, bool) {
	switch l.Kernel {
	case kernels.Laplacian(device.Float32), kernels.Heat(device.Float32):
		cx, cy := coefficients[float32](l)
		return stepFor(l.Kernel == kernels.Heat(device.Float32), cx, cy, 0x1p-24, 0x1p-80), true
	case kernels.Laplacian(device.Float64), kernels.Heat(device.Float64):
		cx, cy := coefficients[float64](l)
		return stepFor(l.Kernel == kernels.Heat(device.Float64), cx, cy, unit64, 0x1p-900), true
	}
	return step{}, false
}

func coefficients[T device.Float](l *device.Launch) (cx, cy float64) {
	return float64(device.Scalar[T](l, param(l.Kernel, "cx"))), float64(device.Scalar[T](l, param(l.Kernel, "cy")))
}

// stepFor bounds the roundings of an update, with |u| ≤ 1 and cx + cy ≤ ½. Laplacian:
// each sum is at most 2 and is multiplied by its coefficient, which makes 1 in all;
// the products together round as much as 1, and so does the last sum. Heat: sums of
// 2 and differences of 4, times coefficients, make 3; products of 4 make 2; their sum
// is at most 2, and the last one at most 1.
func stepFor(heat bool, cx, cy, unit, floor float64) step {
	s := step{cx: cx, cy: cy, roundings: 3, unit: unit, floor: floor}
	if heat {
		s.centre, s.roundings = 1-2*cx-2*cy, 8
	}
	return s
}

// rowSummer sums the rows of the plate in a buffer: on the device where it can, else on
// the host.
type rowSummer struct {
	weights []float64     // one for each column
	table   device.Buffer // the same on the device
	result  device.Buffer // sums on the device
	sums    []float64
}

// free frees what was allocated on the device.
func (s *rowSummer) free() {
	if s == nil {
		return
	}
	for _, b := range []device.Buffer{s.table, s.result} {
		if b != nil {
			b.Free()
		}
	}
}

// summer returns what sums rows of b that have cols columns.
func (b *buffer) summer(cols int) *rowSummer {
	if s := b.sums; s == nil || len(s.weights) != cols {
		s.free()
		b.sums = &rowSummer{weights: sines(cols), sums: make([]float64, b.Len()/cols)}
	}
	return b.sums
}

// follow is what is known of the output of l. The first launch of a plate takes
// it from what the host wrote, or reads it back.
func follow(ctx context.Context, l *call, s step) (*grid, error) {
	i := param(l.Kernel, "u")
	u, out, cols := l.outer[i], l.outer[param(l.Kernel, "out")], l.Args[i].Width
	if u.grid == nil || u.grid.cols != cols {
		data, err := u.content(ctx)
		if err != nil {
			return nil, err
		}
		u.grid = new(grid)
		u.grid.measure(data, cols, u.summer(cols).weights)
	}
	g := out.grid // its memory is used again
	if g == nil {
		g = new(grid)
	}
	g.follow(u.grid, int(device.Scalar[int32](&l.Launch, param(l.Kernel, "sweeps"))), s)
	return g, nil
}

// content is what b holds: the host's copy, or one from the device.
func (b *buffer) content(ctx context.Context) (device.Slice, error) {
	if b.host.Len() > 0 {
		return b.host, nil
	}
	s := device.MakeSlice(b.Type(), b.Len())
	return s, b.Buffer.Read(ctx, 0, s)
}

// checkPlate sums the rows of b, on the device if it can.
func (c *checksum) checkPlate(ctx context.Context, what string, b *buffer) error {
	s := b.summer(b.grid.cols)
	if !c.onHost.Load() {
		err := s.measure(ctx, c.dev, b)
		if err == nil {
			return b.judge(what)
		}
		if !errors.Is(err, device.ErrUnsupported) {
			return err
		}
		c.onHost.Store(true)
	}
	data := b.room(b.Len())
	if err := b.Buffer.Read(ctx, 0, data); err != nil {
		return err
	}
	return b.compare(what, data)
}

// compare sums the rows of data, which came from b, on the host.
func (b *buffer) compare(what string, data device.Slice) error {
	b.summer(b.grid.cols).sum(data)
	return b.judge(what)
}

// judge compares the sums of b that were measured with those foretold.
func (b *buffer) judge(what string) error {
	if err := b.grid.compare(what, b.sums.sums); err != nil {
		b.grid = nil
		return err
	}
	b.grid.settle(b.sums.sums)
	return nil
}

// measure sums the rows of b by a kernel.
func (s *rowSummer) measure(ctx context.Context, d device.Device, b *buffer) error {
	var err error
	if s.table == nil {
		if s.table, err = device.Upload(ctx, d, s.weights); err != nil {
			return err
		}
	}
	if s.result == nil {
		if s.result, err = d.Alloc(device.Float64, len(s.sums)); err != nil {
			return err
		}
	}
	err = d.Launch(ctx, &device.Launch{
		Kernel: rowSums(b.Type()),
		Args:   []device.Arg{device.Mat(b.Buffer, len(s.weights)), device.Vec(s.table), device.Vec(s.result)},
		Rows:   device.Range{Hi: len(s.sums)},
	})
	if err != nil {
		return err
	}
	b.grid.advance() // meanwhile
	return s.result.Read(ctx, 0, device.Of(s.sums))
}

// sum sums the rows of data on the host.
func (s *rowSummer) sum(data device.Slice) {
	cols := len(s.weights)
	for r := range s.sums {
		row := data.Sub(r*cols, (r+1)*cols)
		if row.Type() == device.Float32 {
			s.sums[r] = weighted(device.As[float32](row), s.weights)
		} else {
			s.sums[r] = weighted(device.As[float64](row), s.weights)
		}
	}
}
