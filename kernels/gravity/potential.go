package gravity

import (
	"offload/device"
	"offload/internal/ieee"
	"offload/kernels/internal/base"
	"offload/shaders"
)

var (
	potential32 = newPotential[float32]()
	potential64 = newPotential[float64]()
)

// Potential returns the kernel of the gravitational potential of softened bodies in
// precision t:
//
//	φ_i = −Σ_{j≠i} gm_j / √(|d_ij|² + ε²)
//
// Arguments are those of Force, except that the result has one number per row, in
// length²/time². A body is excluded from its own potential by its row: source i + home.
// The potential energy of one set of bodies is ½ Σ m_i φ_i. The error bound of fast
// arithmetic is that of Force.
func Potential(t device.Type) *device.Kernel { return base.Pick(t, potential32, potential64) }

// NewPotential returns a launch of Potential for all rows of targets; see NewForce.
func NewPotential[T device.Float](targets, sources, potentials device.Arg, softening T, home int) *device.Launch {
	return &device.Launch{
		Kernel: Potential(device.TypeOf[T]()),
		Args:   gravityArgs(targets, sources, potentials, softening, home),
		Rows:   device.Range{Lo: 0, Hi: targets.NumRows()},
	}
}

// potentialOps counts the operations of one pair: 3 differences, 3 fma, √, ÷,
// and the fma of the sum.
const potentialOps = 3 + 6 + 2 + 2

func newPotential[T device.Float]() *device.Kernel {
	k := &device.Kernel{
		Name:     base.Name[T]("potential"),
		Params:   gravityParams[T]("potentials"),
		Contract: potentialContract[T],
		Shader:   gravityShader[T](shaders.Potential, 1),
		Check:    checkGravity[T](1),
		Cost:     gravityCost[T](potentialOps, 1),
		Unit:     "interactions",
	}
	k.Examples = func(n int) []*device.Call { return gravityExamples[T](k, 1, n) }
	return k
}

// potentialContract is the definition of Potential. For a target i and a source
// j, with d and r² as in Force:
//
//	w = 1 / √r²              0 where r² = 0, and for the target itself
//	p = fma(gm_j, w, p)
//
// summed in the tiles, lanes and order of Force; the result is −p.
func potentialContract[T device.Float](t *device.Tile) {
	targets, sources := device.View[T](t, gravTargets), device.View[T](t, gravSources)
	out := device.View[T](t, gravResult)
	eps := device.Scalar[T](t.Launch, gravSoftening)
	home := int64(device.Scalar[int32](t.Launch, gravHome))
	eps2 := T(eps * eps)
	for i := t.Rows.Lo; i < t.Rows.Hi; i++ {
		if t.Done() {
			return
		}
		var sum carriedSum[T]
		target := targets[i*BodyWidth:][:3]
		for lo := 0; lo < len(sources); lo += SourceTile * BodyWidth {
			tile := sources[lo:min(lo+SourceTile*BodyWidth, len(sources))]
			self := int64(i) + home - int64(lo/BodyWidth)
			lanes := 1
			if self >= SourceTile {
				lanes = gravityLanes[T]()
			}
			sum.add(potentialTile(target, tile, eps2, self, lanes))
		}
		out[i] = -sum.value()
	}
}

// potentialTile sums a tile's sources in strided lanes; with one lane, source by source.
// self is the target's row relative to the tile.
func potentialTile[T device.Float](target, tile []T, eps2 T, self int64, lanes int) T {
	var p [base.MaxLanes]T
	for j := 0; j*BodyWidth < len(tile); j++ {
		s := tile[j*BodyWidth:][:BodyWidth]
		r2 := squaredDistance(s[0]-target[0], s[1]-target[1], s[2]-target[2], eps2)
		var w T
		if r2 != 0 && int64(j) != self {
			w = 1 / ieee.Sqrt(r2)
		}
		p[j&(lanes-1)] = ieee.FMA(s[3], w, p[j&(lanes-1)])
	}
	return base.JoinLanes(&p, lanes)
}
