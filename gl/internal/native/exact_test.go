package native_test

import (
	"context"
	"errors"
	"math"
	"os"
	"strings"
	"testing"

	"offload/device"
	"offload/gl"
	"offload/gl/internal/native"
	"offload/internal/ieee"
	"offload/shaders"
)

// manyRows is the number of triples on which an operation is tested.
const manyRows = 120_000

// open opens the device on which OFFLOAD_REQUIRE_GL insists: gpu, or any other
// word for a software rasteriser. Without it the test is skipped where none is.
func open(t *testing.T) device.Device {
	t.Helper()
	required, class := os.Getenv("OFFLOAD_REQUIRE_GL"), device.Software
	if required == "gpu" {
		class = device.GPU
	}
	d, err := gl.Open(context.Background(), class, 0, device.Options{})
	if errors.Is(err, device.ErrUnavailable) && required == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// again is the arithmetic once more, under the prefix forced_, with none of the
// driver's operations taken as exact and with the macros given.
func again(macros string) string {
	return `
#undef FMA32_FUSED
#undef FMA64_FUSED
#undef SQRT32_EXACT
#undef SQRT64_EXACT
#undef DIV32_EXACT
#undef DIV64_EXACT
#undef NATIVE_SQRT
#undef NATIVE_DIV
` + macros + strings.ReplaceAll(shaders.Arithmetic(), "exact_", "forced_")
}

// off makes the driver's roots and quotients wrong by a factor.
func off(factor string) string {
	return `
float off(float x) { return ` + factor + `; }
double off(double x) { return ` + factor + `lf; }
#define NATIVE_SQRT(x) (sqrt(x) * off(x))
#define NATIVE_DIV(x, y) ((x) / (y) * off(x))
`
}

// ways are what the arithmetic may have to live with.
var ways = []struct {
	name, text, prefix string
	single             bool // for float alone
}{
	{"as the device is", "", "exact_", false},
	{"corrected", again(""), "forced_", false},
	{"corrected from estimates too large", again(off("1.0000019")), "forced_", false},
	{"corrected from estimates too small", again(off("0.9999981")), "forced_", false},
	{"corrected from estimates a little off", again(off("1.00000012")), "forced_", false},
	{"without double", again("#undef DOUBLES\n"), "forced_", true},
}

func TestOperationsAreExact(t *testing.T) {
	d := open(t)
	testOperations(t, d, native.Fused[float32](), "fma(x, y, z)")
	testOperations(t, d, native.Fused[float64](), "fma(x, y, z)")
	testOperations(t, d, native.Root[float32](), "sqrt(x)")
	testOperations(t, d, native.Root[float64](), "sqrt(x)")
	testOperations(t, d, native.Quotient[float32](), "div(x, y)")
	testOperations(t, d, native.Quotient[float64](), "div(x, y)")
	testOperations(t, d, reciprocal[float32](), "reciprocal(x)")
	testOperations(t, d, reciprocal[float64](), "reciprocal(x)")
}

func testOperations[T device.Float](t *testing.T, d device.Device, o native.Operation[T], call string) {
	for _, w := range ways {
		typ := device.TypeOf[T]()
		if w.single && typ == device.Float64 {
			continue
		}
		t.Run(o.Name+" "+typ.String()+" "+w.name, func(t *testing.T) {
			k := native.Kernel(w.name, w.text, o, w.prefix+call, manyRows)
			if err := device.Verify(context.Background(), d, k, 0); err != nil {
				t.Error(err)
			}
		})
	}
}

// reciprocal is 1/x, of divisors of quotients.
func reciprocal[T device.Float]() native.Operation[T] {
	o := native.Quotient[T]()
	operands := o.Operands
	o.Name = "reciprocal"
	o.Go = func(x, _, _ T) T { return 1 / x }
	o.Operands = func(n int) []T {
		s := operands(n)
		for i := 0; i < len(s); i += 3 {
			s[i] = s[i+1]
			for ieee.Abs(1/s[i]) < smallestNormal[T]() {
				s[i] /= 4
			}
		}
		return s
	}
	return o
}

// smallestNormal is the smallest number with a full significand.
func smallestNormal[T device.Float]() T {
	if device.TypeOf[T]() == device.Float32 {
		return T(math.Ldexp(1, -126))
	}
	return T(math.Ldexp(1, -1022))
}
