package gravity

import (
	"math"
	"offload/device"
	"offload/internal/ieee"
	"offload/kernels/internal/base"
	"offload/shaders"
)

var (
	force32 = newForce[float32]()
	force64 = newForce[float64]()
)

// Force returns the kernel of softened Newtonian gravity in precision t:
//
//	a_i = Σ_j gm_j·d_ij / (|d_ij|² + ε²)^{3/2},  d_ij = x_j − x_i
//
// Targets are rows (x, y, z, gm), whose gm is not used, sources rows (x, y, z, gm),
// accelerations rows (ax, ay, az). The force between coincident points is 0, also for ε =
// 0, as is that of a body on itself. Units of length and time are the caller's; gm is in
// length³/time². The error of a row in fast arithmetic is at most Shader.FastError times
// Σ_j |contribution of source j|.
func Force(t device.Type) *device.Kernel { return base.Pick(t, force32, force64) }

// NewForce returns a launch of Force for all rows of targets. home is the row of the
// sources that is row 0 of the targets: 0 if both are the same set, Unrelated if they
// share no body. The order of summation depends on it. A slice of the sources gives the
// partial sum over the slice.
func NewForce[T device.Float](targets, sources, accelerations device.Arg, softening T, home int) *device.Launch {
	return &device.Launch{
		Kernel: Force(device.TypeOf[T]()),
		Args:   gravityArgs(targets, sources, accelerations, softening, home),
		Rows:   device.Range{Lo: 0, Hi: targets.NumRows()},
	}
}

// ForceCall returns a call of Force for bodies (rows x, y, z, gm) that attract each
// other; it writes their accelerations (rows ax, ay, az). Errors: device.ErrInvalid for
// bodies that CheckBodies refuses, or another number of accelerations than of bodies.
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
		Name:     base.Name[T]("force"),
		Params:   gravityParams[T]("accelerations"),
		Contract: forceContract[T],
		Host:     forceHost[T](),
		Shader:   gravityShader[T](shaders.Force, AccelWidth),
		Check:    checkGravity[T](AccelWidth),
		Cost:     gravityCost[T](forceOps, AccelWidth),
		Unit:     "interactions",
		Invariant: &device.Invariant{Balance: &device.Balance{ // conservation of momentum
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

// pulls returns the sum of the magnitudes of the sources' contributions to a target's
// acceleration.
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

// forceContract is the definition of Force. For a target i and a source j:
//
//	d  = x_j − x_i                                    each component rounded
//	r² = fma(dx, dx, fma(dy, dy, fma(dz, dz, ε²)))
//	w  = 1 / (r²·√r²)                                 0 where r² = 0
//	a  = fma(gm_j·w, d, a)                            each component
//
// Sources are summed in tiles of SourceTile rows; a tile's partial sum starts at zero.
// The home tile of a target is the tile that contains it. A tile at or after it is summed
// source by source. A tile before it is summed in strided lanes, 8 for float32 and 4 for
// float64, source j in lane j mod lanes, which are joined by halves: lane l takes lane l
// + lanes/2, and so on. The partial sums are added in order of the tiles with the
// rounding error carried along, so that the error does not grow with the number of tiles.
//
// The asymmetry allows one evaluation for both bodies of a pair: with vectors of targets
// against one source at a time, the targets of the earlier tile meet the sources one by
// one, and the source's own sum is spread over the lanes of the targets.
func forceContract[T device.Float](t *device.Tile) {
	targets, sources := device.View[T](t, gravTargets), device.View[T](t, gravSources)
	acc := device.View[T](t, gravResult)
	eps := device.Scalar[T](t.Launch, gravSoftening)
	home := int64(device.Scalar[int32](t.Launch, gravHome))
	eps2 := T(eps * eps)
	for i := t.Rows.Lo; i < t.Rows.Hi; i++ {
		if t.Done() {
			return
		}
		var sum vectorSum[T]
		target := targets[i*BodyWidth:][:3]
		for lo := 0; lo < len(sources); lo += SourceTile * BodyWidth {
			tile := sources[lo:min(lo+SourceTile*BodyWidth, len(sources))]
			if int64(lo/BodyWidth+SourceTile) <= int64(i)+home {
				sum.add(forceLanes(target, tile, eps2))
			} else {
				sum.add(forceOrdered(target, tile, eps2))
			}
		}
		sum.store(acc[i*AccelWidth:])
	}
}

// forceOrdered sums the tile's sources one by one.
func forceOrdered[T device.Float](target, tile []T, eps2 T) (ax, ay, az T) {
	x, y, z := target[0], target[1], target[2]
	for ; len(tile) >= BodyWidth; tile = tile[BodyWidth:] {
		dx, dy, dz := tile[0]-x, tile[1]-y, tile[2]-z
		s := T(tile[3] * inverseCube(dx, dy, dz, eps2))
		ax, ay, az = ieee.FMA(s, dx, ax), ieee.FMA(s, dy, ay), ieee.FMA(s, dz, az)
	}
	return ax, ay, az
}

// forceLanes sums the tile's sources in strided lanes.
func forceLanes[T device.Float](target, tile []T, eps2 T) (ax, ay, az T) {
	var lx, ly, lz [base.MaxLanes]T
	x, y, z := target[0], target[1], target[2]
	mask := gravityLanes[T]() - 1
	for j := 0; len(tile) >= BodyWidth; j, tile = (j+1)&mask, tile[BodyWidth:] {
		dx, dy, dz := tile[0]-x, tile[1]-y, tile[2]-z
		s := T(tile[3] * inverseCube(dx, dy, dz, eps2))
		lx[j], ly[j], lz[j] = ieee.FMA(s, dx, lx[j]), ieee.FMA(s, dy, ly[j]), ieee.FMA(s, dz, lz[j])
	}
	return base.JoinLanes(&lx, mask+1), base.JoinLanes(&ly, mask+1), base.JoinLanes(&lz, mask+1)
}

// inverseCube returns w = 1/(r²·√r²), or 0 if r² = 0.
func inverseCube[T device.Float](dx, dy, dz, eps2 T) T {
	r2 := squaredDistance(dx, dy, dz, eps2)
	if r2 == 0 {
		return 0
	}
	return 1 / T(r2*ieee.Sqrt(r2))
}

func squaredDistance[T device.Float](dx, dy, dz, eps2 T) T {
	return ieee.FMA(dx, dx, ieee.FMA(dy, dy, ieee.FMA(dz, dz, eps2)))
}
