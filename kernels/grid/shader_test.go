package grid

import (
	"math"
	"math/rand/v2"
	"offload/device"
	"offload/internal/gltest"
	"testing"
)

// Squares of points whose rim ends before the edge of the plate, on it or behind.
func TestShadersMeetEdges(t *testing.T) {
	d := gltest.Open(t, device.Options{})
	for n := 96; n < 120; n++ {
		gltest.Verify(t, d, Laplacian(device.Float32), n)
	}
}

// Values around the floors of values and of squares.
func TestShadersFlush(t *testing.T) {
	d := gltest.Open(t, device.Options{})
	testFlush(t, d, Laplacian(device.Float32), float32(0x1p-100))
	testFlush(t, d, Laplacian(device.Float64), 0x1p-950)
	testFlush(t, d, Heat(device.Float32), float32(0x1p-100))
	testFlush(t, d, Heat(device.Float64), 0x1p-950)
}

// testFlush runs k on fields of all magnitudes from least to 1.
func testFlush[T device.Float](t *testing.T, d device.Device, k *device.Kernel, least T) {
	t.Helper()
	_, exponent := math.Frexp(float64(least))
	c := gltest.Altered(k, func(*device.Shader) {})
	examples := c.Examples
	c.Examples = func(n int) []*device.Call {
		calls := examples(n)
		for _, c := range calls {
			field := device.As[T](c.Args[stencilIn].Data)
			r := rand.New(rand.NewPCG(1, uint64(len(field))))
			for i := range field {
				field[i] = T(math.Ldexp(1+r.Float64(), exponent+r.IntN(-exponent)))
			}
			for i := range len(field) / 2 { // one half small, or the large ones win
				field[i] = T(math.Ldexp(1+r.Float64(), exponent+r.IntN(40)))
			}
		}
		return calls
	}
	gltest.Verify(t, d, c, 9, 65, 200)
}

// Fast arithmetic changes no bit of the stencils.
func TestFastStencilsAreExact(t *testing.T) {
	d := gltest.Open(t, device.Options{Math: device.Fast})
	for _, k := range []*device.Kernel{Laplacian(device.Float32), Laplacian(device.Float64), Heat(device.Float32), Heat(device.Float64)} {
		if k.Shader.FastError != 0 {
			t.Errorf("%s states an error of %g", k.Name, k.Shader.FastError)
		}
		gltest.Verify(t, d, k, 65)
	}
}
