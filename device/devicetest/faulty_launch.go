package devicetest

import (
	"context"
	"fmt"

	"offload/device"
)

// Launch queues l with whatever goes wrong in it.
func (f *faultyDevice) Launch(ctx context.Context, l *device.Launch) error {
	t := f.trip(LaunchCall)
	inner := &device.Launch{Kernel: l.Kernel, Rows: l.Rows, Args: make([]device.Arg, len(l.Args))}
	for i, a := range l.Args {
		if b, ok := a.Buffer.(*faultyBuffer); ok && b.dev == f {
			a.Buffer = b.Buffer
		}
		inner.Args[i] = a
	}
	if t.hangs != nil {
		return t.hangs.wait()
	}
	select {
	case <-f.closed:
		return f.Device.Launch(ctx, inner)
	default:
	}
	switch {
	case t.lost != nil && !t.first:
		return t.lost
	case t.lost != nil, t.stall, t.kinds[Stale]:
		return device.Validate(l)
	case t.kinds[OutOfMemory]:
		inner.Kernel = failing(l.Kernel, fmt.Errorf("%w: as a test wants it", device.ErrOutOfMemory))
	}
	if err := f.Device.Launch(ctx, inner); err != nil {
		return err
	}
	if t.kinds[BitFlip] {
		return flipOutput(ctx, inner)
	}
	return nil
}

// failing is k with code that does nothing but fail with err.
func failing(k *device.Kernel, err error) *device.Kernel {
	bad := *k
	bad.Contract = func(*device.Tile) { panic(err) }
	bad.Host = nil
	if k.Shader != nil {
		shader := *k.Shader
		shader.Plan = func(*device.Launch, device.ShaderLimits, *device.ShaderPlan) { panic(err) }
		bad.Shader = &shader
	}
	return &bad
}

// flipOutput inverts a bit in the middle of the first output of l. A launch that
// failed by itself has none.
func flipOutput(ctx context.Context, l *device.Launch) error {
	for i := range l.Args {
		r := l.WriteRange(i)
		if r.Len() <= 0 {
			continue
		}
		b, at := l.Args[i].Buffer, (r.Lo+r.Hi)/2
		x := device.MakeSlice(b.Type(), 1)
		if err := b.Read(ctx, at, x); err != nil {
			return nil
		}
		flip(x)
		return b.Write(ctx, at, x)
	}
	return nil
}

// flip inverts the highest bit but one of the element in the middle: in a
// floating-point number one of the exponent.
func flip(s device.Slice) {
	if s.Len() == 0 {
		return
	}
	x := s.Sub(s.Len()/2, s.Len()/2+1).Bytes()
	x[len(x)-1] ^= 0x40
}
