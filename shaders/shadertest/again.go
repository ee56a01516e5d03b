// Package shadertest changes shaders for tests: to arithmetic that corrects every
// operation, so that all corrections run on every driver.
package shadertest

import (
	"strings"

	"offload/shaders"
)

// Corrected returns the source with all exact operations corrected, even if the
// driver's are exact. The macros, which may be empty, are inserted before the
// arithmetic.
func Corrected(source, macros string) string {
	return distrust + macros + renamed(shaders.Arithmetic()) + "#line 1\n" + renamed(source)
}

// Off returns macros that multiply the driver's roots and quotients by a factor, and make
// float the next number after or before what the driver rounds to.
func Off(factor string) string {
	return `
float off(float x) { return ` + factor + `; }
double off(double x) { return ` + factor + `lf; }
#define NATIVE_SQRT(x) (sqrt(x) * off(x))
#define NATIVE_DIV(x, y) ((x) / (y) * off(x))
float off_narrow(double x)
{
	float f = float(x);
	return f == 0.0f || isinf(f) ? f : exact_step(f, ` + factor + ` > 1.0 ? 1 : -1);
}
#define NATIVE_NARROW(x) off_narrow(x)
`
}

// NoDoubles is a macro for arithmetic without double.
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
#undef NATIVE_NARROW
`

// renamed renames the functions, to avoid a conflict with those that the device
// declares.
func renamed(source string) string { return strings.ReplaceAll(source, "exact_", "corrected_") }
