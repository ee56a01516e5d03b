package kernels

import (
	"math"

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

// ForceCall makes a call of Force for bodies (rows x, y, z, gm) that attract each other,
// which writes their accelerations (rows ax, ay, az). Errors: device.ErrInvalid for
// bodies that CheckBodies refuses, and accelerations of another number.
func ForceCall[T device.Float](bodies, accelerations []T, softening T) (*device.Call, error) {
	if err := CheckBodies(bodies); err != nil {
		return nil, err
	}
	if n := len(bodies) / BodyWidth; len(accelerations) != n*AccelWidth {
		return nil, device.Invalidf("%d numbers for the accelerations of %d bodies", len(accelerations), n)
	}
	all := device.HostMat(bodies, BodyWidth)
	return &device.Call{Kernel: Force(device.TypeOf[T]()), Args: []device.HostArg{
		gravTargets:   all,
		gravSources:   all,
		gravResult:    device.HostMat(accelerations, AccelWidth),
		gravSoftening: device.HostVal(softening),
		gravHome:      device.HostVal(int32(0)),
	}}, nil
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
		Invariant: &device.Invariant{Balance: &device.Balance{ // of momentum
			Targets: gravTargets, Sources: gravSources, Result: gravResult, Weight: BodyWidth - 1,
			Paired: func(l *device.Launch) bool { return device.Scalar[int32](l, gravHome) == 0 },
			Size:   pulls[T],
		}},
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

// pulls is Σ |what each source adds| to a target's acceleration.
func pulls[T device.Float](l *device.Launch, target, sources device.Slice) float64 {
	eps, sum := float64(device.Scalar[T](l, gravSoftening)), 0.0
	at := device.As[T](target)
	for s := device.As[T](sources); len(s) >= BodyWidth; s = s[BodyWidth:] {
		dx, dy, dz := float64(s[0]-at[0]), float64(s[1]-at[1]), float64(s[2]-at[2])
		if d2 := dx*dx + dy*dy + dz*dz; d2 > 0 {
			r2 := d2 + eps*eps
			sum += float64(s[3]) * math.Sqrt(d2) / (r2 * math.Sqrt(r2))
		}
	}
	return sum
}
