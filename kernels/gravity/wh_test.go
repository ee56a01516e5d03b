package gravity

import (
	"errors"
	"math"
	"testing"

	"offload/cpu"
	"offload/device"
)

// follow runs the contract of WisdomHolman on some particles.
func follow(t *testing.T, particles, maps []float64, count int, gm float64) []float64 {
	t.Helper()
	out := append([]float64(nil), particles...)
	c := &device.Call{Kernel: WisdomHolman(), Rows: device.Range{Hi: len(out) / ParticleWidth}, Args: []device.HostArg{
		device.HostMat(out, ParticleWidth), device.HostMat(maps, MapWidth), device.HostVal(int32(count)), device.HostVal(gm)}}
	if err := c.Contract(); err != nil {
		t.Fatal(err)
	}
	return out
}

// Every form of host code has the bits of the contract, on any number of workers, and touches nothing beside its rows.
func TestWisdomHolmanForms(t *testing.T) {
	for _, host := range WisdomHolman().Host {
		for _, workers := range []int{1, 3} {
			d, err := cpu.Open(t.Context(), device.Options{Variant: host.Name, Workers: workers, Kernels: []*device.Kernel{WisdomHolman()}})
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range []int{0, 1, 2, 3, 7, 8, 13, 31, 32, 33, 127, 128, 129, 300, 1021} {
				if err := device.Verify(t.Context(), d, WisdomHolman(), n); err != nil {
					t.Errorf("%s, %d workers, %d particles: %v", host.Name, workers, n, err)
				}
			}
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// Maps in one launch have the bits of maps in several.
func TestMapsOfLaunchesJoin(t *testing.T) {
	c := WisdomHolman().Examples(37)[1]
	maps, particles := device.As[float64](c.Args[whMaps].Data), device.As[float64](c.Args[whParticles].Data)
	const count = 9
	size := MapRows(count) * MapWidth
	whole, parts := follow(t, particles, maps, count, 1), particles
	for at := 0; at < len(maps); at += size {
		parts = follow(t, parts, maps[at:at+size], count, 1)
	}
	if !sameNumbers(whole, parts) {
		t.Error("maps one by one give other bits than together")
	}
}

// Without GM particles drift along straight lines, and a map of length 0 without a kick changes nothing.
func TestWisdomHolmanWithoutForces(t *testing.T) {
	start := []float64{1, 2, -3, 0.5, -0.25, 0}
	got := follow(t, start, []float64{2, 0, 0, 0, 0, 0, 0, 0}, 0, 0)
	for k, want := range []float64{2, 1.5, -3, 0.5, -0.25, 0} {
		if math.Abs(got[k]-want) > 1e-15 {
			t.Errorf("number %d: %v, want %v", k, got[k], want)
		}
	}
	if got := follow(t, start, make([]float64, 8), 0, 1); !sameNumbers(got, start) {
		t.Errorf("a map of nothing: %v", got)
	}
}

// A particle at a planet has no finite values after the next drift, and one at the star after any.
func TestWisdomHolmanMeetings(t *testing.T) {
	maps := []float64{1. / 64, 1. / 64, 0, 1, 0, 0, 0, 0, 1, 0, 0, 1e-3}
	for _, x := range []float64{1, 0} {
		for k, v := range follow(t, []float64{x, 0, 0, 0, 1, 0}, maps, 1, 1) {
			if v-v == 0 {
				t.Errorf("from %v: number %d is %v", x, k, v)
			}
		}
	}
}

func TestWisdomHolmanRefuses(t *testing.T) {
	for _, c := range []struct {
		name               string
		width, width2, all int
		count              int
		gm                 float64
	}{
		{"particles of three numbers", 3, 4, 4, 0, 1},
		{"maps of three numbers", 6, 3, 4, 0, 1},
		{"a negative number of planets", 6, 4, 4, -1, 1},
		{"planets without rows", 6, 4, 4, math.MaxInt32, 1},
		{"no map", 6, 4, 0, 0, 1},
		{"a map and a half", 6, 4, 3, 0, 1},
		{"too many maps", 6, 4, 2*MaxMaps + 2, 0, 1},
		{"NaN gm", 6, 4, 4, 0, math.NaN()},
		{"infinite gm", 6, 4, 4, 0, math.Inf(1)},
		{"negative gm", 6, 4, 4, 0, -1},
	} {
		call := &device.Call{Kernel: WisdomHolman(), Args: []device.HostArg{
			device.HostMat(make([]float64, 6), c.width), device.HostMat(make([]float64, c.all*c.width2), c.width2),
			device.HostVal(int32(c.count)), device.HostVal(c.gm)}}
		if err := call.Contract(); !errors.Is(err, device.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", c.name, err)
		}
	}
}
