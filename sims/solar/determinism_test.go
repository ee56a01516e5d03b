package solar

import (
	"context"
	"encoding/binary"
	"hash/fnv"
	"math"
	"testing"
)

// States have the same bits on every architecture and instruction-set level, such as GOAMD64=v3, GOARCH=386 or arm64. A
// change of these constants is a change of results and must be announced.
func TestStatesHaveTheSameBitsEverywhere(t *testing.T) {
	want := map[string][2]uint64{ // Newton, with relativity
		"radau15":  {0xc44889dcb1acd0b1, 0xcd684c909537e726},
		"leapfrog": {0x10eb752645a15361, 0x9d0a634133f5ae98},
		"yoshida4": {0x96bd66d58f1ba829, 0xd044a6be4599088f},
		"yoshida8": {0x361e4f67688efbb9, 0xcfbc4add36236063},
		"wh":       {0xff1d72ce6e151119, 0x61c3860369298fb5},
	}
	for _, name := range Integrators() {
		for i, relativity := range []bool{false, true} {
			sys := systemFor(t, name)
			sim, report := runTo(t, sys, Options{Integrator: name, Relativity: relativity}, sys.Epoch+400)
			got := hashPhase(sim.phase, report)
			if got != want[name][i] {
				t.Errorf("%s, relativity %v: %#016x, want %#016x", name, relativity, got, want[name][i])
			}
		}
	}
}

// hashPhase returns the FNV-1a hash of all bits of the state and of the report's errors, which are double-double sums.
func hashPhase(p *Phase, r Report) uint64 {
	h := fnv.New64a()
	for _, values := range [][]float64{
		p.X, p.XLow, p.V, p.VLow, {p.T, p.TLow}, {r.EnergyError, r.AngularMomentumError, r.MomentumError, r.BarycentreDrift},
	} {
		for _, x := range values {
			var b [8]byte
			binary.LittleEndian.PutUint64(b[:], math.Float64bits(x))
			h.Write(b[:])
		}
	}
	return h.Sum64()
}

// So have events, and states after a merger.
func TestEventsHaveTheSameBitsEverywhere(t *testing.T) {
	sys := must(J2000())(t)
	sys.Bodies = append(sys.Bodies, Body{Name: "stone", GM: 1e-9, Radius: 1e-5, X: [3]float64{1, 1, 1}, V: [3]float64{0, 0.0005, 0}})
	sys.Bodies[0].Radius = 0.01
	opts := Options{Events: EventOptions{Close: 0.5, Bound: true, OnCollision: MergeCollisions}}
	h, kinds := fnv.New64a(), map[EventKind]int{}
	sim := must(New(sys, nil, opts))(t)
	report := must(sim.Run(context.Background(), sys.Epoch+400, Watch{Event: func(e Event) error {
		kinds[e.Kind]++
		return binary.Write(h, binary.LittleEndian, [5]float64{e.JD, e.JDLow, e.Distance, e.Speed, e.Energy})
	}}))(t)
	const want = 0x331c8c930c0452a3
	if got := h.Sum64() ^ hashPhase(sim.phase, report); got != want || kinds[Merger] != 1 || kinds[Approach] < 9 {
		t.Errorf("%#016x, want %#016x; %v", got, uint64(want), kinds)
	}
}
