package multigrid

import (
	"offload/device"
	"offload/internal/contract"
	"offload/kernels/internal/base"
	"offload/shaders"
)

// rowsShader returns the form for GPUs of a kernel with so many results for each row of
// parameter grid: a pass for segments of rows, and one that joins those of a row.
func rowsShader[T device.Float](source func(shaders.Precision) string, grid, results int) *device.Shader {
	return &device.Shader{
		Source:  source(base.ShaderPrecision[T]()),
		Local:   shaders.NetworkLocal,
		Scratch: device.TypeOf[T](),
		Plan: func(l *device.Launch, _ device.ShaderLimits, p *device.ShaderPlan) {
			rows, segments := l.Rows.Len(), base.CeilDiv(l.Args[grid].Width, contract.ResidualSegment)
			p.Passes = append(p.Passes[:0], device.Pass{Groups: base.CeilDiv(rows, shaders.RowLines) * segments})
			if segments > 1 {
				p.Passes = append(p.Passes, device.Pass{Groups: base.CeilDiv(rows, shaders.NetworkLocal)})
				p.Scratch = rows * segments * results
			}
		},
	}
}

// tilesShader returns the form for GPUs of Smooth.
func tilesShader() *device.Shader {
	return &device.Shader{
		Source: shaders.Smooth(),
		Local:  shaders.NetworkLocal,
		Groups: func(l *device.Launch) int {
			return base.CeilDiv(l.Rows.Len(), shaders.SmoothHigh) * base.CeilDiv(l.Args[smoothU].Width, shaders.SmoothWide)
		},
	}
}

// pointsShader returns the form for GPUs of a kernel with one invocation for each element
// of the rows of parameter output.
func pointsShader(source string, output int) *device.Shader {
	return &device.Shader{
		Source: source,
		Local:  shaders.NetworkLocal,
		Groups: func(l *device.Launch) int {
			return base.CeilDiv(l.Rows.Len()*l.Args[output].Width, shaders.NetworkLocal)
		},
	}
}

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
