package gravity

import (
	"errors"
	"math"
	"testing"

	"offload/device"
	"offload/internal/ieee"
	"offload/kernels/internal/base"
)

// contractOf runs a kernel's contract on one set of bodies, for the rows given,
// and returns the result.
func contractOf[T device.Float](t *testing.T, k *device.Kernel, width int, targets, sources []T, eps T, home int, rows device.Range) []T {
	t.Helper()
	out := make([]T, len(targets)/BodyWidth*width)
	c := &device.Call{Kernel: k, Rows: rows, Args: []device.HostArg{
		device.HostMat(targets, BodyWidth), device.HostMat(sources, BodyWidth), device.HostMat(out, width),
		device.HostVal(eps), device.HostVal(int32(home))}}
	if err := c.Contract(); err != nil {
		t.Fatal(err)
	}
	return out
}

func forces[T device.Float](t *testing.T, bodies []T, eps T) []T {
	return contractOf(t, Force(device.TypeOf[T]()), AccelWidth, bodies, bodies, eps, 0, device.Range{Hi: len(bodies) / BodyWidth})
}

// exactForce is the acceleration of body i in float64 with carried sums, straight
// from the formula.
func exactForce[T device.Float](bodies []T, i int, eps float64) [3]float64 {
	var sum [3]carriedSum[float64]
	b := func(j, c int) float64 { return float64(bodies[j*BodyWidth+c]) }
	for j := range len(bodies) / BodyWidth {
		d := [3]float64{b(j, 0) - b(i, 0), b(j, 1) - b(i, 1), b(j, 2) - b(i, 2)}
		r2 := d[0]*d[0] + d[1]*d[1] + d[2]*d[2] + eps*eps
		if r2 == 0 {
			continue
		}
		for c := range 3 {
			sum[c].add(b(j, 3) * d[c] / (r2 * math.Sqrt(r2)))
		}
	}
	return [3]float64{sum[0].value(), sum[1].value(), sum[2].value()}
}

// The RMS relative error of float32 stays below 5e-7, however many bodies.
func TestForceAccuracy(t *testing.T) {
	for _, n := range []int{256, 4096, 131072} {
		if testing.Short() && n > 5000 {
			continue
		}
		const samples = 128
		bodies := Plummer[float32](n, 7)
		eps := float32(1) / 64
		rows := device.Range{Lo: n/2 - samples/2, Hi: n/2 + samples/2}
		acc := contractOf(t, Force(device.Float32), AccelWidth, bodies, bodies, eps, 0, rows)
		sum := 0.0
		for i := rows.Lo; i < rows.Hi; i++ {
			want := exactForce(bodies, i, float64(eps))
			diff, norm := 0.0, 0.0
			for c := range 3 {
				d := float64(acc[i*AccelWidth+c]) - want[c]
				diff, norm = diff+d*d, norm+want[c]*want[c]
			}
			sum += diff / norm
		}
		rms := math.Sqrt(sum / samples)
		t.Logf("n = %d: RMS relative error %.2e", n, rms)
		if !(rms <= 5e-7) {
			t.Errorf("n = %d: RMS relative error %.2e, want at most 5e-7", n, rms)
		}
	}
}

func TestForceOfTwoBodies(t *testing.T) {
	bodies := []float64{0, 0, 0, 8, 2, 0, 0, 4}
	got := forces(t, bodies, 0)
	want := []float64{1, 0, 0, -2, 0, 0} // gm/d²
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("accelerations %v, want %v", got, want)
		}
	}
	phi := contractOf(t, Potential(device.Float64), 1, bodies, bodies, 0, 0, device.Range{Hi: 2})
	if phi[0] != -2 || phi[1] != -4 {
		t.Errorf("potentials %v, want [-2 -4]", phi)
	}
}

// Coincident bodies do not attract each other, and softening needs no special
// case; the potential counts a softened neighbour in the same place.
func TestCoincidentBodies(t *testing.T) {
	bodies := []float64{1, 2, 3, 5, 1, 2, 3, 7, 1, 2, 5, 0}
	for _, eps := range []float64{0, 0.5} {
		got := forces(t, bodies, eps)
		d := 4 + eps*eps
		if got[0] != 0 || got[3] != 0 || got[2] != 0 || math.Abs(got[8]+2*12/(d*math.Sqrt(d))) > 1e-15 {
			t.Errorf("ε = %g: accelerations %v", eps, got)
		}
	}
	phi := contractOf(t, Potential(device.Float64), 1, bodies, bodies, 0.5, 0, device.Range{Hi: 3})
	if phi[0] != -14 || phi[1] != -10 {
		t.Errorf("potentials %v, want −14 and −10 first", phi)
	}
}

// forcePairsOnce evaluates each pair of bodies once and serves both, with vectors
// of targets against single sources: what fast host code does. It must give the
// contract's bits.
func forcePairsOnce[T device.Float](bodies []T, eps T) []T {
	n, lanes := len(bodies)/BodyWidth, gravityLanes[T]()
	tiles := (n + SourceTile - 1) / SourceTile
	partial := make([][]T, tiles) // partial[J]: sums of tile J's sources, for every target
	for j := range partial {
		partial[j] = make([]T, 3*n)
	}
	tile := func(k int) device.Range { return device.Range{Lo: k * SourceTile, Hi: min((k+1)*SourceTile, n)} }
	for a := range tiles {
		for i := tile(a).Lo; i < tile(a).Hi; i++ { // within a tile: one-sided
			x, y, z := forceOrdered(bodies[i*4:][:3], bodies[tile(a).Lo*4:tile(a).Hi*4], T(eps*eps))
			copy(partial[a][3*i:], []T{x, y, z})
		}
		for b := a + 1; b < tiles; b++ {
			for j := tile(b).Lo; j < tile(b).Hi; j++ {
				var back [3][base.MaxLanes]T // source j's own sums, spread over the lanes of the targets
				for i := tile(a).Lo; i < tile(a).Hi; i++ {
					lane := (i - tile(a).Lo) % lanes
					d := [3]T{bodies[j*4] - bodies[i*4], bodies[j*4+1] - bodies[i*4+1], bodies[j*4+2] - bodies[i*4+2]}
					w := inverseCube(d[0], d[1], d[2], T(eps*eps))
					to, from := T(bodies[j*4+3]*w), T(bodies[i*4+3]*w)
					for c := range 3 {
						partial[b][3*i+c] = ieee.FMA(to, d[c], partial[b][3*i+c])
						back[c][lane] = ieee.FMA(from, -d[c], back[c][lane])
					}
				}
				for c := range 3 {
					partial[a][3*j+c] = base.JoinLanes(&back[c], lanes)
				}
			}
		}
	}
	out := make([]T, 3*n)
	for i := range n {
		var sum vectorSum[T]
		for k := range tiles {
			sum.add(partial[k][3*i], partial[k][3*i+1], partial[k][3*i+2])
		}
		sum.store(out[3*i:])
	}
	return out
}

func TestContractAllowsEachPairOnce(t *testing.T) {
	for _, n := range []int{1, 7, 255, 256, 257, 700, 1025} {
		testPairsOnce[float32](t, n)
		testPairsOnce[float64](t, n)
	}
}

func testPairsOnce[T device.Float](t *testing.T, n int) {
	t.Helper()
	bodies := Plummer[T](n, 3)
	got, want := forcePairsOnce(bodies, T(0.125)), forces(t, bodies, T(0.125))
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("%v, n = %d, component %d: %v with each pair once, the contract says %v", device.TypeOf[T](), n, i, got[i], want[i])
		}
	}
}

// A slice of the sources gives a partial sum; the slices together give the whole,
// to rounding.
func TestSourceSlicesAddUp(t *testing.T) {
	const n = 600
	bodies := Plummer[float64](n, 5)
	all := device.Range{Hi: n}
	whole := forces(t, bodies, 0)
	sum := make([]float64, 3*n)
	for p := range 4 {
		r := all.Part(p, 4)
		part := contractOf(t, Force(device.Float64), AccelWidth, bodies, bodies[r.Lo*4:r.Hi*4], 0, -r.Lo, all)
		for i := range sum {
			sum[i] += part[i]
		}
	}
	for i := range sum {
		if math.Abs(sum[i]-whole[i]) > 1e-13 {
			t.Fatalf("component %d: the slices add up to %g, the whole is %g", i, sum[i], whole[i])
		}
	}
}

func TestPotentialIsTheForcesSource(t *testing.T) {
	const n, h = 300, 1e-5
	bodies := Plummer[float64](n, 9)
	acc := forces(t, bodies, 0.1)
	probe := append([]float64(nil), bodies...)
	at := func(dx float64) float64 {
		probe[17*4] = bodies[17*4] + dx
		return contractOf(t, Potential(device.Float64), 1, probe, bodies, 0.1, 0, device.Range{Lo: 17, Hi: 18})[17]
	}
	if slope := (at(h) - at(-h)) / (2 * h); math.Abs(slope+acc[17*3]) > 1e-6*math.Abs(acc[17*3])+1e-8 {
		t.Errorf("−∂φ/∂x = %g, acceleration %g", -slope, acc[17*3])
	}
}

func TestCheckBodies(t *testing.T) {
	good := Plummer[float32](5, 1)
	if err := CheckBodies(good); err != nil {
		t.Errorf("a Plummer sphere is refused: %v", err)
	}
	if err := CheckBodies([]float64{}); err != nil {
		t.Errorf("no bodies are refused: %v", err)
	}
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	for _, c := range []struct {
		name  string
		index int
		value float32
	}{{"NaN", 4, nan}, {"Inf", 5, inf}, {"negative gm", 7, -1}, {"overflow", 8, 1e20}, {"NaN gm", 11, nan}} {
		bad := append([]float32(nil), good...)
		bad[c.index] = c.value
		if err := CheckBodies(bad); !errors.Is(err, device.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", c.name, err)
		}
	}
	if err := CheckBodies(good[:7]); !errors.Is(err, device.ErrInvalid) {
		t.Errorf("7 numbers: %v, want ErrInvalid", err)
	}
}

func TestGravityRefuses(t *testing.T) {
	bodies, acc := Plummer[float32](4, 1), make([]float32, 12)
	for _, c := range []struct {
		name         string
		eps          float32
		wide, narrow int
	}{
		{"negative softening", -1, 4, 3},
		{"NaN softening", float32(math.NaN()), 4, 3},
		{"softening with a subnormal square", 1e-20, 4, 3},
		{"softening with an infinite square", 1e30, 4, 3},
		{"bodies of two numbers", 0, 2, 3},
		{"accelerations of four numbers", 0, 4, 4},
	} {
		call := &device.Call{Kernel: Force(device.Float32), Rows: device.Range{Hi: 3}, Args: []device.HostArg{
			device.HostMat(bodies, c.wide), device.HostMat(bodies, c.wide), device.HostMat(acc, c.narrow),
			device.HostVal(c.eps), device.HostVal(int32(0))}}
		if err := call.Contract(); !errors.Is(err, device.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", c.name, err)
		}
	}
}

// The sphere has total gm 1, half of it within 1.305 scale radii.
func TestPlummer(t *testing.T) {
	const n = 20_000
	bodies := Plummer[float64](n, 1)
	inside, total := 0, 0.0
	for i := 0; i < len(bodies); i += 4 {
		if math.Sqrt(bodies[i]*bodies[i]+bodies[i+1]*bodies[i+1]+bodies[i+2]*bodies[i+2]) < 1.305 {
			inside++
		}
		total += bodies[i+3]
	}
	if share := float64(inside) / n; math.Abs(share-0.5) > 0.015 {
		t.Errorf("%g of the bodies are within the half-mass radius", share)
	}
	if math.Abs(total-1) > 1e-9 {
		t.Errorf("total gm %g, want 1", total)
	}
}
