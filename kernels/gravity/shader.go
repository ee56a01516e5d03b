package gravity

import (
	"offload/device"
	"offload/kernels/internal/base"
	"offload/shaders"
)

// The words of a pass of the gravity shaders: the stage, the number of home tiles of all
// targets, and the range of source tiles, first and last + 1.
const (
	gravWhole = iota // targets from all tiles to the result
	gravTiles        // sums of tiles into scratch
	gravTotal        // sums in scratch added to the carried sums
)

// gravityPlan divides gravity launches into passes, for results of the given width.
type gravityPlan struct {
	width   int
	targets int // number of targets that fills a GPU
	sums    int // number of sums of tiles that fills a GPU
}

// planGravity returns a plan for the largest GPUs, which costs smaller ones nothing.
func planGravity(width int) *gravityPlan { return &gravityPlan{width, 1 << 17, 1 << 20} }

// cut plans one pass if the targets fill a GPU or the sources are one tile, and else
// pairs of passes over groups of tiles. A work-group computes targets of one home tile.
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

// tilesOf returns the number of tiles of rows rows.
func tilesOf(rows int) int { return base.CeilDiv(rows, SourceTile) }

// gravityShader returns a gravity kernel's form for GPUs. Fast arithmetic uses
// inversesqrt and sums the tiles' sources in any order. Its error is relative to Σ_j
// |contribution of source j|.
func gravityShader[T device.Float](source func(shaders.Precision) string, width int) *device.Shader {
	return &device.Shader{
		Source:    source(base.ShaderPrecision[T]()),
		Local:     shaders.GravityLocal,
		Scratch:   device.TypeOf[T](),
		Plan:      planGravity(width).cut,
		FastError: float64(base.PerPrecision[T](2e-5, 1e-13)),
	}
}
