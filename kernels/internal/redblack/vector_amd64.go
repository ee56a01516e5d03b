//go:build !purego

package redblack

//go:generate sh -c "cd _asm && go run . -out ../redblack_amd64.s -stubs ../redblack_amd64.go -pkg redblack"
//go:generate sh -c "cd _asm && go run . -avx512 -out ../avx512_amd64.s -stubs ../avx512_amd64.go -pkg redblack"

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// HasAVX2 reports whether this processor can run AVX2.
func HasAVX2() bool { return cpu.X86.HasAVX2 }

// HasAVX512 reports whether this processor can run AVX512.
func HasAVX512() bool { return cpu.X86.HasAVX2 && cpu.X86.HasAVX512F && cpu.X86.HasAVX512VL }

// AVX2 returns the form for AVX2.
func AVX2[T Float]() (f Form[T]) {
	switch f := any(&f).(type) {
	case *Form[float32]:
		*f = loops[float32]{8, cubic32, flush32, flushStream32, join32, joinStream32}.form()
	case *Form[float64]:
		*f = loops[float64]{4, cubic64, flush64, flushStream64, join64, joinStream64}.form()
	}
	return f
}

// AVX512 returns the form for AVX-512.
func AVX512[T Float]() Form[T] {
	f := AVX2[T]()
	f.wide = true
	f.Lanes *= 2
	return f
}

// Run performs the step by f, which has waves, and returns the largest magnitude of a
// residual. Links are the half-rows from the lowest one on: that which has entered, Count to
// update, one for the residuals, and the one above it. Run calls the routines by their names,
// so that w and links may be on the stack.
func (w *Wave[T]) Run(f *Form[T], links []Link[T]) T {
	at, to, source := (*byte)(unsafe.Pointer(w)), (*byte)(unsafe.Pointer(&links[0])), w.Side != nil
	switch any(w).(type) {
	case *Wave[float32]:
		switch {
		case f.wide && source:
			return T(waveSource32AVX512(at, to))
		case f.wide:
			return T(wave32AVX512(at, to))
		case source:
			return T(waveSource32(at, to))
		}
		return T(wave32(at, to))
	}
	switch {
	case f.wide && source:
		return T(waveSource64AVX512(at, to))
	case f.wide:
		return T(wave64AVX512(at, to))
	case source:
		return T(waveSource64(at, to))
	}
	return T(wave64(at, to))
}

// loops are the routines of one precision, for at least as many elements as lanes; shorter
// rows are left to the form in Go.
type loops[T Float] struct {
	lanes              int
	cubic              func(dst, a, b, c, d []T)
	flush, flushStream func(dst, src []T)
	join, joinStream   func(dst, even, odd []T)
}

func (l loops[T]) form() Form[T] {
	return Form[T]{
		Lanes: l.lanes,
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

// aligned reports whether s, which is not empty, begins at the address of a vector of AVX2.
func aligned[T Float](s []T) bool { return uintptr(unsafe.Pointer(&s[0]))%32 == 0 }
