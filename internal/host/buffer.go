package host

import (
	"context"
	"fmt"

	"offload/device"
)

// buffer is memory of a Device. Its data and spoiled parts belong to whoever has
// the turn of the queue.
type buffer struct {
	dev     *Device
	typ     device.Type
	len     int
	data    device.Slice
	spoiled []spoiled
	freed   bool // set in a turn, with dev.queue.mu held
}

// spoiled is a range of elements that a failed launch should have set.
type spoiled struct {
	device.Range
	err error
}

func (b *buffer) Type() device.Type { return b.typ }
func (b *buffer) Len() int          { return b.len }

func (b *buffer) Write(ctx context.Context, off int, src device.Slice) error {
	return b.access(ctx, off, src, func(part device.Slice) error {
		part.Copy(src)
		b.settle(device.Range{Lo: off, Hi: off + src.Len()})
		return nil
	})
}

func (b *buffer) Read(ctx context.Context, off int, dst device.Slice) error {
	return b.access(ctx, off, dst, func(part device.Slice) error {
		if err := b.damage(device.Range{Lo: off, Hi: off + dst.Len()}); err != nil {
			return err
		}
		dst.Copy(part)
		return nil
	})
}

// access checks a transfer and does it when its turn has come.
func (b *buffer) access(ctx context.Context, off int, other device.Slice, do func(part device.Slice) error) error {
	if other.Type() != b.Type() {
		return device.Invalidf("a buffer of %v was given a slice of %v", b.Type(), other.Type())
	}
	if off < 0 || other.Len() > b.Len()-off {
		return device.Invalidf("elements %d to %d of a buffer of %d", off, off+other.Len(), b.Len())
	}
	q := &b.dev.queue
	if err := q.enter(ctx, b); err != nil {
		return err
	}
	defer q.leave()
	return do(b.data.Sub(off, off+other.Len()))
}

func (b *buffer) Free() error {
	q := &b.dev.queue
	if err := q.enter(context.Background(), b); err != nil {
		return err
	}
	defer q.leave()
	b.dev.release(b)
	return nil
}

// spoil records that elements r are undefined because of err.
func (b *buffer) spoil(r device.Range, err error) {
	if r.Len() > 0 {
		b.settle(r)
		b.spoiled = append(b.spoiled, spoiled{r, err})
	}
}

// settle forgets what was spoiled within r.
func (b *buffer) settle(r device.Range) {
	if len(b.spoiled) == 0 {
		return
	}
	var rest []spoiled
	for _, s := range b.spoiled {
		if below := (device.Range{Lo: s.Lo, Hi: min(s.Hi, r.Lo)}); below.Len() > 0 {
			rest = append(rest, spoiled{below, s.err})
		}
		if above := (device.Range{Lo: max(s.Lo, r.Hi), Hi: s.Hi}); above.Len() > 0 {
			rest = append(rest, spoiled{above, s.err})
		}
	}
	b.spoiled = rest
}

// damage is the error that spoiled an element of r, if any.
func (b *buffer) damage(r device.Range) error {
	for _, s := range b.spoiled {
		if s.Intersects(r) {
			return s.err
		}
	}
	return nil
}

// outOfMemory says how much was asked for and how much there is.
func outOfMemory(bytes float64, limit, used int64) error {
	return fmt.Errorf("%w: %s were asked for, %s of %s are left",
		device.ErrOutOfMemory, size(bytes), size(float64(limit-used)), size(float64(limit)))
}

func size(bytes float64) string {
	if bytes >= 1<<30 {
		return fmt.Sprintf("%.1f GiB", bytes/(1<<30))
	}
	return fmt.Sprintf("%.1f MiB", bytes/(1<<20))
}
