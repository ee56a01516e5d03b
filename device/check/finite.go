package check

import (
	"context"
	"math"
	"sync/atomic"

	"offload/device"
)

// Finite returns d with every result of a launch read back and checked. Errors of Launch,
// and of later reads of and waits for its outputs, may be a *NotFinite.
func Finite(d device.Device) device.Device { return wrap(d, &finite{dev: d}) }

// finite looks for NaNs and Infs.
type finite struct {
	passive
	dev      device.Device
	launches atomic.Int64
}

func (f *finite) launched(ctx context.Context, c *call) error {
	s := scan{dev: f.dev, call: c, number: int(f.launches.Add(1))}
	found, err := s.outputs(ctx)
	if found == nil || err != nil {
		return err
	}
	if input, err := s.inputs(ctx); input != nil || err != nil {
		if input != nil {
			return input
		}
		return err
	}
	return s.pinpoint(ctx, found)
}

// scan checks the arguments of one launch.
type scan struct {
	*call
	dev    device.Device
	number int // of the launch
}

// outputs checks the elements that the launch wrote.
func (s *scan) outputs(ctx context.Context) (*NotFinite, error) {
	for i := range s.Args {
		if found, err := s.argument(ctx, i, s.WriteRange(i)); found != nil || err != nil {
			return found, err
		}
	}
	return nil, nil
}

// inputs checks the elements that the launch read and did not change.
func (s *scan) inputs(ctx context.Context) (*NotFinite, error) {
	for i, p := range s.Kernel.Params {
		if p.Access.Writes() {
			continue
		}
		if found, err := s.argument(ctx, i, s.ReadRange(i)); found != nil || err != nil {
			if found != nil {
				found.Input = true
			}
			return found, err
		}
	}
	return nil, nil
}

// argument checks elements r of the buffer of argument i.
func (s *scan) argument(ctx context.Context, i int, r device.Range) (*NotFinite, error) {
	a, p := &s.Args[i], &s.Kernel.Params[i]
	if r.Len() <= 0 || p.Type != device.Float32 && p.Type != device.Float64 {
		return nil, nil
	}
	data := s.outer[i].room(r.Len())
	if err := a.Buffer.Read(ctx, r.Lo, data); err != nil {
		return nil, err
	}
	at, value := firstNotFinite(data)
	if at < 0 {
		return nil, nil
	}
	index := r.Lo - a.Offset + at
	return &NotFinite{
		Kernel: s.Kernel.Name, Launch: s.number, Param: p.Name,
		Index: index, Row: index / a.Width, Column: index % a.Width, Value: value,
	}, nil
}

func firstNotFinite(s device.Slice) (int, float64) {
	if s.Type() == device.Float32 {
		return first(device.As[float32](s))
	}
	return first(device.As[float64](s))
}

// first returns the index and the value of the first NaN or Inf, or -1.
func first[T device.Float](s []T) (int, float64) {
	for i, v := range s {
		if v-v != 0 {
			return i, float64(v)
		}
	}
	return -1, 0
}

// pinpoint repeats the launch with fewer sweeps, to find the first sweep after which
// there is a NaN or Inf. The outputs then hold the last repeat, which does not matter,
// because they are marked as wrong. If a repeat is finite, the fault was transient.
func (s *scan) pinpoint(ctx context.Context, found *NotFinite) error {
	for _, p := range s.Kernel.Params {
		if p.Access == device.UpdateRows {
			return found // its input was overwritten
		}
	}
	sweeps, n := device.SweepsOf(s.Kernel), 1
	if sweeps >= 0 {
		n = int(device.Scalar[int32](&s.Launch, sweeps))
	}
	repeat := func(k int) (*NotFinite, error) {
		if sweeps >= 0 {
			s.Args[sweeps] = device.Val(int32(k))
		}
		if err := s.dev.Launch(ctx, &s.Launch); err != nil {
			return nil, err
		}
		return s.outputs(ctx)
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

// largest returns the largest magnitude of a slice.
func largest[T device.Float](s []T) float64 {
	m := T(0)
	for _, v := range s {
		m = max(m, v, -v)
	}
	return math.Abs(float64(m))
}
