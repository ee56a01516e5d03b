package check

import (
	"context"
	"errors"
	"math"

	"offload/device"
)

// stepOf returns the effect of a sweep of l on sums of rows; false if l's kernel has no
// Stencil.
func stepOf(l *device.Launch) (step, bool) {
	if l.Kernel.Invariant == nil || l.Kernel.Invariant.Stencil == nil {
		return step{}, false
	}
	i := l.Kernel.Invariant.Stencil
	s := step{roundings: i.Roundings, unit: unitOf(l.Kernel.Params[i.In].Type), floor: i.Floor}
	s.centre, s.cx, s.cy = i.Weights(l)
	return s, true
}

// rowSummer sums the rows of the grid in a buffer: on the device if possible, else on the
// host.
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

// summer returns the rowSummer of b for rows of cols columns.
func (b *buffer) summer(cols int) *rowSummer {
	if s := b.sums; s == nil || len(s.weights) != cols {
		s.free()
		b.sums = &rowSummer{weights: sines(cols), sums: make([]float64, b.Len()/cols)}
	}
	return b.sums
}

// follow returns the predicted grid of l's output. For the first launch on a grid, it
// uses the data that the host wrote, or reads them back.
func follow(ctx context.Context, l *call, s step) (*grid, error) {
	i := l.Kernel.Invariant.Stencil
	u, out, cols := l.outer[i.In], l.outer[i.Out], l.Args[i.In].Width
	if u.grid == nil || u.grid.cols != cols {
		data, err := u.content(ctx)
		if err != nil {
			return nil, err
		}
		u.grid = new(grid)
		u.grid.measure(data, cols, u.summer(cols).weights)
	}
	g := out.grid // its memory is reused
	if g == nil {
		g = new(grid)
	}
	sweeps := 1
	if p := device.SweepsOf(l.Kernel); p >= 0 {
		sweeps = int(device.Scalar[int32](&l.Launch, p))
	}
	g.follow(u.grid, sweeps, s)
	return g, nil
}

// content returns the content of b: the host's copy, or one from the device.
func (b *buffer) content(ctx context.Context) (device.Slice, error) {
	if b.host.Len() > 0 {
		return b.host, nil
	}
	s := device.MakeSlice(b.Type(), b.Len())
	return s, b.Buffer.Read(ctx, 0, s)
}

// checkGrid sums the rows of b, on the device if possible, and checks the sums.
func (c *checksum) checkGrid(ctx context.Context, what string, b *buffer) error {
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

// compare sums the rows of data, which was read from b, on the host and checks the sums.
func (b *buffer) compare(what string, data device.Slice) error {
	b.summer(b.grid.cols).sum(data)
	return b.judge(what)
}

// judge compares the measured sums of b with the predicted ones.
func (b *buffer) judge(what string) error {
	if err := b.grid.compare(what, b.sums.sums); err != nil {
		b.grid = nil
		return err
	}
	b.grid.settle(b.sums.sums)
	return nil
}

// measure sums the rows of b with a kernel.
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

var (
	rowSums32 = newRowSums[float32]()
	rowSums64 = newRowSums[float64]()
)

// rowSums returns the kernel that computes the weighted sums of a grid's rows.
func rowSums(t device.Type) *device.Kernel {
	if t == device.Float32 {
		return rowSums32
	}
	return rowSums64
}

func newRowSums[T device.Float]() *device.Kernel {
	t := device.TypeOf[T]()
	return &device.Kernel{
		Name: "rowsums." + t.String(),
		Params: []device.Param{
			{Name: "u", Type: t, Access: device.ReadRows},
			{Name: "weights", Type: device.Float64, Access: device.ReadAll},
			{Name: "sums", Type: device.Float64, Access: device.WriteRows},
		},
		Contract: func(tile *device.Tile) {
			u, w, sums := device.View[T](tile, 0), device.View[float64](tile, 1), device.View[float64](tile, 2)
			cols := tile.Width(0)
			for r := tile.Rows.Lo; r < tile.Rows.Hi; r++ {
				sums[r] = weighted(u[r*cols:][:cols], w)
			}
		},
		Cost: func(l *device.Launch) device.Cost {
			points := float64(l.Rows.Len()) * float64(l.Args[0].Width)
			return device.Cost{Items: points, Ops: 2 * points, Bytes: points * float64(t.Size())}
		},
		Unit: "points",
	}
}

// sumLanes is the number of partial sums of a row, column c in lane c mod 8.
const sumLanes = 8

// weighted returns Σ w[c]·row[c].
func weighted[T device.Float](row []T, w []float64) float64 {
	var a, b, c, d, e, f, g, h float64
	w = w[:len(row)]
	for len(row) >= sumLanes {
		r, v := row[:sumLanes:sumLanes], w[:sumLanes:sumLanes]
		a += float64(float64(r[0]) * v[0])
		b += float64(float64(r[1]) * v[1])
		c += float64(float64(r[2]) * v[2])
		d += float64(float64(r[3]) * v[3])
		e += float64(float64(r[4]) * v[4])
		f += float64(float64(r[5]) * v[5])
		g += float64(float64(r[6]) * v[6])
		h += float64(float64(r[7]) * v[7])
		row, w = row[sumLanes:], w[sumLanes:]
	}
	for i := range row {
		a += float64(float64(row[i]) * w[i])
	}
	return ((a + e) + (b + f)) + ((c + g) + (d + h))
}

// sines returns the weights of a row: sin(π·c/(cols − 1)), 0 at the edges.
func sines(cols int) []float64 {
	w := make([]float64, cols)
	for c := 1; c < cols-1; c++ {
		w[c] = math.Sin(math.Pi * float64(c) / float64(cols-1))
	}
	return w
}
