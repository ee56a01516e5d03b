package kernels

import "offload/device"

// matrix is a grid or some rows of one, from row base on.
type matrix[T device.Float] struct {
	data []T
	base int
	cols int
}

func (m matrix[T]) row(r int, columns device.Range) []T {
	return m.data[(r-m.base)*m.cols:][columns.Lo:columns.Hi]
}

// walk goes over a rectangle of points in shares, to bring them near before they
// are used.
type walk[T device.Float] struct {
	over         matrix[T]
	rows         device.Range // left
	columns      device.Range
	column       int
	pointsAtOnce int
}

// walkOver makes a walk of so many shares.
func walkOver[T device.Float](m matrix[T], rows, columns device.Range, shares int) walk[T] {
	return walk[T]{
		over:         m,
		rows:         rows,
		columns:      columns,
		column:       columns.Lo,
		pointsAtOnce: (rows.Len()*columns.Len() + shares - 1) / shares,
	}
}

// fetch prefetches the next share.
func (w *walk[T]) fetch(prefetch func([]T)) {
	for left := w.pointsAtOnce; left > 0 && w.rows.Lo < w.rows.Hi; {
		hi := min(w.columns.Hi, w.column+left)
		prefetch(w.over.row(w.rows.Lo, device.Range{Lo: w.column, Hi: hi}))
		left -= hi - w.column
		if w.column = hi; hi == w.columns.Hi {
			w.column = w.columns.Lo
			w.rows.Lo++
		}
	}
}
