package multigrid

import (
	"offload/device"
	"offload/kernels/internal/base"
	"offload/shaders"
)

// plainShader returns the form for GPUs of a kernel of so many half-sweeps: a pass for
// tiles, and one that joins the norms of those beside each other. Outputs has,
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
			words := [device.PassWords]int32{int32(columns)}
			p.Passes = append(p.Passes[:0], device.Pass{Groups: base.CeilDiv(2*rows, tileRows) * columns, Words: words})
			if columns > 1 {
				p.Passes = append(p.Passes, device.Pass{Groups: base.CeilDiv(rows, shaders.RedBlackLocal), Words: words})
				p.Scratch = NormsWidth * rows * columns
			}
		},
	}
}
