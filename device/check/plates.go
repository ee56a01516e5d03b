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

// plates sums the rows of plates: on the device where it can, else on the host.
type plates struct {
	dev     device.Device
	onHost  bool
	cols    int
	weights []float64     // for plates of that many columns
	table   device.Buffer // the same on the device
	result  device.Buffer
	sums    []float64
	scratch device.Slice
}

// use makes weights for plates of that many columns.
func (p *plates) use(cols int) {
	if p.cols == cols {
		return
	}
	p.cols, p.weights = cols, sines(cols)
	if p.table != nil {
		p.table.Free()
		p.table = nil
	}
}

// follow is what is known of the output of l. The first launch of a plate takes
// it from what the host wrote, or reads it back.
func (p *plates) follow(ctx context.Context, l *device.Launch, outer []*buffer, s step) (*grid, error) {
	i := param(l.Kernel, "u")
	u, out, cols := outer[i], outer[param(l.Kernel, "out")], l.Args[i].Width
	if u.grid == nil || u.grid.cols != cols {
		data, err := u.content(ctx)
		if err != nil {
			return nil, err
		}
		p.use(cols)
		u.grid = new(grid)
		u.grid.measure(data, cols, p.weights)
	}
	g := out.grid // its memory is used again
	if g == nil {
		g = new(grid)
	}
	g.follow(u.grid, int(device.Scalar[int32](l, param(l.Kernel, "sweeps"))), s)
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

// check sums the rows of b on the device.
func (p *plates) check(ctx context.Context, what string, b *buffer) error {
	if err := p.measure(ctx, b); err != nil {
		return err
	}
	return p.judge(what, b)
}

// compare sums the rows of data, which came from b.
func (p *plates) compare(what string, b *buffer, data device.Slice) error {
	p.sum(b.grid, data)
	return p.judge(what, b)
}

// judge compares the sums of b that were measured with those foretold.
func (p *plates) judge(what string, b *buffer) error {
	if err := b.grid.compare(what, p.sums); err != nil {
		b.grid = nil
		return err
	}
	b.grid.settle(p.sums)
	return nil
}

// measure sums the rows of b where they are.
func (p *plates) measure(ctx context.Context, b *buffer) error {
	if !p.onHost {
		err := p.launch(ctx, b)
		if !errors.Is(err, device.ErrUnsupported) {
			return err
		}
		p.onHost = true
	}
	if p.scratch.Type() != b.Type() || p.scratch.Len() != b.Len() {
		p.scratch = device.MakeSlice(b.Type(), b.Len())
	}
	if err := b.Buffer.Read(ctx, 0, p.scratch); err != nil {
		return err
	}
	p.sum(b.grid, p.scratch)
	return nil
}

// launch sums the rows of b by a kernel.
func (p *plates) launch(ctx context.Context, b *buffer) error {
	p.use(b.grid.cols)
	var err error
	if p.table == nil {
		if p.table, err = device.Upload(ctx, p.dev, p.weights); err != nil {
			return err
		}
	}
	if p.result == nil || p.result.Len() != b.grid.rows {
		if p.result != nil {
			p.result.Free()
		}
		if p.result, err = p.dev.Alloc(device.Float64, b.grid.rows); err != nil {
			p.result = nil
			return err
		}
	}
	err = p.dev.Launch(ctx, &device.Launch{
		Kernel: rowSums(b.Type()),
		Args:   []device.Arg{device.Mat(b.Buffer, b.grid.cols), device.Vec(p.table), device.Vec(p.result)},
		Rows:   device.Range{Hi: b.grid.rows},
	})
	if err != nil {
		return err
	}
	b.grid.advance() // meanwhile
	p.room(b.grid.rows)
	return p.result.Read(ctx, 0, device.Of(p.sums))
}

// sum sums the rows of data on the host.
func (p *plates) sum(g *grid, data device.Slice) {
	p.use(g.cols)
	p.room(g.rows)
	for r := range p.sums {
		row := data.Sub(r*g.cols, (r+1)*g.cols)
		if row.Type() == device.Float32 {
			p.sums[r] = weighted(device.As[float32](row), p.weights)
		} else {
			p.sums[r] = weighted(device.As[float64](row), p.weights)
		}
	}
}

func (p *plates) room(rows int) {
	if len(p.sums) != rows {
		p.sums = make([]float64, rows)
	}
}
