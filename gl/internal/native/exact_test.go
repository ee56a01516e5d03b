package native_test

import (
	"context"
	"math"
	"testing"

	"offload/device"
	"offload/gl/internal/native"
	"offload/internal/gltest"
	"offload/internal/ieee"
	"offload/shaders/shadertest"
)

// manyRows is the number of triples on which an operation is tested.
const manyRows = 120_000

// ways are the combinations of capabilities that the arithmetic must work with.
var ways = []struct {
	name   string
	change func(source string) string
	single bool // for float alone
}{
	{"as the driver is", func(s string) string { return s }, false},
	{"corrected", corrected(""), false},
	{"corrected from estimates too large", corrected(shadertest.Off("1.0000019")), false},
	{"corrected from estimates too small", corrected(shadertest.Off("0.9999981")), false},
	{"corrected from estimates a little off", corrected(shadertest.Off("1.00000012")), false},
	{"without double", corrected(shadertest.NoDoubles), true},
}

func corrected(macros string) func(string) string {
	return func(source string) string { return shadertest.Corrected(source, macros) }
}

func TestOperationsAreExact(t *testing.T) {
	d := gltest.Open(t, device.Options{})
	testOperations(t, d, native.Fused[float32](), "exact_fma(x, y, z)")
	testOperations(t, d, native.Fused[float64](), "exact_fma(x, y, z)")
	testOperations(t, d, native.Root[float32](), "exact_sqrt(x)")
	testOperations(t, d, native.Root[float64](), "exact_sqrt(x)")
	testOperations(t, d, native.Quotient[float32](), "exact_div(x, y)")
	testOperations(t, d, native.Quotient[float64](), "exact_div(x, y)")
	testOperations(t, d, reciprocal[float32](), "exact_reciprocal(x)")
	testOperations(t, d, reciprocal[float64](), "exact_reciprocal(x)")
}

func testOperations[T device.Float](t *testing.T, d device.Device, o native.Operation[T], call string) {
	for _, w := range ways {
		typ := device.TypeOf[T]()
		if w.single && typ == device.Float64 {
			continue
		}
		t.Run(o.Name+" "+typ.String()+" "+w.name, func(t *testing.T) {
			k := native.Kernel(w.name, o, w.change(native.Source[T](call)), manyRows)
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
			if q := ieee.Abs(1 / s[i]); q != 0 && q < smallestNormal[T]() {
				s[i] /= 16
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
