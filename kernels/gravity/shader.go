package gravity

import (
	"offload/device"
	"offload/kernels/internal/base"
	"offload/shaders"
)

// The words of a pass of the gravity shaders: the stage, the number of home tiles
// of all targets, and the tiles of sources from the first up to the last.
const (
	gravWhole = iota // targets from all tiles to the result
	gravTiles        // sums of tiles into scratch
	gravTotal        // those added to the carried sums
)

// gravityPlan cuts gravity launches into passes for results of a width.
type gravityPlan struct {
	width   int
	targets int // as many fill a GPU
	sums    int // so do invocations that make as many sums of tiles
}

// planGravity is for the largest GPUs. Smaller ones lose nothing by it.
func planGravity(width int) *gravityPlan { return &gravityPlan{width, 1 << 17, 1 << 20} }

// cut makes one pass where the targets fill a GPU or the sources are one tile, and
// else pairs of passes over groups of tiles. Work-groups serve the targets of one
// home tile.
func (g *gravityPlan) cut(l *device.Launch, _ device.ShaderLimits, p *device.ShaderPlan) {
	p.Passes, p.Scratch = p.Passes[:0], 0
	rows, tiles := l.Rows.Len(), tilesOf(l.Args[gravSources].NumRows())
	home := int64(device.Scalar[int32](l, gravHome))
	place := int((int64(l.Rows.Lo) + home) & (SourceTile - 1))
	blocks := tilesOf(place + rows)
	if tiles < 2 || rows >= g.targets {
		p.Passes = append(p.Passes, gravityPass(blocks, gravWhole, blocks, 0, tiles))
		return
	}
	group := min(max(1, g.sums/rows), tiles)
	for first := 0; first < tiles; first += group {
		last := min(first+group, tiles)
		p.Passes = append(p.Passes,
			gravityPass(blocks*(last-first), gravTiles, blocks, first, last),
			gravityPass(base.CeilDiv(rows, shaders.GravityLocal), gravTotal, blocks, first, last))
	}
	p.Scratch = rows * g.width * (2 + group)
}

func gravityPass(groups, stage, blocks, first, last int) device.Pass {
	return device.Pass{Groups: groups, Words: [device.PassWords]int32{
		int32(stage), int32(blocks), int32(first), int32(last)}}
}

// tilesOf is the number of tiles that rows fill.
func tilesOf(rows int) int { return base.CeilDiv(rows, SourceTile) }

// gravityShader is a gravity kernel's form for GPUs. Fast arithmetic takes
// inversesqrt and sums the tiles' sources in any order. Its error is stated as a
// part of Σ_j |what source j adds|.
func gravityShader[T device.Float](source func(shaders.Precision) string, width int) *device.Shader {
	return &device.Shader{
		Source:    source(base.ShaderPrecision[T]()),
		Local:     shaders.GravityLocal,
		Scratch:   device.TypeOf[T](),
		Plan:      planGravity(width).cut,
		FastError: float64(base.PerPrecision[T](2e-5, 1e-13)),
	}
}
