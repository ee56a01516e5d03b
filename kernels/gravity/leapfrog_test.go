package gravity

import (
	"errors"
	"math"
	"testing"

	"offload/device"
	"offload/kernels/internal/leapfrog"
)

// sameNumbers reports whether a and b have the same bits.
func sameNumbers(a, b []float64) bool {
	for i := range a {
		if math.Float64bits(a[i]) != math.Float64bits(b[i]) {
			return false
		}
	}
	return len(a) == len(b)
}

// Every form of host code has the bits of the contract, and touches nothing behind its rows.
func TestLeapfrogForms(t *testing.T) {
	for _, f := range leapfrog.Forms() {
		if !f.Ready() {
			t.Logf("this machine has no %s", f.Name)
			continue
		}
		for _, n := range []int{0, 1, 2, 3, 7, 8, 13, 16, 17, 31, 127, 128, 129, 211} {
			for _, c := range Leapfrog().Examples(n) {
				want := c.Clone()
				if err := want.Contract(); err != nil {
					t.Fatal(err)
				}
				bodies := device.As[float64](c.Args[leapBodies].Data)
				l := &device.Launch{Args: []device.Arg{leapCount: c.Args[leapCount].Value, leapStep: c.Args[leapStep].Value}}
				count := int(device.Scalar[int32](l, leapCount))
				got := device.As[float64](c.Args[leapParticles].Data)
				rows := c.Rows
				for lo := rows.Lo; lo < rows.Hi; lo += leapfrog.Size {
					part := got[lo*ParticleWidth : min(lo+leapfrog.Size, rows.Hi)*ParticleWidth]
					var guarded [2]leapfrog.Block // the second is a guard
					m := guarded[0].Load(part)
					f.Advance(&guarded[0], m, bodies, count, len(bodies)/BodyWidth/count, device.Scalar[float64](l, leapStep))
					guarded[0].Store(part)
					if guarded[1] != (leapfrog.Block{}) {
						t.Fatalf("%s wrote behind the block", f.Name)
					}
				}
				if !sameNumbers(got, device.As[float64](want.Args[leapParticles].Data)) {
					t.Errorf("%s, %d particles, %s: other bits than the contract", f.Name, n, c.Label)
				}
			}
		}
	}
}

// leap runs the contract on one particle.
func leap(t *testing.T, particle, bodies []float64, count int, h float64) []float64 {
	t.Helper()
	out := append([]float64(nil), particle...)
	c := &device.Call{Kernel: Leapfrog(), Args: []device.HostArg{
		device.HostMat(out, ParticleWidth), device.HostMat(bodies, BodyWidth), device.HostVal(int32(count)), device.HostVal(h)}}
	if err := c.Contract(); err != nil {
		t.Fatal(err)
	}
	return out
}

// Steps in one launch have the bits of steps in several.
func TestLeapfrogLaunchesJoin(t *testing.T) {
	c := Leapfrog().Examples(5)[1]
	bodies, particles := device.As[float64](c.Args[leapBodies].Data), device.As[float64](c.Args[leapParticles].Data)
	const count, h = 9, -1. / 128
	whole := leap(t, particles, bodies, count, h)
	parts := leap(t, particles, bodies[:3*count*BodyWidth], count, h)
	if parts = leap(t, parts, bodies[2*count*BodyWidth:], count, h); !sameNumbers(whole, parts) {
		t.Errorf("%v in two launches, %v in one", parts, whole)
	}
}

// The error of an orbit is of second order, and steps back lead to where it began.
func TestLeapfrogOrbit(t *testing.T) {
	start := []float64{1, 0, 0, 0, 1, 0}
	var off [2]float64
	for k := range off {
		steps := 500 << k
		h := 2 * math.Pi / float64(steps)
		bodies := make([]float64, (steps+1)*BodyWidth)
		for i := 3; i < len(bodies); i += BodyWidth {
			bodies[i] = 1
		}
		end := leap(t, start, bodies, 1, h)
		off[k] = math.Hypot(end[0]-1, end[1])
		for i, v := range leap(t, end, bodies, 1, -h) {
			if math.Abs(v-start[i]) > 1e-12 {
				t.Errorf("%d steps: back at %v", steps, v)
			}
		}
	}
	if r := off[0] / off[1]; math.Abs(r-4) > 0.01 || off[1] > 1e-4 {
		t.Errorf("errors %v", off)
	}
}

// The inverse cube is as near as a few roundings, between 2^-63 and 2^63.
func TestLeapfrogPull(t *testing.T) {
	worst := 0.0
	for i := range 20000 {
		r := math.Ldexp(1+float64(i%997)/997, i%125-62)
		// From rest, the first kick and drift lead to h²/2 times the pull.
		got := leap(t, []float64{0, 0, 0, 0, 0, 0}, []float64{r, 0, 0, 1, r, 0, 0, 1}, 1, 0x1p-500)[0]
		want := 0x1p-1000 / 2 / r / r
		worst = max(worst, math.Abs(got/want-1))
	}
	if worst > 6e-16 {
		t.Errorf("relative error %g", worst)
	}
}

// A particle at a body has no finite values, and one beyond the range feels nothing.
func TestLeapfrogRange(t *testing.T) {
	for _, c := range []struct {
		name   string
		x      float64
		finite bool
	}{{"at the body", 0, false}, {"nearer than 2^-63", 0x1p-64, false}, {"at 2^-63", 0x1p-63, true}, {"far away", 0x1p70, true}} {
		got := leap(t, []float64{c.x, 0, 0, 0, 0, 0}, []float64{0, 0, 0, 1, 0, 0, 0, 1}, 1, 0x1p-200)
		finite := true
		for _, v := range got {
			finite = finite && v-v == 0
		}
		if finite != c.finite {
			t.Errorf("%s: %v", c.name, got)
		}
		if c.x == 0x1p70 && (got[0] != c.x || got[3] != 0) {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestLeapfrogRefuses(t *testing.T) {
	for _, c := range []struct {
		name        string
		width, rows int
		count       int
		h           float64
	}{
		{"particles of three numbers", 3, 4, 2, 1},
		{"no bodies", 6, 4, 0, 1},
		{"a negative number of bodies", 6, 4, -2, 1},
		{"bodies at one time", 6, 4, 4, 1},
		{"bodies at a time and a half", 6, 3, 2, 1},
		{"NaN step", 6, 4, 2, math.NaN()},
		{"infinite step", 6, 4, 2, math.Inf(-1)},
		{"too many steps", 6, MaxLeapfrogSteps + 2, 1, 1},
	} {
		call := &device.Call{Kernel: Leapfrog(), Args: []device.HostArg{
			device.HostMat(make([]float64, 6), c.width), device.HostMat(make([]float64, c.rows*BodyWidth), BodyWidth),
			device.HostVal(int32(c.count)), device.HostVal(c.h)}}
		if err := call.Contract(); !errors.Is(err, device.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", c.name, err)
		}
	}
}
