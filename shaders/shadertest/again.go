// Package shadertest changes shaders for tests: to arithmetic that trusts the
// driver with nothing, so that every correction runs on every driver.
package shadertest

import (
	"strings"

	"offload/shaders"
)

// Corrected is a shader's source with all exact operations corrected, whatever the
// driver's own are. Macros, which may be empty, stand before the arithmetic.
func Corrected(source, macros string) string {
	return distrust + macros + renamed(shaders.Arithmetic()) + "#line 1\n" + renamed(source)
}

// Off makes the driver's roots and quotients wrong by a factor.
func Off(factor string) string {
	return `
float off(float x) { return ` + factor + `; }
double off(double x) { return ` + factor + `lf; }
#define NATIVE_SQRT(x) (sqrt(x) * off(x))
#define NATIVE_DIV(x, y) ((x) / (y) * off(x))
`
}

// NoDoubles leaves the arithmetic without double.
const NoDoubles = "#undef DOUBLES\n"

const distrust = `
#undef FMA32_FUSED
#undef FMA64_FUSED
#undef SQRT32_EXACT
#undef SQRT64_EXACT
#undef DIV32_EXACT
#undef DIV64_EXACT
#undef NATIVE_SQRT
#undef NATIVE_DIV
`

// renamed keeps the functions apart from those that the device has declared.
func renamed(source string) string { return strings.ReplaceAll(source, "exact_", "corrected_") }
