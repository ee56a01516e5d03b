package gravity

import (
	"context"
	"math"
	"testing"

	"offload/device"
	"offload/internal/gltest"
)

// Fast results are as close to the formula as the shaders state, in parts of the
// sum of the magnitudes of what the sources add.
func TestFastErrorOfGravity(t *testing.T) {
	d := gltest.Open(t, device.Options{Math: device.Fast})
	for _, n := range []int{1, 2, 37, 300, 2000} {
		testFastForce[float32](t, d, n)
		testFastForce[float64](t, d, n)
		testFastPotential[float32](t, d, n)
		testFastPotential[float64](t, d, n)
	}
}

func testFastForce[T device.Float](t *testing.T, d device.Device, n int) {
	k := Force(device.TypeOf[T]())
	for _, c := range k.Examples(n) {
		testFast[T](t, d, c, func(pair pairOf) []float64 {
			w := pair.gm / (pair.r2 * math.Sqrt(pair.r2))
			return []float64{w * pair.d[0], w * pair.d[1], w * pair.d[2]}
		})
	}
}

func testFastPotential[T device.Float](t *testing.T, d device.Device, n int) {
	k := Potential(device.TypeOf[T]())
	for _, c := range k.Examples(n) {
		testFast[T](t, d, c, func(pair pairOf) []float64 {
			if pair.self {
				return []float64{0}
			}
			return []float64{-pair.gm / math.Sqrt(pair.r2)}
		})
	}
}

// pairOf is a target and a source in float64: their distance in components, its
// square with ε², and the source's gm.
type pairOf struct {
	d      [3]float64
	r2, gm float64
	self   bool
}

// testFast compares a call with the sum of what each pair adds.
func testFast[T device.Float](t *testing.T, d device.Device, c *device.Call, adds func(pairOf) []float64) {
	t.Helper()
	if err := c.Run(context.Background(), d); err != nil {
		t.Fatal(err)
	}
	targets, sources, result := device.As[T](c.Args[gravTargets].Data), device.As[T](c.Args[gravSources].Data), device.As[T](c.Args[gravResult].Data)
	l := &device.Launch{Args: []device.Arg{gravSoftening: c.Args[gravSoftening].Value, gravHome: c.Args[gravHome].Value}}
	eps, home := float64(device.Scalar[T](l, gravSoftening)), int(device.Scalar[int32](l, gravHome))
	width, bound, worst := c.Args[gravResult].Width, c.Kernel.Shader.FastError, 0.0
	for i := c.Rows.Lo; i < c.Rows.Hi; i++ {
		sum, magnitude := make([]carriedSum[float64], width), 0.0
		for j := range len(sources) / BodyWidth {
			p := pairOf{gm: float64(sources[4*j+3]), r2: eps * eps, self: j == i+home}
			for x := range 3 {
				p.d[x] = float64(sources[4*j+x]) - float64(targets[4*i+x])
				p.r2 += p.d[x] * p.d[x]
			}
			if p.r2 == 0 {
				continue
			}
			norm := 0.0
			for x, v := range adds(p) {
				sum[x].add(v)
				norm += v * v
			}
			magnitude += math.Sqrt(norm)
		}
		off := 0.0
		for x := range sum {
			off += math.Pow(float64(result[i*width+x])-sum[x].value(), 2)
		}
		if magnitude == 0 {
			if off != 0 {
				t.Errorf("%s (%s): row %d is off by %g where nothing adds", c.Kernel.Name, c.Label, i, math.Sqrt(off))
			}
			continue
		}
		worst = max(worst, math.Sqrt(off)/magnitude)
	}
	t.Logf("%s (%s), %d rows: error %.2g, at most %.2g", c.Kernel.Name, c.Label, c.Rows.Len(), worst, bound)
	if !(worst <= bound) {
		t.Errorf("%s (%s): error %.3g, stated is %.3g", c.Kernel.Name, c.Label, worst, bound)
	}
}
