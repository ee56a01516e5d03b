package grid

import (
	"fmt"
	"math/rand/v2"
	"offload/device"
	"offload/kernels/internal/base"
)

// stencilExamples returns calls on grids of about n × n points: square and oblong, with
// one sweep, two, a few and many, of all rows and of a range, from a cold plate with a
// hot edge and from a rough field. Each pair (cx[i], cy[i]) occurs.
func stencilExamples[T device.Float](k *device.Kernel, n int, cx, cy []T) []*device.Call {
	shapes := []struct {
		rows, cols, sweeps int
		part               bool
	}{
		{n, n, 1, false}, {n, n + 3, 2, false}, {n + 5, n, 3, true}, {n, 2*n + 1, 16, true}, {n/2 + 1, n, 33, false},
	}
	var calls []*device.Call
	for i, s := range shapes {
		if s.cols == 0 {
			s.rows = 0
		}
		rows := device.Range{Lo: 0, Hi: s.rows}
		if s.part {
			rows = device.Range{Lo: s.rows / 3, Hi: s.rows - s.rows/4}
		}
		field := roughField[T](s.rows, s.cols)
		if i%2 == 0 {
			field = hotEdge[T](s.rows, s.cols)
		}
		cols := max(s.cols, 1)
		calls = append(calls, &device.Call{
			Label:  fmt.Sprintf("%d × %d, %d sweeps, rows %d to %d", s.rows, s.cols, s.sweeps, rows.Lo, rows.Hi),
			Kernel: k,
			Rows:   rows,
			Args: []device.HostArg{
				stencilIn:       device.HostMat(field, cols),
				stencilOut:      device.HostMat(base.Poison[T](len(field)), cols),
				stencilResidual: device.HostMat(base.Poison[T](s.rows*ResidualWidth), ResidualWidth),
				stencilSweeps:   device.HostVal(int32(s.sweeps)),
				stencilX:        device.HostVal(cx[i%len(cx)]),
				stencilY:        device.HostVal(cy[i%len(cy)]),
			},
		})
	}
	return calls
}

// hotEdge returns a cold plate with an upper edge of 100 degrees.
func hotEdge[T device.Float](rows, cols int) []T {
	field := make([]T, rows*cols)
	for j := range min(cols, len(field)) {
		field[j] = 100
	}
	return field
}

// roughField returns random temperatures of both signs.
func roughField[T device.Float](rows, cols int) []T {
	r := rand.New(rand.NewPCG(uint64(rows), uint64(cols)))
	field := make([]T, rows*cols)
	for i := range field {
		field[i] = T(float64(200*base.Uniform(r)) - 100)
	}
	return field
}

// Plate returns the temperatures of a rows × cols plate: 100 degrees at the upper edge, 0
// at the other edges, random between 0 and 100 inside. They depend on the shape and the
// seed only. Plate panics if rows or cols is negative or their product too large for a
// slice.
func Plate[T device.Float](rows, cols int, seed uint64) []T {
	r := rand.New(rand.NewPCG(seed, 0x6a09e667f3bcc909))
	field := make([]T, base.Elements(rows, cols))
	for i := range field {
		switch row, col := i/cols, i%cols; {
		case row == 0:
			field[i] = 100
		case row < rows-1 && col > 0 && col < cols-1:
			field[i] = T(100 * base.Uniform(r))
		}
	}
	return field
}
