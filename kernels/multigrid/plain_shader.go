package multigrid

import (
	"offload/device"
	"offload/kernels/internal/base"
	"offload/shaders"
)

// The stages of the shaders of Start, Cycle and Finish, the first word of a pass. The
// second one is the number of tiles beside each other.
const (
	shaderTiles = iota // tiles, with the norms of each
	shaderJoin         // the norms of rows
)

// plainShader returns the form for GPUs of a kernel of so many half-sweeps. Outputs has,
// for each matrix that it writes, the columns of the grid for an element of one of its
// two parts.
func plainShader[T device.Float](source func(shaders.Precision, int) string, halves int, outputs map[int]int) *device.Shader {
	tileRows, tileCols := shaders.RedBlackTile(halves)
	return &device.Shader{
		Source:  source(base.ShaderPrecision[T](), halves),
		Local:   shaders.RedBlackLocal,
		Scratch: device.TypeOf[T](),
		Plan: func(l *device.Launch, _ device.ShaderLimits, p *device.ShaderPlan) {
			cols := 0 // with padding
			for i, step := range outputs {
				cols = max(cols, l.Args[i].Width/2*step)
			}
			rows, columns := l.Rows.Len(), base.CeilDiv(cols, tileCols)
			p.Passes = append(p.Passes[:0], device.Pass{
				Groups: base.CeilDiv(2*rows, tileRows) * columns,
				Words:  [device.PassWords]int32{shaderTiles, int32(columns)},
			})
			if columns > 1 {
				p.Passes = append(p.Passes, device.Pass{
					Groups: base.CeilDiv(rows, shaders.RedBlackLocal),
					Words:  [device.PassWords]int32{shaderJoin, int32(columns)},
				})
				p.Scratch = NormsWidth * rows * columns
			}
		},
	}
}
