//go:build !purego

package redblack

//go:generate sh -c "cd _asm && go run . -out ../redblack_amd64.s -stubs ../redblack_amd64.go -pkg redblack"

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// HasVector reports whether this processor can run Vector.
func HasVector() bool { return cpu.X86.HasAVX2 }

// Vector returns the form for AVX2. Rows of less than a vector are left to the form in Go.
func Vector[T Float]() (f Form[T]) {
	switch f := any(&f).(type) {
	case *Form[float32]:
		*f = loops[float32]{8, relax32, relaxSource32, chain32, chainSource32, residual32, residualSource32, correct32, cubic32, flush32, flushStream32, join32, joinStream32}.form()
	case *Form[float64]:
		*f = loops[float64]{4, relax64, relaxSource64, chain64, chainSource64, residual64, residualSource64, correct64, cubic64, flush64, flushStream64, join64, joinStream64}.form()
	}
	return f
}

// loops are the routines of one precision, for at least as many elements as lanes.
type loops[T Float] struct {
	lanes                    int
	relax, relaxSource       func(dst, up, down, row, side []T, cx, cy T)
	chain, chainSource       func(links *byte, count, n int, cx, cy T)
	residual, residualSource func(dst []float32, at, up, down, row, side []T, cx, cy T) T
	correct                  func(dst, src []T, a, b []float32)
	cubic                    func(dst, a, b, c, d []T)
	flush, flushStream       func(dst, src []T)
	join, joinStream         func(dst, even, odd []T)
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
		Chain: func(links []Link[T], n int, cx, cy T) {
			if count := len(links) - 2; count <= 0 || n <= 0 {
				return
			} else if links[1].Side != nil {
				l.chainSource((*byte)(unsafe.Pointer(&links[0])), count, n, cx, cy)
			} else {
				l.chain((*byte)(unsafe.Pointer(&links[0])), count, n, cx, cy)
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
		Flush: l.flushed,
		StreamFlush: func(dst, src []T) {
			n := len(dst) &^ (l.lanes - 1)
			if n == 0 || !aligned(dst) {
				l.flushed(dst, src)
				return
			}
			l.flushStream(dst[:n], src[:n])
			flush(dst[n:], src[n:])
		},
		Join: l.joined,
		StreamJoin: func(dst, even, odd []T) {
			n := len(dst) / 2 &^ (l.lanes - 1)
			if n == 0 || !aligned(dst) {
				l.joined(dst, even, odd)
				return
			}
			l.joinStream(dst[:2*n], even[:n], odd[:n])
			join(dst[2*n:], even[n:], odd[n:])
		},
		Prefetch: prefetch,
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

func (l loops[T]) flushed(dst, src []T) {
	if n := len(dst); n < l.lanes {
		flush(dst, src)
	} else {
		l.flush(dst, src[:n])
	}
}

func (l loops[T]) joined(dst, even, odd []T) {
	if n := len(dst) / 2; n < l.lanes {
		join(dst, even, odd)
	} else {
		l.join(dst, even[:n], odd[:n])
	}
}

// aligned reports whether s, which is not empty, begins at the address of a vector.
func aligned[T Float](s []T) bool { return uintptr(unsafe.Pointer(&s[0]))%32 == 0 }
