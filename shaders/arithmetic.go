package shaders

import (
	_ "embed"
	"strings"
)

var (
	//go:embed arithmetic/bits.glsl
	bits string
	//go:embed arithmetic/bits64.glsl
	bits64 string
	//go:embed arithmetic/basic.glsl
	basic string
	//go:embed arithmetic/fma.glsl
	fma string
	//go:embed arithmetic/fma_by_double.glsl
	fmaByDouble string
	//go:embed arithmetic/root.glsl
	root string
	//go:embed arithmetic/narrow.glsl
	narrow string
)

// Arithmetic returns GLSL that defines exact_add, exact_sub, exact_mul, exact_div,
// exact_reciprocal, exact_sqrt and exact_fma for float and double, and exact_narrow from
// either to float: the IEEE-754 operations, rounded once to nearest even, for operands and
// results that are zero, infinite or normal numbers. Macros defined before it describe the driver:
//
//	DOUBLES                     it supports double
//	FMA32_FUSED, FMA64_FUSED    its fma is fused
//	SQRT32_EXACT, SQRT64_EXACT  its square root is exact
//	DIV32_EXACT, DIV64_EXACT    its division is exact
//
// A square root or division that is not exact is corrected; its relative error must
// be below 2^-18. An fma that is not fused is emulated with sums and products; then
// operands and results must be below 2^960 (double), or 2^110 (float without double).
func Arithmetic() string {
	return strings.Join([]string{
		native, bits,
		"#ifdef DOUBLES\n", bits64, double, basic, fma, root, undo, "#endif\n",
		single, basic,
		"#if defined(EMULATE) && defined(DOUBLES)\n", fmaByDouble,
		"#elif defined(EMULATE)\n", fma, "#endif\n",
		root, undo,
		narrow,
	}, "")
}

// Macros of the parts: the precision T, the number of steps from an estimate to a
// root, the power of two by which small numbers are scaled, and the limits of small
// and huge operands of an fma.
const (
	single = `
#define T float
#define STEPS 1
#define ROOT_SCALE 64
#define SPLITTER 4097.0f
#define SMALL_PRODUCT -90
#define SMALL_ADDEND -60
#define SCALE 60
#define HUGE 127
#ifdef FMA32_FUSED
#define FUSED
#else
#define EMULATE
#endif
#ifdef SQRT32_EXACT
#define SQRT_EXACT
#endif
#ifdef DIV32_EXACT
#define DIV_EXACT
#endif
`
	double = `
#define T double
#define STEPS 2
#define ROOT_SCALE 512
#define SPLITTER 134217729.0lf
#define SMALL_PRODUCT -900
#define SMALL_ADDEND -700
#define SCALE 300
#define HUGE 1023
#ifdef FMA64_FUSED
#define FUSED
#else
#define EMULATE
#endif
#ifdef SQRT64_EXACT
#define SQRT_EXACT
#endif
#ifdef DIV64_EXACT
#define DIV_EXACT
#endif
`
	undo = `
#undef T
#undef STEPS
#undef ROOT_SCALE
#undef SPLITTER
#undef SMALL_PRODUCT
#undef SMALL_ADDEND
#undef SCALE
#undef HUGE
#undef FUSED
#undef EMULATE
#undef SQRT_EXACT
#undef DIV_EXACT
`
	native = `
#ifndef NATIVE_SQRT
#define NATIVE_SQRT(x) sqrt(x)
#endif
#ifndef NATIVE_DIV
#define NATIVE_DIV(x, y) ((x) / (y))
#endif
#ifndef NATIVE_NARROW
#define NATIVE_NARROW(x) float(x)
#endif
`
)
