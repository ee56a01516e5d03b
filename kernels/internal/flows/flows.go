// Package flows has the loops of the kernels for networks of conductances, over rows of
// points. Package multigrid describes the planes of coefficients and the formulas.
package flows

import "offload/internal/ieee"

// Float is a type of floating-point numbers.
type Float = ieee.Float

// Row is a row of points with what their flows depend on. All slices have the length of
// Mid, which is not 0. Columns wrap.
type Row[T Float] struct {
	Up, Mid, Down                     []T // values in the row above, in the row itself, and below
	East, South, North, Inverse, Loss []T // North is the plane South of the row above

	// The planes of the row itself and of the row above; nil for four neighbours.
	SouthEast, SouthWest, AboveSouthEast, AboveSouthWest []T
}

// Form is a set of loops. All forms give the same bits. The zero value is the form in Go;
// others have routines for the inner points of rows.
//
// Outputs do not overlap inputs, and spare is a row of scratch.
type Form[T Float] struct {
	diagonals func(dst, up, mid, down, southEast, southWest, aboveSouthEast, aboveSouthWest *T, n int)

	// With four neighbours, and with eight.
	product   [2]func(dst, up, mid, down, east, south, north, diagonals, loss, inverse *T, n int)
	remainder [2]func(dst *float32, up, mid, down, east, south, north, diagonals, loss, inverse, f *T, n int, scale T) T
	residual  [2]func(dst, up, mid, down, east, south, north, diagonals, loss, f *T, n int)
	relax     [2]func(dst, up, mid, down, east, south, north, diagonals, loss, inverse, f *T, n, first int)

	search   func(dst *T, z *float32, p *T, n int, sigma, beta T)
	advance  func(dst, x, p *T, n int, alpha T)
	dot      func(a, b *T, n int) T
	mixedDot func(a *float32, b *T, n int) T

	first         func(dst, f, inverse *T, n, first int)
	flush         func(dst *T, n int)
	gather        func(sum, before, same, after, r *T, n int)
	spread        func(u, a, same, left, right *T, n int)
	spreadBetween func(u, a, b, sameA, leftA, rightA, sameB, leftB, rightB *T, n int)
}

// inner checks the lengths of slices that routines read at the inner points of r, and sets
// spare to the flows into its first and last point and, if there are eight neighbours, from
// diagonal neighbours into the inner points. It returns their number and the index of the
// routine. If there are no inner points or no routines, it only returns 0.
func (f *Form[T]) inner(r *Row[T], n int, spare []T) (inner, eight int) {
	if f.diagonals == nil || n <= 2 {
		return 0, 0
	}
	_, _, _, _, _, _ = r.Up[n-1], r.Mid[n-1], r.Down[n-1], r.East[n-1], r.South[n-1], r.North[n-1]
	_, _ = r.Inverse[n-1], r.Loss[n-1]
	spare[0], spare[n-1] = r.flow(0), r.flow(n-1)
	if r.SouthEast != nil {
		_, _, _, _ = r.SouthEast[n-1], r.SouthWest[n-1], r.AboveSouthEast[n-1], r.AboveSouthWest[n-1]
		f.diagonals(&spare[1], &r.Up[1], &r.Mid[1], &r.Down[1], &r.SouthEast[1], &r.SouthWest[1], &r.AboveSouthEast[1], &r.AboveSouthWest[1], n-2)
		eight = 1
	}
	return n - 2, eight
}

// Relax copies Mid to dst, and relaxes every second point of it, beginning with first.
func (f *Form[T]) Relax(dst []T, r *Row[T], side, spare []T, first int) {
	n, last := len(dst), len(dst)-1
	inner, eight := f.inner(r, n, spare)
	if inner == 0 {
		copy(dst, r.Mid)
		flows(spare, r, first, 2)
		relax(dst, r.Mid, side, spare, r.Loss, r.Inverse, first)
		return
	}
	dst[0], dst[last] = r.Mid[0], r.Mid[last]
	relax(dst[:1], r.Mid, side, spare, r.Loss, r.Inverse, first)
	relax(dst[last:], r.Mid[last:], side[last:], spare[last:], r.Loss[last:], r.Inverse[last:], (last+first)&1)
	f.relax[eight](&dst[1], &r.Up[1], &r.Mid[1], &r.Down[1], &r.East[1], &r.South[1], &r.North[1], &spare[1], &r.Loss[1], &r.Inverse[1], &side[1], inner, 1-first)
}

// First is Relax where Mid, Up and Down are 0.
func (f *Form[T]) First(dst, side, inverse []T, first int) {
	n := len(dst)
	if f.first == nil || n == 0 {
		firstRed(dst, side, inverse, first)
		return
	}
	_, _ = side[n-1], inverse[n-1]
	f.first(&dst[0], &side[0], &inverse[0], n, first)
}

// Residual sets dst to (side + s) − loss·mid, where s is the flow into a point.
func (f *Form[T]) Residual(dst []T, r *Row[T], side, spare []T) {
	n, last := len(dst), len(dst)-1
	inner, eight := f.inner(r, n, spare)
	if inner == 0 {
		flows(spare, r, 0, 1)
		residual(dst, r.Mid, side, spare, r.Loss)
		return
	}
	residual(dst[:1], r.Mid, side, spare, r.Loss)
	residual(dst[last:], r.Mid[last:], side[last:], spare[last:], r.Loss[last:])
	f.residual[eight](&dst[1], &r.Up[1], &r.Mid[1], &r.Down[1], &r.East[1], &r.South[1], &r.North[1], &spare[1], &r.Loss[1], &side[1], inner)
}

// Product sets dst to loss·mid − s, or 0 where inverse is 0, and flushes it.
func (f *Form[T]) Product(dst []T, r *Row[T], spare []T) {
	n, last := len(dst), len(dst)-1
	inner, eight := f.inner(r, n, spare)
	if inner == 0 {
		flows(spare, r, 0, 1)
		product(dst, r.Mid, spare, r.Loss, r.Inverse)
		return
	}
	product(dst[:1], r.Mid, spare, r.Loss, r.Inverse)
	product(dst[last:], r.Mid[last:], spare[last:], r.Loss[last:], r.Inverse[last:])
	f.product[eight](&dst[1], &r.Up[1], &r.Mid[1], &r.Down[1], &r.East[1], &r.South[1], &r.North[1], &spare[1], &r.Loss[1], &r.Inverse[1], inner)
}

// Remainder sets dst to scaled values of (side + s) − loss·mid, or 0 where inverse is 0,
// both flushed, and returns the largest magnitude of a value times inverse.
func (f *Form[T]) Remainder(dst []float32, r *Row[T], side, spare []T, scale T) T {
	n, last := len(dst), len(dst)-1
	inner, eight := f.inner(r, n, spare)
	if inner == 0 {
		flows(spare, r, 0, 1)
		return remainder(dst, r.Mid, side, spare, r.Loss, r.Inverse, scale)
	}
	return max(remainder(dst[:1], r.Mid, side, spare, r.Loss, r.Inverse, scale),
		remainder(dst[last:], r.Mid[last:], side[last:], spare[last:], r.Loss[last:], r.Inverse[last:], scale),
		f.remainder[eight](&dst[1], &r.Up[1], &r.Mid[1], &r.Down[1], &r.East[1], &r.South[1], &r.North[1], &spare[1], &r.Loss[1], &r.Inverse[1], &side[1], inner, scale))
}

// Search sets dst to z·sigma + beta·p and flushes it.
func (f *Form[T]) Search(dst []T, z []float32, p []T, sigma, beta T) {
	n := len(dst)
	if f.search == nil || n == 0 {
		search(dst, z, p, sigma, beta)
		return
	}
	_, _ = z[n-1], p[n-1]
	f.search(&dst[0], &z[0], &p[0], n, sigma, beta)
}

// Advance sets dst to x + alpha·p and flushes it.
func (f *Form[T]) Advance(dst, x, p []T, alpha T) {
	n := len(dst)
	if f.advance == nil || n == 0 {
		advance(dst, x, p, alpha)
		return
	}
	_, _ = x[n-1], p[n-1]
	f.advance(&dst[0], &x[0], &p[0], n, alpha)
}

// Dot returns Σ a·b.
func (f *Form[T]) Dot(a, b []T) T {
	n := len(b)
	if f.dot == nil || n == 0 {
		return dot(a, b)
	}
	_ = a[n-1]
	return f.dot(&a[0], &b[0], n)
}

// MixedDot returns Σ a·b.
func (f *Form[T]) MixedDot(a []float32, b []T) T {
	n := len(b)
	if f.mixedDot == nil || n == 0 {
		return dot(a, b)
	}
	_ = a[n-1]
	return f.mixedDot(&a[0], &b[0], n)
}

// Flush replaces values below the floor by 0.
func (f *Form[T]) Flush(dst []T) {
	if f.flush == nil || len(dst) == 0 {
		flush(dst)
		return
	}
	f.flush(&dst[0], len(dst))
}
