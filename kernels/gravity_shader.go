package kernels

import (
	"offload/device"
	"offload/shaders"
)

// The words of a pass of the gravity shaders: the stage, the number of home tiles
// of all targets, and the tiles of sources from the first up to the last.
const (
	gravWhole = iota // targets from all tiles to the result
	gravTiles        // sums of tiles into scratch
	gravTotal        // those added to the carried sums
)

// Sums of tiles are made by as many invocations as fill a large GPU, which half
// as many targets as that do by themselves.
const (
	fillingSums    = 1 << 20
	fillingTargets = 1 << 17
)

// planGravity cuts a gravity launch into passes for results of that width: one
// where the targets fill a GPU or the sources are one tile, else pairs of passes
// over groups of tiles. Work-groups serve the targets of one home tile.
func planGravity(width int) func(*device.Launch, device.ShaderLimits, *device.ShaderPlan) {
	return func(l *device.Launch, _ device.ShaderLimits, p *device.ShaderPlan) {
		p.Passes, p.Scratch = p.Passes[:0], 0
		rows, tiles := l.Rows.Len(), tilesOf(l.Args[gravSources].NumRows())
		home := int64(device.Scalar[int32](l, gravHome))
		place := int((int64(l.Rows.Lo) + home) & (SourceTile - 1))
		blocks := tilesOf(place + rows)
		if tiles < 2 || rows >= fillingTargets {
			p.Passes = append(p.Passes, gravityPass(blocks, gravWhole, blocks, 0, tiles))
			return
		}
		group := min(max(1, fillingSums/rows), tiles)
		for first := 0; first < tiles; first += group {
			last := min(first+group, tiles)
			p.Passes = append(p.Passes,
				gravityPass(blocks*(last-first), gravTiles, blocks, first, last),
				gravityPass(ceilDiv(rows, shaders.GravityLocal), gravTotal, blocks, first, last))
		}
		p.Scratch = rows * width * (2 + group)
	}
}

func gravityPass(groups, stage, blocks, first, last int) device.Pass {
	return device.Pass{Groups: groups, Words: [device.PassWords]int32{
		int32(stage), int32(blocks), int32(first), int32(last)}}
}

// tilesOf is the number of tiles that rows fill.
func tilesOf(rows int) int { return ceilDiv(rows, SourceTile) }

func ceilDiv(n, d int) int { return (n + d - 1) / d }

// gravityShader is a gravity kernel's form for GPUs. Fast arithmetic takes
// inversesqrt and sums the tiles' sources in any order. Its error is stated as a
// part of Σ_j |what source j adds|.
func gravityShader[T device.Float](source func(shaders.Precision) string, width int) *device.Shader {
	return &device.Shader{
		Source:    source(shaderPrecision[T]()),
		Local:     shaders.GravityLocal,
		Scratch:   device.TypeOf[T](),
		Plan:      planGravity(width),
		FastError: float64(perPrecision[T](2e-5, 1e-13)),
	}
}

func shaderPrecision[T device.Float]() shaders.Precision {
	if device.TypeOf[T]() == device.Float32 {
		return shaders.Single
	}
	return shaders.Double
}
