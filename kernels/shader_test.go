package kernels

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"offload/device"
	"offload/internal/gltest"
	"offload/shaders/shadertest"
)

// Shaders give the bits of the contracts at sizes around those of tiles, lanes,
// squares and segments; the examples have 1, 2, 3, 16 and 33 sweeps and ranges of
// rows.
func TestShadersEqualContracts(t *testing.T) {
	d := gltest.Open(t, device.Options{})
	for _, k := range All() {
		t.Run(k.Name, func(t *testing.T) {
			verifySizes(t, d, k, 0, 1, 2, 3, 7, 8, 9, 63, 64, 65, 257, 513)
			if !testing.Short() {
				verifySizes(t, d, k, 1000)
			}
		})
	}
}

func verifySizes(t *testing.T, d device.Device, k *device.Kernel, sizes ...int) {
	t.Helper()
	for _, n := range sizes {
		if err := device.Verify(context.Background(), d, k, n); err != nil {
			t.Fatalf("n = %d: %v", n, err)
		}
	}
}

// altered is a kernel with another shader.
func altered(k *device.Kernel, alter func(*device.Shader)) *device.Kernel {
	a, shader := *k, *k.Shader
	a.Name += " altered"
	a.Shader = &shader
	alter(&shader)
	a.Examples = func(n int) []*device.Call {
		calls := k.Examples(n)
		for _, c := range calls {
			c.Kernel = &a
		}
		return calls
	}
	return &a
}

// With a driver whose operations are neither fused nor exact the shaders give the
// same bits.
func TestCorrectedShadersEqualContracts(t *testing.T) {
	d := gltest.Open(t, device.Options{})
	for _, k := range All() {
		c := altered(k, func(s *device.Shader) {
			s.Source = shadertest.Corrected(s.Source, shadertest.Off("1.0000019"))
		})
		t.Run(k.Name, func(t *testing.T) { verifySizes(t, d, c, 3, 65, 300) })
	}
}

// Launches with more targets take one pass, with fewer as many as there are groups
// of tiles; the sums are the same.
func TestPassesOfGravityChangeNoBit(t *testing.T) {
	d := gltest.Open(t, device.Options{})
	for _, k := range []*device.Kernel{force32, force64, potential32, potential64} {
		width := 1
		if k == force32 || k == force64 {
			width = AccelWidth
		}
		for _, g := range []gravityPlan{{width, 1, 1}, {width, 1 << 20, 1}, {width, 1 << 20, 4000}} {
			c := altered(k, func(s *device.Shader) { s.Plan = g.cut })
			name := fmt.Sprintf("%s/one pass from %d targets, %d sums at once", k.Name, g.targets, g.sums)
			t.Run(name, func(t *testing.T) { verifySizes(t, d, c, 256, 257, 1000, 1600) })
		}
	}
}

// A home beyond the range of sums of int puts all sources before or behind.
func TestShadersTakeFarHomes(t *testing.T) {
	d := gltest.Open(t, device.Options{})
	for _, k := range []*device.Kernel{force32, potential64} {
		for _, home := range []int32{Unrelated, Unrelated + 1, -700, 700, math.MaxInt32} {
			c := altered(k, func(*device.Shader) {})
			examples := c.Examples
			c.Examples = func(n int) []*device.Call {
				calls := examples(n)
				for _, c := range calls {
					c.Args[gravHome] = device.HostVal(home)
				}
				return calls
			}
			verifySizes(t, d, c, 9, 600)
		}
	}
}

// Squares of points whose rim ends before the edge of the plate, on it or behind.
func TestShadersMeetEdges(t *testing.T) {
	d := gltest.Open(t, device.Options{})
	for n := 96; n < 120; n++ {
		verifySizes(t, d, laplacian32, n)
	}
}

// Values around the floors of values and of squares.
func TestShadersFlush(t *testing.T) {
	d := gltest.Open(t, device.Options{})
	testFlush(t, d, laplacian32, float32(0x1p-100))
	testFlush(t, d, laplacian64, 0x1p-950)
	testFlush(t, d, heat32, float32(0x1p-100))
	testFlush(t, d, heat64, 0x1p-950)
}

// testFlush runs k on fields of all magnitudes from least to 1.
func testFlush[T device.Float](t *testing.T, d device.Device, k *device.Kernel, least T) {
	t.Helper()
	_, exponent := math.Frexp(float64(least))
	c := altered(k, func(*device.Shader) {})
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
	verifySizes(t, d, c, 9, 65, 200)
}

// Fast arithmetic changes no bit of the stencils.
func TestFastStencilsAreExact(t *testing.T) {
	d := gltest.Open(t, device.Options{Math: device.Fast})
	for _, k := range []*device.Kernel{laplacian32, laplacian64, heat32, heat64} {
		if k.Shader.FastError != 0 {
			t.Errorf("%s states an error of %g", k.Name, k.Shader.FastError)
		}
		verifySizes(t, d, k, 65)
	}
}

// What fills up a tile adds nothing, also to a target so near to the origin that
// the inverse of the distance's cube would overflow.
func TestPaddedTilesAddNothing(t *testing.T) {
	d := gltest.Open(t, device.Options{})
	testPaddedTiles[float32](t, d, 1e-14)
	testPaddedTiles[float64](t, d, 1e-120)
}

func testPaddedTiles[T device.Float](t *testing.T, d device.Device, near T) {
	for _, k := range []*device.Kernel{Force(device.TypeOf[T]()), Potential(device.TypeOf[T]())} {
		width := 1
		if k == Force(device.TypeOf[T]()) {
			width = AccelWidth
		}
		bodies := []T{near, 0, 0, 1, 1, 0, 0, 1, 0, 2, 0, 1, 0, 0, 3, 1, -1, 1, 1, 1}
		got := &device.Call{Kernel: k, Rows: device.Range{Hi: 5}, Args: gravityHostArgs(bodies, bodies, make([]T, 5*width), width)}
		want := got.Clone()
		if err := want.Contract(); err != nil {
			t.Fatal(err)
		}
		if err := got.Run(context.Background(), d); err != nil {
			t.Fatal(err)
		}
		if diff := device.Diff(got, want); diff != nil {
			t.Error(diff)
		}
	}
}

func gravityHostArgs[T device.Float](targets, sources, result []T, width int) []device.HostArg {
	return []device.HostArg{
		gravTargets: device.HostMat(targets, BodyWidth), gravSources: device.HostMat(sources, BodyWidth),
		gravResult: device.HostMat(result, width), gravSoftening: device.HostVal(T(0)), gravHome: device.HostVal(int32(0)),
	}
}
