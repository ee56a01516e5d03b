package device

import "slices"

// Invariant is what is known of a kernel's results and costs less to check than they
// cost to compute: package check watches it on any device.
type Invariant struct {
	// Sweeps is the name of the Int32 parameter that says how often a launch repeats its
	// step, where fewer give an earlier state; empty if there is none.
	Sweeps string

	Stencil *Stencil
	Balance *Balance
}

// SweepsOf returns the index of the parameter that k.Invariant names as its sweeps, or -1.
func SweepsOf(k *Kernel) int {
	if k.Invariant == nil {
		return -1
	}
	return slices.IndexFunc(k.Params, func(p Param) bool { return p.Name == k.Invariant.Sweeps })
}

// Stencil is the invariant of a kernel that replaces every inner point of a grid by a
// weighted sum of itself and its four neighbours, Sweeps times, while the edges keep
// their values: sums of rows follow from those before.
type Stencil struct {
	In, Out int // parameters: grids of one shape
	// Weights returns the weight of a point itself, of each of its neighbours in the
	// row, and of each of those in the column.
	Weights   func(l *Launch) (centre, x, y float64)
	Roundings float64 // of an update at the most, in units of the largest value's
	Floor     float64 // the magnitude below which values may become 0
}

// Balance is the invariant of a kernel whose result has a row for each target, to which
// every source adds something: what the rows of one set do to each other adds up to 0
// when each is multiplied by the row's weight. Momentum is an example.
type Balance struct {
	Targets, Sources, Result int // parameters
	Weight                   int // column of the targets
	// Paired reports whether a launch whose targets are its sources pairs each row
	// with each other one.
	Paired func(l *Launch) bool
	// Size returns the sum of the magnitudes of what the sources add to the result of
	// a target, of which Shader.FastError is a part.
	Size func(l *Launch, target, sources Slice) float64
}
