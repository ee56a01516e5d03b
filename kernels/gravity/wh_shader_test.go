package gravity

import (
	"math"
	"math/rand/v2"
	"testing"

	"offload/device"
	"offload/internal/gltest"
)

// The shader has the contract's bits for arcs of all kinds side by side: short and long ones, forward and back, on ellipses
// of many revolutions and hyperbolas, through the star and from rest, and of particles at planets and beyond the range of
// numbers.
func TestShaderFollowsAnyArc(t *testing.T) {
	d := gltest.Open(t, device.Options{})
	r := rand.New(rand.NewPCG(3, 4))
	const n, count = 500, 2
	var particles, maps []float64
	for i := range n {
		var row [ParticleWidth]float64
		for k := range row {
			row[k] = r.NormFloat64() * math.Ldexp(1, r.IntN(13)-6)
		}
		switch i % 50 {
		case 0:
			copy(row[3:], []float64{0, 0, 0})
		case 1:
			copy(row[:], []float64{0, 0, 0})
		case 2:
			copy(row[:], []float64{1, 2, 3}) // a planet
		case 3:
			copy(row[:], []float64{1, 2, 3 + 0x1p-50})
		case 4:
			row[0] = 0x1p520
		case 5:
			row[3] = 0x1p500
		case 6:
			row[3] = math.Inf(1)
		case 7:
			row = [ParticleWidth]float64{0x1p-30, 0, 0, -0x1p10, 0, 0}
		}
		particles = append(particles, row[:]...)
	}
	for _, h := range []float64{1. / 128, -1. / 64, 1, -7, 3000, 1e9, -0x1p-40} {
		maps = append(maps, h, h/1024, 0x1p-10, 1, 0x1p-10, 0, 0, 0, 1, 2, 3, h/1024, -3, 1, 0, 0x1p-12)
	}
	rows := MapRows(count) * MapWidth
	for at := 0; at < len(maps); at += rows { // each by itself, and all in turn
		for _, some := range [][]float64{maps[at:][:rows], maps[at:]} {
			got := &device.Call{Kernel: WisdomHolman(), Rows: device.Range{Hi: n}, Args: []device.HostArg{
				whParticles: device.HostMat(append([]float64(nil), particles...), ParticleWidth), whMaps: device.HostMat(some, MapWidth),
				whCount: device.HostVal(int32(count)), whGM: device.HostVal(1.)}}
			want := got.Clone()
			if err := want.Contract(); err != nil {
				t.Fatal(err)
			}
			if err := got.Run(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			if diff := device.Diff(got, want); diff != nil {
				t.Errorf("h = %v, %d maps: %v", some[0], len(some)/rows, diff)
			}
		}
	}
}
