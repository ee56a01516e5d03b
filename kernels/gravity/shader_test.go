package gravity

import (
	"context"
	"fmt"
	"math"
	"offload/device"
	"offload/internal/gltest"
	"testing"
)

// Launches with more targets take one pass, with fewer as many as there are groups
// of tiles; the sums are the same.
func TestPassesOfGravityChangeNoBit(t *testing.T) {
	d := gltest.Open(t, device.Options{})
	for _, k := range []*device.Kernel{Force(device.Float32), Force(device.Float64), Potential(device.Float32), Potential(device.Float64)} {
		width := 1
		if k == Force(device.Float32) || k == Force(device.Float64) {
			width = AccelWidth
		}
		for _, g := range []gravityPlan{{width, 1, 1}, {width, 1 << 20, 1}, {width, 1 << 20, 4000}} {
			c := gltest.Altered(k, func(s *device.Shader) { s.Plan = g.cut })
			name := fmt.Sprintf("%s/one pass from %d targets, %d sums at once", k.Name, g.targets, g.sums)
			t.Run(name, func(t *testing.T) { gltest.Verify(t, d, c, 256, 257, 1000, 1600) })
		}
	}
}

// A home beyond the range of sums of int puts all sources before or after.
func TestShadersTakeFarHomes(t *testing.T) {
	d := gltest.Open(t, device.Options{})
	for _, k := range []*device.Kernel{Force(device.Float32), Potential(device.Float64)} {
		for _, home := range []int32{Unrelated, Unrelated + 1, -700, 700, math.MaxInt32} {
			c := gltest.Altered(k, func(*device.Shader) {})
			examples := c.Examples
			c.Examples = func(n int) []*device.Call {
				calls := examples(n)
				for _, c := range calls {
					c.Args[gravHome] = device.HostVal(home)
				}
				return calls
			}
			gltest.Verify(t, d, c, 9, 600)
		}
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
