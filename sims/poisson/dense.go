package poisson

import (
	"context"

	"gonum.org/v1/gonum/mat"

	"offload/device"
)

// SolveDense replaces the inner points of u by the solution of −∇²u = source whose values
// on the edges are those of u. The points of both matrices are dx apart within a row and dy
// within a column; source may be nil, which stands for zeros. Solve does more: other
// edges, and materials.
//
// Errors and results are those of Solve. The matrices are not copied on the host unless
// they are views of columns of larger ones.
func SolveDense(ctx context.Context, dev device.Device, u, source *mat.Dense, dx, dy float64, o Options) (Result, error) {
	if u == nil || u.IsEmpty() {
		return Result{}, device.Invalidf("no points")
	}
	if !positive(dx) || !positive(dy) {
		return Result{}, device.Invalidf("distances of %g and %g: both must be positive", dx, dy)
	}
	rows, cols := u.Dims()
	p := &Problem{Rows: rows, Cols: cols, Dx: dx, Dy: dy}
	if source != nil {
		if r, c := source.Dims(); r != rows || c != cols {
			return Result{}, device.Invalidf("%d × %d sources for %d × %d points", r, c, rows, cols)
		}
		p.Source = values(source)
	}
	all := values(u)
	r, err := Solve(ctx, dev, p, all, o)
	if raw := u.RawMatrix(); raw.Stride != cols {
		for i := range rows {
			copy(raw.Data[i*raw.Stride:][:cols], all[i*cols:])
		}
	}
	return r, err
}

// values returns the elements of m row by row: its own memory if that has no gaps, else a
// copy.
func values(m *mat.Dense) []float64 {
	raw := m.RawMatrix()
	if raw.Stride == raw.Cols {
		return raw.Data[:raw.Rows*raw.Cols]
	}
	all := make([]float64, 0, raw.Rows*raw.Cols)
	for i := range raw.Rows {
		all = append(all, raw.Data[i*raw.Stride:][:raw.Cols]...)
	}
	return all
}
