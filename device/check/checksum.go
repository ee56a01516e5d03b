package check

import (
	"context"

	"offload/device"
)

// CheckEvery is the number of sweeps after which the sums of a plate's rows are
// taken on the device. With fewer the check is finer, and costs more.
const CheckEvery = 256

// Checksum is d with the results of Laplacian, Heat and Force checked. Errors of
// Launch, Write and Read may wrap ErrChecksum. A plate that is not read back is
// checked every CheckEvery sweeps; what is read back whole, then. Buffers that are
// written from the host are copied.
func Checksum(d device.Device) device.Device {
	c := &checksum{plates: plates{dev: d}, force: force{info: d.Info()}}
	return &checked{Device: d, inspector: c}
}

// checksum watches plates and forces.
type checksum struct {
	plates plates
	force  force
}

func (c *checksum) written(ctx context.Context, b *buffer, off int, src device.Slice) error {
	if err := c.force.settle(ctx); err != nil {
		return err
	}
	b.grid = nil
	switch {
	case off < 0 || src.Type() != b.Type() || src.Len() > b.Len()-off:
		return nil // the device refuses it
	case b.host.Len() > 0:
		b.host.Sub(off, off+src.Len()).Copy(src)
	case src.Len() == b.Len():
		b.host = src.Clone()
	}
	return nil
}

func (c *checksum) launching(ctx context.Context, _ *device.Launch, _ []*buffer) error {
	return c.force.settle(ctx)
}

func (c *checksum) launched(ctx context.Context, l *device.Launch, outer []*buffer) error {
	var known *grid
	var err error
	s, stencil := stepOf(l)
	if stencil && whole(l) {
		known, err = c.plates.follow(ctx, l, outer, s)
	}
	for i, p := range l.Kernel.Params {
		if b := outer[i]; b != nil && p.Access.Writes() {
			b.host, b.grid = device.Slice{}, nil
		}
	}
	if err != nil {
		return err
	}
	if known != nil {
		out := outer[param(l.Kernel, "out")]
		if out.grid = known; known.sweeps >= CheckEvery {
			return c.plates.check(ctx, "kernel "+l.Kernel.Name, out)
		}
	}
	c.force.launched(l, outer)
	return nil
}

func (c *checksum) read(ctx context.Context, b *buffer, off int, dst device.Slice) error {
	switch {
	case c.force.waitsFor(b):
		return c.force.check(ctx, dst)
	case b.grid == nil:
		return nil
	case dst.Len() == b.Len():
		return c.plates.compare("a plate that was read back", b, dst)
	case b.grid.sweeps > 0:
		return c.plates.check(ctx, "a plate of which a part was read", b)
	}
	return nil
}

// whole tells whether l computes all rows of arguments that fill their buffers.
func whole(l *device.Launch) bool {
	for i, p := range l.Kernel.Params {
		a := &l.Args[i]
		if p.Access == device.Value {
			continue
		}
		if a.Offset != 0 || a.Len != a.Buffer.Len() {
			return false
		}
		if p.Access != device.ReadAll && l.Rows != (device.Range{Hi: a.NumRows()}) {
			return false
		}
	}
	return l.Rows.Len() > 0
}
