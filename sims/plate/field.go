// Package plate computes the temperature of a flat plate whose edges are held at
// given temperatures: where it settles (Steady, Laplace's equation), and how it
// gets there (Transient, the heat equation).
//
// The plate is a grid of points. A Field holds their temperatures, in any unit
// that is linear in the kelvin; the outermost points are the edges and never
// change. The work is done by the kernels Laplacian and Heat on whatever
// device.Device the caller opened. On an exact device the results are the same to
// the last bit as on every other one, and depend on the inputs alone: nothing
// here is decided by timing.
//
// Fields are read from and written to NumPy files (ReadNPY, WriteNPY) and drawn
// as heat maps (WritePNG).
package plate

import (
	"errors"
	"math"

	"offload/device"
	"offload/kernels/grid"
)

// Field is the temperatures of a grid of Rows × Cols points, row by row from the
// top edge to the bottom edge, each row from left to right.
type Field[T device.Float] struct {
	Rows, Cols int
	T          []T // Rows·Cols temperatures
}

// Edges are the temperatures at which the edges are held.
type Edges struct {
	Top, Bottom, Left, Right float64
}

// maxPoints bounds a grid against a mistyped size: 2^36 points, or 2^27 where an
// int has 32 bits.
const maxPoints = 1 << (27 + math.MaxInt>>62*9)

// NewField is a plate of rows × cols points with these edges and a temperature
// of 0 inside. The corners belong to the top and the bottom edge; the five-point
// stencil never looks at them. Where a grid is one point wide, the top goes
// before the bottom and both before left and right. An impossible size, and a
// temperature that Check refuses, end in device.ErrInvalid.
func NewField[T device.Float](rows, cols int, e Edges) (*Field[T], error) {
	if rows < 1 || cols < 1 || rows > maxPoints/cols {
		return nil, device.Invalidf("a grid of %d × %d points", rows, cols)
	}
	f := &Field[T]{Rows: rows, Cols: cols, T: make([]T, rows*cols)}
	for r := range rows {
		row := f.row(r)
		row[cols-1] = T(e.Right)
		row[0] = T(e.Left)
	}
	fill(f.row(rows-1), T(e.Bottom))
	fill(f.row(0), T(e.Top))
	if err := f.Check(); err != nil {
		return nil, err
	}
	return f, nil
}

// At is the temperature of a point.
func (f *Field[T]) At(row, col int) T { return f.T[row*f.Cols+col] }

// Extremes are the lowest and the highest temperature; zero for no points.
func (f *Field[T]) Extremes() (lowest, highest T) {
	for i, v := range f.T {
		if i == 0 {
			lowest, highest = v, v
		}
		lowest, highest = min(lowest, v), max(highest, v)
	}
	return lowest, highest
}

// Check refuses, with device.ErrInvalid, what the kernels do not define; see
// grid.CheckField.
func (f *Field[T]) Check() error {
	if f == nil {
		return device.Invalidf("no field")
	}
	return grid.CheckField(f.T, f.Rows, f.Cols)
}

func (f *Field[T]) row(r int) []T { return f.T[r*f.Cols:][:f.Cols] }

// flush sets what the kernels count as zero to zero, at the edges too: see
// Laplacian in package kernels. Their rule covers the points that they compute;
// this covers the ones that they only read, which no arithmetic may meet as
// subnormal numbers.
func (f *Field[T]) flush() {
	floor := perPrecision[T](0x1p-80, 0x1p-900)
	for i, v := range f.T {
		if v < floor && v > -floor {
			f.T[i] = 0
		}
	}
}

// largestEdge is the largest magnitude of the edges, without the corners. No
// inner point of a steady plate exceeds it (maximum principle).
func (f *Field[T]) largestEdge() float64 {
	largest := 0.0
	add := func(v T) { largest = max(largest, math.Abs(float64(v))) }
	for c := 1; c < f.Cols-1; c++ {
		add(f.At(0, c))
		add(f.At(f.Rows-1, c))
	}
	for r := 1; r < f.Rows-1; r++ {
		add(f.At(r, 0))
		add(f.At(r, f.Cols-1))
	}
	return largest
}

func fill[T device.Float](s []T, v T) {
	for i := range s {
		s[i] = v
	}
}

// perPrecision is the constant that belongs to T.
func perPrecision[T device.Float](f32, f64 float64) T {
	if device.TypeOf[T]() == device.Float32 {
		return T(f32)
	}
	return T(f64)
}

// The errors of this package; test for them with errors.Is. Wrong options and
// fields wrap device.ErrInvalid.
var (
	// ErrNotConverged: the tolerance was not reached.
	ErrNotConverged = errors.New("the plate has not converged")
	// ErrDiverged: a temperature became infinite or NaN. A Field that passes
	// Check cannot do that on a sound device.
	ErrDiverged = errors.New("the plate has diverged: check the device")
	// ErrFormat: a file is no NumPy file that a Field can be read from.
	ErrFormat = errors.New("not a usable NumPy file")
)
