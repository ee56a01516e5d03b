//go:build !purego

package flows

//go:generate sh -c "cd _asm && go run . -out ../flows_amd64.s -stubs ../flows_amd64.go -pkg flows"

import "golang.org/x/sys/cpu"

// HasVector reports whether this processor can run Vector.
func HasVector() bool { return cpu.X86.HasAVX2 }

// Vector returns the form for AVX2.
func Vector[T Float]() (f Form[T]) {
	switch f := any(&f).(type) {
	case *Form[float32]:
		f.diagonals = diagonals32
		f.product[0], f.product[1] = productFour32, productEight32
		f.remainder[0], f.remainder[1] = remainderFour32, remainderEight32
		f.residual[0], f.residual[1] = residualFour32, residualEight32
		f.relax[0], f.relax[1] = relaxFour32, relaxEight32
		f.search, f.advance, f.dot, f.mixedDot = search32, advance32, dot32, dot32
		f.first, f.flush = first32, flush32
		f.gather, f.spread, f.spreadBetween = gather32, spread32, spreadBetween32
	case *Form[float64]:
		f.diagonals = diagonals64
		f.product[0], f.product[1] = productFour64, productEight64
		f.remainder[0], f.remainder[1] = remainderFour64, remainderEight64
		f.search, f.advance, f.dot, f.mixedDot = search64, advance64, dot64, mixedDot64
	}
	return f
}
