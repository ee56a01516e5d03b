package devicetest

import (
	"context"

	"offload/device"
)

// faultyBuffer is a buffer of a faultyDevice.
type faultyBuffer struct {
	device.Buffer
	dev *faultyDevice
}

func (b *faultyBuffer) Write(ctx context.Context, off int, src device.Slice) error {
	t := b.dev.trip(WriteCall)
	return b.dev.wait(ctx, t, func() error {
		if t.kinds[BitFlip] {
			src = src.Clone()
			flip(src)
		}
		return b.Buffer.Write(ctx, off, src)
	})
}

func (b *faultyBuffer) Wait(ctx context.Context) error {
	return b.dev.wait(ctx, b.dev.trip(SyncCall), func() error { return b.Buffer.Wait(ctx) })
}

func (b *faultyBuffer) Read(ctx context.Context, off int, dst device.Slice) error {
	t := b.dev.trip(ReadCall)
	return b.dev.wait(ctx, t, func() error {
		if t.kinds[Truncated] && dst.Len() > 0 && off >= 0 && dst.Len() <= b.Len()-off {
			dst = dst.Sub(0, dst.Len()/2)
		}
		if err := b.Buffer.Read(ctx, off, dst); err != nil {
			return err
		}
		if t.kinds[BitFlip] {
			flip(dst)
		}
		return nil
	})
}
