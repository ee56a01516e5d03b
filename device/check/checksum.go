package check

import (
	"context"
	"sync/atomic"

	"offload/device"
)

// CheckEvery is the number of sweeps after which the sums of a grid's rows are checked.
// Fewer make the check finer and more expensive.
const CheckEvery = 256

// Checksum returns d with the results of kernels that have an Invariant checked. Errors
// of Launch, Write, Read and Wait may wrap ErrChecksum. A grid that is neither read back
// nor waited for is checked every CheckEvery sweeps. The host keeps a copy of each buffer
// that the program writes.
func Checksum(d device.Device) device.Device {
	return wrap(d, &checksum{dev: d, info: d.Info()})
}

// checksum checks grids and balances.
type checksum struct {
	dev    device.Device
	info   device.Info
	onHost atomic.Bool  // rows are summed on the host
	row    atomic.Int64 // number of result rows computed again
}

func (c *checksum) writing(ctx context.Context, b *buffer) error {
	if err := b.settleResult(ctx, device.Slice{}); err != nil {
		return err
	}
	return b.settleInputs(ctx)
}

func (c *checksum) written(b *buffer, off int, src device.Slice) {
	b.grid = nil
	if b.host.Len() > 0 {
		b.host.Sub(off, off+src.Len()).Copy(src)
	} else if src.Len() == b.Len() {
		b.host = src.Clone()
	}
}

func (c *checksum) launching(ctx context.Context, l *call) error {
	for i, p := range l.Kernel.Params {
		b := l.outer[i]
		if b == nil {
			continue
		}
		if err := b.blame(b.settleResult(ctx, device.Slice{})); err != nil {
			return err
		}
		if p.Access.Writes() {
			if err := b.settleInputs(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *checksum) launched(ctx context.Context, l *call) error {
	var known *grid
	var err error
	s, stencil := stepOf(&l.Launch)
	if stencil && whole(&l.Launch) {
		known, err = follow(ctx, l, s)
	}
	for i, p := range l.Kernel.Params {
		if b := l.outer[i]; b != nil && p.Access.Writes() {
			b.host, b.grid = device.Slice{}, nil
		}
	}
	if err != nil {
		return err
	}
	if known != nil {
		out := l.outer[l.Kernel.Invariant.Stencil.Out]
		if out.grid = known; known.sweeps >= CheckEvery {
			return c.checkGrid(ctx, "kernel "+l.Kernel.Name, out)
		}
	}
	c.balanced(l)
	return nil
}

func (c *checksum) read(ctx context.Context, b *buffer, off int, dst device.Slice) error {
	switch {
	case b.result != nil:
		if dst.Len() < b.Len() {
			dst = device.Slice{}
		}
		return b.settleResult(ctx, dst)
	case b.grid == nil:
		return nil
	case dst.Len() == b.Len():
		return b.compare("a grid that was read back", dst)
	}
	return c.checkMoved(ctx, "a grid of which a part was read", b)
}

func (c *checksum) waited(ctx context.Context, b *buffer) error {
	if err := b.settleResult(ctx, device.Slice{}); err != nil {
		return err
	}
	return c.checkMoved(ctx, "a grid that was waited for", b)
}

// checkMoved checks a grid with sweeps since the last sums.
func (c *checksum) checkMoved(ctx context.Context, what string, b *buffer) error {
	if b.grid == nil || b.grid.sweeps == 0 {
		return nil
	}
	return c.checkGrid(ctx, what, b)
}

// whole reports whether l computes all rows of arguments that fill their buffers.
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
