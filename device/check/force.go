package check

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync/atomic"

	"offload/device"
	"offload/kernels"
)

// momentumRoundings is how many roundings of Σ gm·|a| the sum of all gm·a may be
// off: an acceleration is the sum of pulls that may be larger than itself.
const momentumRoundings = 1024

// Arguments of Force, in binding order.
const (
	forceTargets = iota
	forceSources
	forceResult
	forceSoftening
	forceHome
)

// attraction is a launch of Force that is to be checked: when its result is read or
// waited for, or else before any of its buffers is written again.
type attraction struct {
	by      *checksum
	launch  device.Launch
	one     bool         // the targets are the sources
	targets device.Slice // the host's copies; empty: the device alone has them
	sources device.Slice

	turn turn // of whoever checks it
	done atomic.Bool
	err  error // what was found, once done
}

// attracted remembers l, if that is Force.
func (c *checksum) attracted(l *call) {
	if l.Kernel != kernels.Force(device.Float32) && l.Kernel != kernels.Force(device.Float64) || !whole(&l.Launch) {
		return
	}
	targets, sources, result := l.outer[forceTargets], l.outer[forceSources], l.outer[forceResult]
	f := &attraction{by: c, one: targets == sources, targets: targets.host, sources: sources.host, turn: newTurn()}
	f.launch = device.Launch{Kernel: l.Kernel, Rows: l.Rows, Args: append([]device.Arg(nil), l.Args...)}
	result.result = f
	targets.remember(f)
	if !f.one {
		sources.remember(f)
	}
}

// remember has b's writers check f, and forgets what is checked.
func (b *buffer) remember(f *attraction) {
	b.inputs = slices.DeleteFunc(b.inputs, func(f *attraction) bool { return f.done.Load() })
	b.inputs = append(b.inputs, f)
}

// settleResult does the check that the content of b waits for, if any. Data are all of
// b if they are there already, else empty.
func (b *buffer) settleResult(ctx context.Context, data device.Slice) error {
	f := b.result
	if f == nil {
		return nil
	}
	err := f.settle(ctx, data)
	if f.done.Load() {
		b.result = nil
	}
	return err
}

// settleInputs does the checks that need what b holds. What they find is told to those
// who use the results; an error is that of the context.
func (b *buffer) settleInputs(ctx context.Context) error {
	for _, f := range b.inputs {
		if err := f.settle(ctx, device.Slice{}); !f.done.Load() {
			return err
		}
	}
	b.inputs = nil
	return nil
}

// settle checks f once, unless the context ends first. If the data are not there to be
// read, the program gets to know that from the device.
func (f *attraction) settle(ctx context.Context, data device.Slice) error {
	if err := f.turn.enter(ctx); err != nil {
		return err
	}
	defer f.turn.leave()
	if f.done.Load() {
		return f.err
	}
	for _, s := range []struct {
		arg  int
		data *device.Slice
	}{{forceResult, &data}, {forceTargets, &f.targets}, {forceSources, &f.sources}} {
		if s.data.Len() > 0 || s.arg == forceSources && f.one {
			continue
		}
		b := f.launch.Args[s.arg].Buffer
		*s.data = device.MakeSlice(b.Type(), b.Len())
		if err := b.Read(ctx, 0, *s.data); err != nil {
			*s.data = device.Slice{}
			f.done.Store(ctx.Err() == nil)
			return ctx.Err()
		}
	}
	if f.one {
		f.sources = f.targets
	}
	if data.Type() == device.Float32 {
		f.err = checkForce[float32](f, data)
	} else {
		f.err = checkForce[float64](f, data)
	}
	f.done.Store(true)
	f.targets, f.sources = device.Slice{}, device.Slice{}
	return f.err
}

func checkForce[T device.Float](f *attraction, data device.Slice) error {
	targets, sources, acc := device.As[T](f.targets), device.As[T](f.sources), device.As[T](data)
	if f.one && device.Scalar[int32](&f.launch, forceHome) == 0 {
		if err := momentum(f, sources, acc); err != nil {
			return err
		}
	}
	return again(f, targets, sources, acc)
}

// momentum checks that what the bodies do to each other adds up to nothing.
func momentum[T device.Float](f *attraction, bodies, acc []T) error {
	tolerance := momentumRoundings * unit[T]()
	if f.inexact() {
		tolerance += 4 * f.launch.Kernel.Shader.FastError
	}
	var sum, size [3]float64
	for i := range len(bodies) / kernels.BodyWidth {
		gm := float64(bodies[i*kernels.BodyWidth+3])
		for k, a := range acc[i*kernels.AccelWidth:][:kernels.AccelWidth] {
			sum[k] += gm * float64(a)
			size[k] += math.Abs(gm * float64(a))
		}
	}
	all := size[0] + size[1] + size[2]
	for k := range sum {
		if !(math.Abs(sum[k]) <= tolerance*all) {
			return fmt.Errorf("%w: kernel %s: the %c components of gm·a add up to %.3g, rounding explains %.3g",
				ErrChecksum, f.launch.Kernel.Name, "xyz"[k], sum[k], tolerance*all)
		}
	}
	return nil
}

func (f *attraction) inexact() bool { return !f.by.info.IsExact(f.launch.Kernel.Name) }

// again computes one row, the next in turn, by the contract on the host.
func again[T device.Float](f *attraction, targets, sources, acc []T) error {
	row := int((f.by.row.Add(1) - 1) % int64(f.launch.Rows.Len()))
	want := make([]T, len(acc))
	b := device.Binding{Launch: &f.launch, Ctx: context.Background()}
	b.Views[forceTargets], b.Views[forceSources], b.Views[forceResult] = device.Of(targets), device.Of(sources), device.Of(want)
	var tile device.Tile
	b.Tile(&tile, device.Range{Lo: row, Hi: row + 1}, 0, nil)
	f.launch.Kernel.Contract(&tile)
	allowed := 0.0
	if f.inexact() {
		eps := float64(device.Scalar[T](&f.launch, forceSoftening))
		allowed = f.launch.Kernel.Shader.FastError * pulls(targets[row*kernels.BodyWidth:][:3], sources, eps)
	}
	for k := row * kernels.AccelWidth; k < (row+1)*kernels.AccelWidth; k++ {
		got, exact := float64(acc[k]), float64(want[k])
		if math.Float64bits(got) != math.Float64bits(exact) && !(math.Abs(got-exact) <= allowed && allowed > 0) {
			return fmt.Errorf("%w: kernel %s: accelerations[%d] is %g, the contract says %g",
				ErrChecksum, f.launch.Kernel.Name, k, got, exact)
		}
	}
	return nil
}

// pulls is Σ |what each source adds| to a target's acceleration.
func pulls[T device.Float](target, sources []T, eps float64) float64 {
	sum := 0.0
	for ; len(sources) >= kernels.BodyWidth; sources = sources[kernels.BodyWidth:] {
		dx, dy, dz := float64(sources[0]-target[0]), float64(sources[1]-target[1]), float64(sources[2]-target[2])
		if d2 := dx*dx + dy*dy + dz*dz; d2 > 0 {
			r2 := d2 + eps*eps
			sum += float64(sources[3]) * math.Sqrt(d2) / (r2 * math.Sqrt(r2))
		}
	}
	return sum
}
