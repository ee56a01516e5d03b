package check

import (
	"context"
	"math"

	"offload/device"
)

// Finite is d with every result of a launch read back and looked at. Errors of
// Launch may be a *NotFinite.
func Finite(d device.Device) device.Device {
	return &checked{Device: d, inspector: &finite{dev: d}}
}

// finite looks for what is no number.
type finite struct {
	dev      device.Device
	launches int
	scratch  map[device.Type]device.Slice
}

func (f *finite) written(context.Context, *buffer, int, device.Slice) error { return nil }

func (f *finite) launching(context.Context, *device.Launch, []*buffer) error { return nil }

func (f *finite) read(context.Context, *buffer, int, device.Slice) error { return nil }

func (f *finite) launched(ctx context.Context, l *device.Launch, _ []*buffer) error {
	f.launches++
	found, err := f.outputs(ctx, l)
	if found == nil || err != nil {
		return err
	}
	if input, err := f.inputs(ctx, l); input != nil || err != nil {
		if input != nil {
			return input
		}
		return err
	}
	return f.pinpoint(ctx, l, found)
}

// outputs looks at what l has written.
func (f *finite) outputs(ctx context.Context, l *device.Launch) (*NotFinite, error) {
	for i := range l.Args {
		if found, err := f.scan(ctx, l, i, l.WriteRange(i)); found != nil || err != nil {
			return found, err
		}
	}
	return nil, nil
}

// inputs looks at what l has read, and not changed.
func (f *finite) inputs(ctx context.Context, l *device.Launch) (*NotFinite, error) {
	for i, p := range l.Kernel.Params {
		if p.Access.Writes() {
			continue
		}
		if found, err := f.scan(ctx, l, i, l.ReadRange(i)); found != nil || err != nil {
			if found != nil {
				found.Input = true
			}
			return found, err
		}
	}
	return nil, nil
}

// scan looks at elements r of the buffer of argument i.
func (f *finite) scan(ctx context.Context, l *device.Launch, i int, r device.Range) (*NotFinite, error) {
	a, p := &l.Args[i], &l.Kernel.Params[i]
	if r.Len() <= 0 || p.Type != device.Float32 && p.Type != device.Float64 {
		return nil, nil
	}
	s := f.room(p.Type, r.Len())
	if err := a.Buffer.Read(ctx, r.Lo, s); err != nil {
		return nil, err
	}
	at, value := firstNotFinite(s)
	if at < 0 {
		return nil, nil
	}
	index := r.Lo - a.Offset + at
	return &NotFinite{
		Kernel: l.Kernel.Name, Launch: f.launches, Param: p.Name,
		Index: index, Row: index / a.Width, Column: index % a.Width, Value: value,
	}, nil
}

// room is scratch for n elements.
func (f *finite) room(t device.Type, n int) device.Slice {
	if s, ok := f.scratch[t]; ok && s.Len() >= n {
		return s.Sub(0, n)
	}
	if f.scratch == nil {
		f.scratch = map[device.Type]device.Slice{}
	}
	f.scratch[t] = device.MakeSlice(t, n)
	return f.scratch[t]
}

func firstNotFinite(s device.Slice) (int, float64) {
	if s.Type() == device.Float32 {
		return first(device.As[float32](s))
	}
	return first(device.As[float64](s))
}

// first is the index and the value of the first number that is none, or -1.
func first[T device.Float](s []T) (int, float64) {
	for i, v := range s {
		if v-v != 0 {
			return i, float64(v)
		}
	}
	return -1, 0
}

// pinpoint repeats the launch with fewer sweeps, to find the first one after which
// there is a number that is none. Its outputs hold the last repeat then; they are of
// no use to anybody. A repeat that gives numbers only is a fault that has passed.
func (f *finite) pinpoint(ctx context.Context, l *device.Launch, found *NotFinite) error {
	for _, p := range l.Kernel.Params {
		if p.Access == device.UpdateRows {
			return found // its input is gone
		}
	}
	sweeps := param(l.Kernel, "sweeps")
	n := 1
	if sweeps >= 0 {
		n = int(device.Scalar[int32](l, sweeps))
	}
	repeat := func(k int) (*NotFinite, error) {
		if sweeps >= 0 {
			l.Args[sweeps] = device.Val(int32(k))
		}
		if err := f.dev.Launch(ctx, l); err != nil {
			return nil, err
		}
		return f.outputs(ctx, l)
	}
	again, err := repeat(n)
	if again == nil || err != nil {
		if err != nil {
			return err
		}
		return found
	}
	for lo, hi := 0, n; hi-lo > 1; { // none after lo sweeps, one after hi
		middle := (lo + hi) / 2
		earlier, err := repeat(middle)
		if err != nil {
			return err
		}
		if earlier == nil {
			lo = middle
		} else {
			hi, again, n = middle, earlier, middle
		}
	}
	if again.Again = true; sweeps >= 0 {
		again.Sweep = n
	}
	return again
}

// param is the index of the parameter of that name, or -1.
func param(k *device.Kernel, name string) int {
	for i := range k.Params {
		if k.Params[i].Name == name {
			return i
		}
	}
	return -1
}

// largest is the largest magnitude of a slice.
func largest[T device.Float](s []T) float64 {
	m := T(0)
	for _, v := range s {
		m = max(m, v, -v)
	}
	return math.Abs(float64(m))
}
