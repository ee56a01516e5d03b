package native_test

import (
	"context"
	"math"
	"math/rand/v2"
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
	testOperations(t, d, narrow(), "double(exact_narrow(x))")
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

// narrow rounds a double to float: to numbers on both sides of the middle between two
// floats, on it, and near the ends of the exponents.
func narrow() native.Operation[float64] {
	return native.Operation[float64]{
		Name: "narrow",
		Go:   func(x, _, _ float64) float64 { return float64(float32(x)) },
		Operands: func(n int) []float64 {
			r := rand.New(rand.NewPCG(3, 4))
			s := []float64{0, 0, 0, math.Inf(1), 0, 0, math.Inf(-1), 0, 0, 0x1p-126, 0, 0, math.MaxFloat32, 0, 0, 0x1p300, 0, 0}
			for len(s) < 3*n {
				f := math.Float32frombits(r.Uint32()&0x807fffff | uint32(1+r.IntN(254))<<23)
				if r.IntN(4) == 0 { // next to a power of two
					f = math.Float32frombits(math.Float32bits(f)&0xff800000 + uint32(r.IntN(3)))
				}
				x := (float64(f) + float64(math.Nextafter32(f, 2*f))) / 2
				switch r.IntN(5) {
				case 0:
					x = math.Nextafter(x, 0)
				case 1:
					x = math.Nextafter(x, 2*x)
				case 2:
					x = float64(f) * (1 + 0x1p-23*r.Float64())
				case 3:
					x = math.Nextafter(float64(f), 2*float64(f))
				}
				s = append(s, x, 0, 0)
			}
			return s
		},
	}
}
