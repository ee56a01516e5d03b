package check

import (
	"context"
	"fmt"
	"math"

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

// force checks one launch of Force at a time: when its result is read, or else
// before anything else is done with the device.
type force struct {
	info     device.Info
	waiting  bool
	launch   device.Launch
	targets  *buffer
	sources  *buffer
	result   *buffer
	turn     int          // rows that were computed again
	contract device.Slice // accelerations by the contract
}

// launched remembers l, if that is Force.
func (f *force) launched(l *device.Launch, outer []*buffer) {
	if l.Kernel != kernels.Force(device.Float32) && l.Kernel != kernels.Force(device.Float64) || !whole(l) {
		return
	}
	f.waiting = true
	f.launch = device.Launch{Kernel: l.Kernel, Rows: l.Rows, Args: append(f.launch.Args[:0], l.Args...)}
	f.targets, f.sources, f.result = outer[forceTargets], outer[forceSources], outer[forceResult]
}

// waitsFor tells whether a check waits for the content of b.
func (f *force) waitsFor(b *buffer) bool { return f.waiting && f.result == b }

// settle does the check that waits, if any. If the result is not there to be read,
// the program gets to know that from the device.
func (f *force) settle(ctx context.Context) error {
	if !f.waiting {
		return nil
	}
	data := device.MakeSlice(f.result.Type(), f.result.Len())
	if err := f.result.Buffer.Read(ctx, 0, data); err != nil {
		f.waiting = false
		return nil
	}
	return f.check(ctx, data)
}

// check checks the result in data. If that is only a part, it reads all.
func (f *force) check(ctx context.Context, data device.Slice) error {
	if data.Len() != f.result.Len() {
		return f.settle(ctx)
	}
	f.waiting = false
	sources, err := f.sources.content(ctx)
	if err != nil {
		return err
	}
	targets := sources
	if f.targets != f.sources {
		if targets, err = f.targets.content(ctx); err != nil {
			return err
		}
	}
	if data.Type() == device.Float32 {
		return checkForce[float32](f, targets, sources, data)
	}
	return checkForce[float64](f, targets, sources, data)
}

func checkForce[T device.Float](f *force, targets, sources, data device.Slice) error {
	if f.targets == f.sources && device.Scalar[int32](&f.launch, forceHome) == 0 {
		if err := momentum(f, device.As[T](sources), device.As[T](data)); err != nil {
			return err
		}
	}
	return again(f, device.As[T](targets), device.As[T](sources), device.As[T](data))
}

// momentum checks that what the bodies do to each other adds up to nothing.
func momentum[T device.Float](f *force, bodies, acc []T) error {
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

func (f *force) inexact() bool { return !f.info.IsExact(f.launch.Kernel.Name) }

// again computes one row, the next in turn, by the contract on the host.
func again[T device.Float](f *force, targets, sources, acc []T) error {
	row := f.turn % f.launch.Rows.Len()
	f.turn++
	if f.contract.Type() != device.TypeOf[T]() || f.contract.Len() != len(acc) {
		f.contract = device.MakeSlice(device.TypeOf[T](), len(acc))
	}
	want := device.As[T](f.contract)
	call := device.Call{
		Kernel: f.launch.Kernel, Rows: device.Range{Lo: row, Hi: row + 1},
		Args: []device.HostArg{
			device.HostMat(targets, kernels.BodyWidth), device.HostMat(sources, kernels.BodyWidth),
			device.HostMat(want, kernels.AccelWidth), {Value: f.launch.Args[forceSoftening]}, {Value: f.launch.Args[forceHome]},
		},
	}
	if err := call.Contract(); err != nil {
		return err
	}
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
