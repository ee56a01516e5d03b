package check

import (
	"context"

	"offload/device"
)

// buffer is a buffer of a checked device. The fields after turn belong to the holder of
// the turn.
type buffer struct {
	device.Buffer
	dev    *checked
	number int64 // turns are taken in this order
	turn   turn
	faults faults

	scratch device.Slice
	host    device.Slice // a copy of b's content if the program wrote it; else empty
	grid    *grid        // predicted sums of the plate in it
	sums    *rowSummer   // sums the rows of the plate
	result  *balance     // the launch whose result is in b, until it is checked
	inputs  []*balance   // launches that read b, until they are checked
}

// turn is a lock whose wait ends with a context.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

// enter takes the turn. During the wait it lends the caller's place, because the holder
// of the turn may need one.
func (t turn) enter(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	default:
	}
	if p := device.PlaceOf(ctx); p != nil {
		p.Lend()
		defer p.Return(ctx)
	}
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t turn) leave() { <-t }

func leave(buffers []*buffer) {
	for _, b := range buffers {
		b.turn.leave()
	}
}

// enter waits for work queued on b, so that other goroutines can queue more during the
// wait, and takes the turn. Errors of b are left to the call itself.
func (b *buffer) enter(ctx context.Context) error {
	b.Buffer.Wait(ctx)
	return b.turn.enter(ctx)
}

func (b *buffer) Write(ctx context.Context, off int, src device.Slice) error {
	if err := b.enter(ctx); err != nil {
		return err
	}
	defer b.turn.leave()
	if err := b.blame(b.dev.inspector.writing(ctx, b)); err != nil {
		return err
	}
	if err := b.Buffer.Write(ctx, off, src); err != nil {
		b.host, b.grid = device.Slice{}, nil
		return err
	}
	b.faults.settle(device.Range{Lo: off, Hi: off + src.Len()})
	b.dev.inspector.written(b, off, src)
	return nil
}

func (b *buffer) Read(ctx context.Context, off int, dst device.Slice) error {
	if err := b.enter(ctx); err != nil {
		return err
	}
	defer b.turn.leave()
	if err := b.Buffer.Read(ctx, off, dst); err != nil {
		return err
	}
	if err := b.faults.in(device.Range{Lo: off, Hi: off + dst.Len()}); err != nil {
		return err
	}
	return b.blame(b.dev.inspector.read(ctx, b, off, dst))
}

func (b *buffer) Wait(ctx context.Context) error {
	if err := b.Buffer.Wait(ctx); err != nil {
		return err
	}
	if err := b.turn.enter(ctx); err != nil {
		return err
	}
	defer b.turn.leave()
	if err := b.faults.in(b.all()); err != nil {
		return err
	}
	return b.blame(b.dev.inspector.waited(ctx, b))
}

// Free frees b and the memory of its checks. If the turn is held, that memory is released
// when the device is closed.
func (b *buffer) Free() error {
	err := b.Buffer.Free()
	select {
	case b.turn <- struct{}{}:
		b.sums.free()
		b.host, b.scratch, b.grid, b.sums = device.Slice{}, device.Slice{}, nil, nil
		b.turn.leave()
	default:
	}
	return err
}

func (b *buffer) all() device.Range { return device.Range{Hi: b.Len()} }

// blame returns err, and records it for b if it means that b's content is wrong.
func (b *buffer) blame(err error) error {
	if concernsData(err) {
		b.faults.add(b.all(), err)
	}
	return err
}

// room returns scratch for n elements of b's type.
func (b *buffer) room(n int) device.Slice {
	if b.scratch.Len() < n {
		b.scratch = device.MakeSlice(b.Type(), n)
	}
	return b.scratch.Sub(0, n)
}

// faults are the elements of a buffer known to be wrong.
type faults []fault

type fault struct {
	device.Range
	err error
}

// add records that elements r are wrong because of err.
func (f *faults) add(r device.Range, err error) {
	f.settle(r)
	if r.Len() > 0 {
		*f = append(*f, fault{r, err})
	}
}

// settle removes r from the faults.
func (f *faults) settle(r device.Range) {
	var rest faults
	for _, s := range *f {
		for _, part := range [...]device.Range{{Lo: s.Lo, Hi: min(s.Hi, r.Lo)}, {Lo: max(s.Lo, r.Hi), Hi: s.Hi}} {
			if part.Len() > 0 {
				rest = append(rest, fault{part, s.err})
			}
		}
	}
	*f = rest
}

// in returns the error of a wrong element of r, or nil.
func (f faults) in(r device.Range) error {
	for _, s := range f {
		if s.Intersects(r) {
			return s.err
		}
	}
	return nil
}
