package grid

import (
	"offload/device"
	"offload/kernels/internal/base"
	"offload/shaders"
)

// The words of a pass of the stencil shaders: the stage; a number; the source and the
// destination field (0 is u, 1 and 2 are in scratch); the rows to compute; and the grid
// rows that fields in scratch hold. The number is that of sweeps, and in later stages
// that of fields.
const (
	stencilFused = iota // some sweeps
	stencilLast         // the last sweep, with the residuals of segments of rows
	stencilJoin         // the residuals of rows
)

const (
	squareSide  = 64 // points of the square that a work-group sweeps
	fusedSweeps = 8  // most sweeps of a pass; each loses a point on each side
	rowsOfLast  = shaders.StencilLocal / base.MaxLanes
)

// planSquares divides a stencil launch into passes.
func planSquares(l *device.Launch, _ device.ShaderLimits, p *device.ShaderPlan) {
	in := l.Args[stencilIn]
	rows, cols, total := l.Rows, in.Width, in.NumRows()
	p.Passes = p.Passes[:0]
	left := stencilHalo(l) - 1
	fused := device.Range{Hi: left}
	passes, from := base.CeilDiv(left, fusedSweeps), 0
	var field device.Range
	for i := range passes {
		sweeps := fused.Part(i, passes).Len()
		left -= sweeps
		target, to := rows.Grow(left+1, total), i%2+1
		if i == 0 {
			field = target
		}
		inner := squareSide - 2*sweeps
		p.Passes = append(p.Passes, stencilPass(base.CeilDiv(target.Len(), inner)*base.CeilDiv(cols, inner),
			stencilFused, sweeps, from, to, target, field))
		from = to
	}
	fields, segments := min(passes, 2), base.CeilDiv(cols, residualSegment)
	p.Passes = append(p.Passes,
		stencilPass(base.CeilDiv(rows.Len(), rowsOfLast)*segments, stencilLast, fields, from, 0, rows, field),
		stencilPass(base.CeilDiv(rows.Len(), shaders.StencilLocal), stencilJoin, fields, 0, 0, rows, field))
	p.Scratch = fields*field.Len()*cols + rows.Len()*segments*ResidualWidth
}

func stencilPass(groups, stage, number, from, to int, rows, field device.Range) device.Pass {
	return device.Pass{Groups: groups, Words: [device.PassWords]int32{
		int32(stage), int32(number), int32(from), int32(to),
		int32(rows.Lo), int32(rows.Hi), int32(field.Lo), int32(field.Hi)}}
}

// stencilShader returns a stencil kernel's form for GPUs. Fast arithmetic would not be
// faster and gives the same bits.
func stencilShader[T device.Float](source func(shaders.Precision) string) *device.Shader {
	return &device.Shader{
		Source:  source(base.ShaderPrecision[T]()),
		Local:   shaders.StencilLocal,
		Scratch: device.TypeOf[T](),
		Plan:    planSquares,
	}
}
