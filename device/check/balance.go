package check

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync/atomic"

	"offload/device"
)

// balanceRoundings is the tolerance of the sum of all weight·result, in roundings of Σ
// weight·|result|: a result is a sum of terms that may be larger than itself.
const balanceRoundings = 1024

// balance is a launch of a kernel with a Balance, to be checked when its result is read
// or waited for, or else before any of its buffers is written again.
type balance struct {
	*device.Balance
	by      *checksum
	launch  device.Launch
	one     bool         // the targets are the sources
	targets device.Slice // the host's copies; empty if only the device has them
	sources device.Slice

	turn turn // of the checking goroutine
	done atomic.Bool
	err  error // the result, once done
}

// balanced records l for a check if its kernel has a Balance.
func (c *checksum) balanced(l *call) {
	if l.Kernel.Invariant == nil || l.Kernel.Invariant.Balance == nil || !whole(&l.Launch) {
		return
	}
	i := l.Kernel.Invariant.Balance
	targets, sources, result := l.outer[i.Targets], l.outer[i.Sources], l.outer[i.Result]
	f := &balance{Balance: i, by: c, one: targets == sources, targets: targets.host, sources: sources.host, turn: newTurn()}
	f.launch = device.Launch{Kernel: l.Kernel, Rows: l.Rows, Args: append([]device.Arg(nil), l.Args...)}
	result.result = f
	targets.remember(f)
	if !f.one {
		sources.remember(f)
	}
}

// remember makes writes to b check f first, and drops checked balances.
func (b *buffer) remember(f *balance) {
	b.inputs = slices.DeleteFunc(b.inputs, func(f *balance) bool { return f.done.Load() })
	b.inputs = append(b.inputs, f)
}

// settleResult performs the pending check of b's content, if any. data is the content of
// b if it was read already, else empty.
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

// settleInputs performs the checks that need the content of b. Their errors are reported
// with the results; the error returned is the context's.
func (b *buffer) settleInputs(ctx context.Context) error {
	for _, f := range b.inputs {
		if err := f.settle(ctx, device.Slice{}); !f.done.Load() {
			return err
		}
	}
	b.inputs = nil
	return nil
}

// settle checks f once, unless the context ends first. If the data cannot be read, f
// counts as checked, because the device itself reports that error.
func (f *balance) settle(ctx context.Context, data device.Slice) error {
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
	}{{f.Result, &data}, {f.Targets, &f.targets}, {f.Sources, &f.sources}} {
		if s.data.Len() > 0 || s.arg == f.Sources && f.one {
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
		f.err = checkBalance[float32](f, data)
	} else {
		f.err = checkBalance[float64](f, data)
	}
	f.done.Store(true)
	f.targets, f.sources = device.Slice{}, device.Slice{}
	return f.err
}

func checkBalance[T device.Float](f *balance, data device.Slice) error {
	result := device.As[T](data)
	if f.one && f.Paired(&f.launch) {
		if err := addsUp(f, device.As[T](f.targets), result); err != nil {
			return err
		}
	}
	return again(f, result)
}

// addsUp checks that the weighted results add up to 0.
func addsUp[T device.Float](f *balance, targets, result []T) error {
	tolerance := balanceRoundings * unitOf(device.TypeOf[T]())
	if f.inexact() {
		tolerance += 4 * f.launch.Kernel.Shader.FastError
	}
	width, cols := f.launch.Args[f.Targets].Width, f.launch.Args[f.Result].Width
	sums, size := make([]float64, cols), 0.0
	for i := range len(targets) / width {
		weight := float64(targets[i*width+f.Weight])
		for k, v := range result[i*cols:][:cols] {
			sums[k] += weight * float64(v)
			size += math.Abs(weight * float64(v))
		}
	}
	for k, sum := range sums {
		if !(math.Abs(sum) <= tolerance*size) {
			return fmt.Errorf("%w: kernel %s: column %d of %s, weighted, adds up to %.3g, rounding explains %.3g",
				ErrChecksum, f.launch.Kernel.Name, k, f.launch.Kernel.Params[f.Result].Name, sum, tolerance*size)
		}
	}
	return nil
}

func (f *balance) inexact() bool { return !f.by.info.IsExact(f.launch.Kernel.Name) }

// again computes one row, the next in turn, with the contract on the host and compares
// it.
func again[T device.Float](f *balance, result []T) error {
	row := int((f.by.row.Add(1) - 1) % int64(f.launch.Rows.Len()))
	want := make([]T, len(result))
	b := device.Binding{Launch: &f.launch, Ctx: context.Background()}
	b.Views[f.Targets], b.Views[f.Sources], b.Views[f.Result] = f.targets, f.sources, device.Of(want)
	var tile device.Tile
	b.Tile(&tile, device.Range{Lo: row, Hi: row + 1}, 0, nil)
	f.launch.Kernel.Contract(&tile)
	allowed := 0.0
	if f.inexact() {
		width := f.launch.Args[f.Targets].Width
		allowed = f.launch.Kernel.Shader.FastError * f.Size(&f.launch, f.targets.Sub(row*width, (row+1)*width), f.sources)
	}
	cols := f.launch.Args[f.Result].Width
	for k := row * cols; k < (row+1)*cols; k++ {
		got, exact := float64(result[k]), float64(want[k])
		if math.Float64bits(got) != math.Float64bits(exact) && !(math.Abs(got-exact) <= allowed && allowed > 0) {
			return fmt.Errorf("%w: kernel %s: %s[%d] is %g, the contract says %g",
				ErrChecksum, f.launch.Kernel.Name, f.launch.Kernel.Params[f.Result].Name, k, got, exact)
		}
	}
	return nil
}
