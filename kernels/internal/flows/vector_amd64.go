//go:build !purego

package flows

//go:generate sh -c "cd _asm && go run . -out ../flows_amd64.s -stubs ../flows_amd64.go -pkg flows"

import (
	"golang.org/x/sys/cpu"
)

// HasVector reports whether this processor can run Vector.
func HasVector() bool { return cpu.X86.HasAVX2 }

// Vector returns the form for AVX2. The first and the last point of a row, whose neighbours
// wrap, and transfers that fill no vector are left to the form in Go.
func Vector[T Float]() (f Form[T]) {
	switch f := any(&f).(type) {
	case *Form[float32]:
		*f = loops[float32]{diagonals32, productFour32, productEight32, remainderFour32, remainderEight32, search32, advance32}.form()
		f.Dot, f.MixedDot = dotOf(dot32), dotOf(dot32)
		f.Relax, f.First, f.Residual = relaxVector, firstVector, residualVector
		f.Gather, f.Flush, f.Spread, f.SpreadBetween = gatherVector, flushVector, spreadVector, spreadBetweenVector
	case *Form[float64]:
		*f = loops[float64]{diagonals64, productFour64, productEight64, remainderFour64, remainderEight64, search64, advance64}.form()
		f.Dot, f.MixedDot = dotOf(dot64), dotOf(mixedDot64)
	}
	return f
}

// loops are the routines of one precision.
type loops[T Float] struct {
	diagonals                     func(dst, up, mid, down, southEast, southWest, aboveSouthEast, aboveSouthWest *T, n int)
	productFour, productEight     func(dst, up, mid, down, east, south, north, diagonals, loss, inverse *T, n int)
	remainderFour, remainderEight func(dst *float32, up, mid, down, east, south, north, diagonals, loss, inverse, f *T, n int, scale T) T
	search                        func(dst *T, z *float32, p *T, n int, sigma, beta T)
	advance                       func(dst, x, p *T, n int, alpha T)
}

func (l loops[T]) form() Form[T] {
	return Form[T]{
		Product: func(dst []T, r Row[T], spare []T) {
			n := r.ends(len(dst), spare)
			product(dst[:1], r.Mid, spare, r.Loss, r.Inverse)
			product(dst[n-1:], r.Mid[n-1:], spare[n-1:], r.Loss[n-1:], r.Inverse[n-1:])
			if n <= 2 {
				return
			}
			run := l.productFour
			if diagonals(&r, spare, l.diagonals) {
				run = l.productEight
			}
			run(&dst[1], &r.Up[1], &r.Mid[1], &r.Down[1], &r.East[1], &r.South[1], &r.North[1], &spare[1], &r.Loss[1], &r.Inverse[1], n-2)
		},
		Remainder: func(dst []float32, r Row[T], f, spare []T, scale T) T {
			n := r.ends(len(dst), spare)
			f = f[:n]
			most := max(remainder(dst[:1], r.Mid, f, spare, r.Loss, r.Inverse, scale),
				remainder(dst[n-1:], r.Mid[n-1:], f[n-1:], spare[n-1:], r.Loss[n-1:], r.Inverse[n-1:], scale))
			if n <= 2 {
				return most
			}
			run := l.remainderFour
			if diagonals(&r, spare, l.diagonals) {
				run = l.remainderEight
			}
			return max(most, run(&dst[1], &r.Up[1], &r.Mid[1], &r.Down[1], &r.East[1], &r.South[1], &r.North[1], &spare[1], &r.Loss[1], &r.Inverse[1], &f[1], n-2, scale))
		},
		Search: func(dst []T, z []float32, p []T, sigma, beta T) {
			n := len(dst)
			z, p = z[:n], p[:n]
			l.search(&dst[0], &z[0], &p[0], n, sigma, beta)
		},
		Advance: func(dst, x, p []T, alpha T) {
			n := len(dst)
			x, p = x[:n], p[:n]
			l.advance(&dst[0], &x[0], &p[0], n, alpha)
		},
	}
}

// ends sets spare to the flows into the first and the last point of a row of n points. It
// panics unless all slices have that length.
func (r *Row[T]) ends(n int, spare []T) int {
	r.Up, r.Mid, r.Down, r.East, r.South, r.North = r.Up[:n], r.Mid[:n], r.Down[:n], r.East[:n], r.South[:n], r.North[:n]
	r.Inverse, r.Loss = r.Inverse[:n], r.Loss[:n]
	if r.SouthEast != nil {
		r.SouthEast, r.SouthWest = r.SouthEast[:n], r.SouthWest[:n]
		r.AboveSouthEast, r.AboveSouthWest = r.AboveSouthEast[:n], r.AboveSouthWest[:n]
	}
	spare = spare[:n]
	spare[0], spare[n-1] = r.flow(0), r.flow(n-1)
	return n
}

// diagonals sets spare to the flows from diagonal neighbours into the inner points of a row
// of more than two, and reports whether there are any.
func diagonals[T Float](r *Row[T], spare []T, run func(dst, up, mid, down, southEast, southWest, aboveSouthEast, aboveSouthWest *T, n int)) bool {
	if r.SouthEast == nil {
		return false
	}
	run(&spare[1], &r.Up[1], &r.Mid[1], &r.Down[1], &r.SouthEast[1], &r.SouthWest[1], &r.AboveSouthEast[1], &r.AboveSouthWest[1], len(r.Mid)-2)
	return true
}

// dotOf returns Dot or MixedDot by a routine.
func dotOf[A, T Float](run func(a *A, b *T, n int) T) func(a []A, b []T) T {
	return func(a []A, b []T) T {
		a = a[:len(b)]
		return run(&a[0], &b[0], len(b))
	}
}

func relaxVector(dst []float32, r Row[float32], f, spare []float32, first int) {
	n := r.ends(len(dst), spare)
	f = f[:n]
	dst[0], dst[n-1] = r.Mid[0], r.Mid[n-1]
	relax(dst[:1], r.Mid, f, spare, r.Loss, r.Inverse, first)
	relax(dst[n-1:], r.Mid[n-1:], f[n-1:], spare[n-1:], r.Loss[n-1:], r.Inverse[n-1:], (n-1+first)&1)
	if n <= 2 {
		return
	}
	run := relaxFour32
	if diagonals(&r, spare, diagonals32) {
		run = relaxEight32
	}
	run(&dst[1], &r.Up[1], &r.Mid[1], &r.Down[1], &r.East[1], &r.South[1], &r.North[1], &spare[1], &r.Loss[1], &r.Inverse[1], &f[1], n-2, 1-first)
}

func firstVector(dst, f, inverse []float32, first int) {
	n := len(dst)
	f, inverse = f[:n], inverse[:n]
	first32(&dst[0], &f[0], &inverse[0], n, first)
}

func residualVector(dst []float32, r Row[float32], f, spare []float32) {
	n := r.ends(len(dst), spare)
	f = f[:n]
	residual(dst[:1], r.Mid, f, spare, r.Loss)
	residual(dst[n-1:], r.Mid[n-1:], f[n-1:], spare[n-1:], r.Loss[n-1:])
	if n <= 2 {
		return
	}
	run := residualFour32
	if diagonals(&r, spare, diagonals32) {
		run = residualEight32
	}
	run(&dst[1], &r.Up[1], &r.Mid[1], &r.Down[1], &r.East[1], &r.South[1], &r.North[1], &spare[1], &r.Loss[1], &f[1], n-2)
}

func flushVector(dst []float32) { flush32(&dst[0], len(dst)) }

func gatherVector(sum, before, same, after, r []float32) {
	// From the second column on, all terms are there, up to the last columns.
	n := (min(len(sum), len(r)/2) - 1) &^ 7
	if n <= 0 {
		gather(sum, before, same, after, r)
		return
	}
	gather(sum[:1], before, same, after, r)
	_, _, _ = before[n], same[n], after[n]
	gather32(&sum[1], &before[1], &same[1], &after[1], &r[2], n)
	gatherFrom(n+1, sum, before, same, after, r)
}

func spreadVector(u, a, same, left, right []float32) {
	n := len(u) / 2 &^ 7
	if n > 0 {
		_, _, _, _ = a[n], same[n-1], left[n-1], right[n-1]
		spread32(&u[0], &a[0], &same[0], &left[0], &right[0], n)
	}
	spread(u[2*n:], a[n:], same[n:], left[n:], right[n:])
}

func spreadBetweenVector(u, a, b, sameA, leftA, rightA, sameB, leftB, rightB []float32) {
	n := len(u) / 2 &^ 7
	if n > 0 {
		_, _, _, _ = a[n], sameA[n-1], leftA[n-1], rightA[n-1]
		_, _, _, _ = b[n], sameB[n-1], leftB[n-1], rightB[n-1]
		spreadBetween32(&u[0], &a[0], &b[0], &sameA[0], &leftA[0], &rightA[0], &sameB[0], &leftB[0], &rightB[0], n)
	}
	spreadBetween(u[2*n:], a[n:], b[n:], sameA[n:], leftA[n:], rightA[n:], sameB[n:], leftB[n:], rightB[n:])
}
