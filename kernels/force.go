package kernels

import (
	"offload/device"
	"offload/shaders"
)

var (
	force32 = newForce[float32]()
	force64 = newForce[float64]()
)

// Force is softened Newtonian gravity in precision t:
//
//	a_i = Σ_j gm_j·d_ij / (|d_ij|² + ε²)^{3/2},  d_ij = x_j − x_i
//
// Targets are rows (x, y, z, gm) of which gm is not used, sources rows (x, y, z,
// gm), accelerations rows (ax, ay, az). Coincident points attract each other
// with no force, also for ε = 0, and so does a body itself. The unit of length
// and time is the caller's; gm has length³/time². With fast arithmetic a row is off
// by at most Shader.FastError times Σ_j |what source j adds|.
func Force(t device.Type) *device.Kernel { return pick(t, force32, force64) }

// NewForce makes a launch of Force for all rows of targets. Home is the row of
// the sources at which row 0 of the targets stands: 0 where they are the same
// set, Unrelated where they share no body. It is part of the order of summation.
// A slice of the sources gives the partial sum over those.
func NewForce[T device.Float](targets, sources, accelerations device.Arg, softening T, home int) *device.Launch {
	return &device.Launch{
		Kernel: Force(device.TypeOf[T]()),
		Args:   gravityArgs(targets, sources, accelerations, softening, home),
		Rows:   device.Range{Lo: 0, Hi: targets.NumRows()},
	}
}

// forceOps counts the operations of one pair: 3 differences, 3 fma of the
// square, √, ·, ÷, gm·w, and 3 fma of the sum, an fma counting as two.
const forceOps = 3 + 6 + 4 + 6

func newForce[T device.Float]() *device.Kernel {
	k := &device.Kernel{
		Name:     name[T]("force"),
		Params:   gravityParams[T]("accelerations"),
		Contract: forceContract[T],
		Host:     forceHost[T](),
		Shader:   gravityShader[T](shaders.Force, AccelWidth),
		Check:    checkGravity[T](AccelWidth),
		Cost:     gravityCost[T](forceOps, AccelWidth),
		Unit:     "interactions",
	}
	k.Examples = func(n int) []*device.Call { return gravityExamples[T](k, AccelWidth, n) }
	return k
}

func gravityCost[T device.Float](ops float64, resultWidth int) func(l *device.Launch) device.Cost {
	size := float64(device.TypeOf[T]().Size())
	return func(l *device.Launch) device.Cost {
		p := pairCount(l)
		rows := float64(l.Rows.Len()) * float64(BodyWidth+resultWidth)
		return device.Cost{Items: p, Ops: p * ops, Bytes: size * (rows + float64(l.Args[gravSources].Len))}
	}
}
