//go:build !purego

package redblack

//go:generate sh -c "cd _asm && go run . -out ../redblack_amd64.s -stubs ../redblack_amd64.go -pkg redblack"

import "golang.org/x/sys/cpu"

// HasVector reports whether this processor can run Vector.
func HasVector() bool { return cpu.X86.HasAVX2 }

// Vector returns the form for AVX2. Rows of less than a vector are left to the form in Go.
func Vector[T Float]() (f Form[T]) {
	switch f := any(&f).(type) {
	case *Form[float32]:
		*f = loops[float32]{8, relax32, relaxSource32, residual32, residualSource32, correct32, cubic32, flush32, join32}.form()
	case *Form[float64]:
		*f = loops[float64]{4, relax64, relaxSource64, residual64, residualSource64, correct64, cubic64, flush64, join64}.form()
	}
	return f
}

// loops are the routines of one precision, for at least as many elements as lanes.
type loops[T Float] struct {
	lanes                    int
	relax, relaxSource       func(dst, up, down, row, side []T, cx, cy T)
	residual, residualSource func(dst []float32, at, up, down, row, side []T, cx, cy T) T
	correct                  func(dst, src []T, a, b []float32)
	cubic                    func(dst, a, b, c, d []T)
	flush                    func(dst, src []T)
	join                     func(dst, even, odd []T)
}

func (l loops[T]) form() Form[T] {
	return Form[T]{
		Relax: func(dst, up, down, row, side []T, cx, cy T) {
			switch n := len(dst); {
			case n < l.lanes:
				relax(dst, up, down, row, side, cx, cy)
			case side == nil:
				l.relax(dst, up[:n], down[:n], row[:n+1], nil, cx, cy)
			default:
				l.relaxSource(dst, up[:n], down[:n], row[:n+1], side[:n], cx, cy)
			}
		},
		Residual: func(dst []float32, at, up, down, row, side []T, cx, cy T) T {
			n := len(dst)
			if n < l.lanes {
				return residual(dst, at, up, down, row, side, cx, cy)
			}
			if side == nil {
				return l.residual(dst, at[:n], up[:n], down[:n], row[:n+1], nil, cx, cy)
			}
			return l.residualSource(dst, at[:n], up[:n], down[:n], row[:n+1], side[:n], cx, cy)
		},
		Correct: func(dst, src []T, a, b []float32) {
			n := len(dst)
			if n < l.lanes {
				correct(dst, src, a, b)
				return
			}
			l.correct(dst, src[:n], a[:n], b[:n])
		},
		Cubic: func(dst, a, b, c, d []T) {
			n := len(dst)
			if n < l.lanes {
				cubic(dst, a, b, c, d)
				return
			}
			l.cubic(dst, a[:n], b[:n], c[:n], d[:n])
		},
		Flush: func(dst, src []T) {
			n := len(dst)
			if n < l.lanes {
				flush(dst, src)
				return
			}
			l.flush(dst, src[:n])
		},
		Join: func(dst, even, odd []T) {
			n := len(dst) / 2
			if n < l.lanes {
				join(dst, even, odd)
				return
			}
			l.join(dst, even[:n], odd[:n])
		},
		Split: func(even, odd, src []float32) {
			n := len(even)
			if n < 8 {
				split(even, odd, src)
				return
			}
			splitVector(even, odd[:n], src[:2*n])
		},
		Largest: func(c []float32) float32 {
			if len(c) < 8 {
				return largest(c)
			}
			return largestVector(c)
		},
	}
}
