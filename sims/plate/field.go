// Package plate computes the temperature of a flat plate whose edges are held at
// given temperatures: the steady state (Steady, Laplace's equation) or its evolution
// in time (Transient, the heat equation).
//
// The plate is a grid of points. A Field holds their temperatures, in any unit
// that is linear in the kelvin; the outermost points are the edges and never
// change. The kernels Laplacian and Heat run on the caller's device.Device. On exact
// devices the results are the same bit for bit, and depend only on the inputs, not on
// timing.
//
// Fields are read from NumPy files (Read), written to files for NumPy and ParaView
// (Write), and drawn as heat maps (WritePNG).
package plate

import (
	"errors"
	"math"

	"offload/device"
	"offload/kernels/grid"
)

// Field holds the temperatures of a grid of Rows × Cols points, row by row from the
// top edge to the bottom edge, each row from left to right.
type Field[T device.Float] struct {
	Rows, Cols int
	T          []T // Rows·Cols temperatures
}

// Edges holds the temperatures of the edges.
type Edges struct {
	Top, Bottom, Left, Right float64
}

// maxPoints bounds a grid, to catch a mistyped size: 2^36 points, or 2^27 if int has
// 32 bits.
const maxPoints = 1 << (27 + math.MaxInt>>62*9)

// NewField returns a plate of rows × cols points with these edges and a temperature
// of 0 inside. The corners, which the five-point stencil does not use, belong to the
// top and the bottom edge. If the grid is one point wide or high, the top takes
// precedence over the bottom, both over left and right, and left over right. The
// error wraps device.ErrInvalid for an impossible size and for temperatures that
// Check refuses.
func NewField[T device.Float](rows, cols int, e Edges) (*Field[T], error) {
	if rows < 1 || cols < 1 || rows > maxPoints/cols {
		return nil, device.Invalidf("a grid of %d × %d points", rows, cols)
	}
	f := &Field[T]{Rows: rows, Cols: cols, T: device.As[T](device.MakeSlice(device.TypeOf[T](), rows*cols))}
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

// At returns the temperature of a point.
func (f *Field[T]) At(row, col int) T { return f.T[row*f.Cols+col] }

// Extremes returns the lowest and the highest temperature, or zeros if there are no
// points.
func (f *Field[T]) Extremes() (lowest, highest T) {
	for i, v := range f.T {
		if i == 0 {
			lowest, highest = v, v
		}
		lowest, highest = min(lowest, v), max(highest, v)
	}
	return lowest, highest
}

// Check returns an error that wraps device.ErrInvalid if the kernels are not defined
// for f; see grid.CheckField.
func (f *Field[T]) Check() error {
	if f == nil {
		return device.Invalidf("no field")
	}
	return grid.CheckField(f.T, f.Rows, f.Cols)
}

// checkStart is Check for the start of a run, and for the state with which one continues:
// that may have decayed to values smaller than a run may start with.
func (f *Field[T]) checkStart(continues bool) error {
	if !continues || f == nil || f.Rows < 1 || f.Cols < 1 || len(f.T)/f.Cols != f.Rows || len(f.T)%f.Cols != 0 {
		return f.Check()
	}
	for i, v := range f.T {
		if v-v != 0 { // not finite
			return device.Invalidf("value %g in row %d, column %d of the field", v, i/f.Cols, i%f.Cols)
		}
	}
	return nil
}

func (f *Field[T]) row(r int) []T { return f.T[r*f.Cols:][:f.Cols] }

// flush sets values to zero that the kernels count as zero; see Laplacian in package
// kernels. The kernels do so for the points that they compute; flush does so for those
// that they only read, the edges, so that subnormal numbers never enter the
// arithmetic.
func (f *Field[T]) flush() {
	floor := perPrecision[T](0x1p-80, 0x1p-900)
	for i, v := range f.T {
		if v < floor && v > -floor {
			f.T[i] = 0
		}
	}
}

// largestEdge returns the largest magnitude of the edges, without the corners. It
// bounds the inner points of a steady plate (maximum principle).
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

// perPrecision returns the constant for T.
func perPrecision[T device.Float](f32, f64 float64) T {
	if device.TypeOf[T]() == device.Float32 {
		return T(f32)
	}
	return T(f64)
}

// The errors of this package; test for them with errors.Is. Errors about options and
// fields wrap device.ErrInvalid.
var (
	// ErrNotConverged means that the tolerance was not reached.
	ErrNotConverged = errors.New("the plate has not converged")
	// ErrDiverged means that a temperature became infinite or NaN. With a Field that
	// passes Check, only a faulty device can cause that.
	ErrDiverged = errors.New("the plate has diverged: check the device")
	// ErrFrozen means that nothing moves any more, although the plate is not steady: the
	// changes of a time step are below the resolution of the temperatures.
	ErrFrozen = errors.New("the plate is frozen")
	// ErrFormat means that a file is not a NumPy file from which the values that are
	// wanted can be read.
	ErrFormat = errors.New("not a usable NumPy file")
)
