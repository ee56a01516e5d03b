package multigrid

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"offload/cpu"
	"offload/device"
)

// plainShapes returns the matrices of a kernel with their shapes, and its norms.
func plainShapes(k *device.Kernel) (shapes []shape, norms int) {
	switch k {
	case start32, start64:
		return []shape{{startGuess, 1, HalfWidth, interpolates}, {startSide, 4, HalfWidth, hasSource},
			{startState, 2, HalfWidth, nil}, {startCoarse, 2, coarseHalf, nil}}, startNorms
	case cycle32, cycle64:
		return []shape{{cycleIn, 2, HalfWidth, nil}, {cycleCorrection, 1, HalfWidth, nil}, {cycleSide, 4, HalfWidth, hasSource},
			{cycleOut, 2, HalfWidth, nil}, {cycleCoarse, 2, coarseHalf, nil}}, cycleNorms
	}
	return []shape{{finishIn, 2, HalfWidth, nil}, {finishCorrection, 1, HalfWidth, nil}, {finishSide, 4, HalfWidth, hasSource},
		{finishOut, 2, points, nil}}, finishNorms
}

// The host's forms give the contract's bits: on all small grids, and on wide ones of several
// strips.
func TestPlainForms(t *testing.T) {
	step, flagStep := 2, 1
	if testing.Short() {
		step, flagStep = 6, 3
	}
	devices := hostDevices(t, Plain())
	for _, k := range Plain() {
		call := exampleOf[float64]
		if k.Params[len(k.Params)-1].Type == device.Float32 {
			call = exampleOf[float32]
		}
		for n := 2; n <= 40; n += step {
			for m := 2; m <= 40; m += 2 {
				testForms(t, devices, k, call(k, plainExample{n: n, m: m, flags: (n/2 + m/2*3) & 7, part: (n + m/2) & 3,
					pad: m % 5, dx: 1, dy: 1.2, tiny: n%10 == 4}))
			}
		}
		for _, m := range []int{1022, 1024, 6142, 6144, 6190, 12300, 24640} {
			for flags := 0; flags < 8; flags += flagStep {
				testForms(t, devices, k, call(k, plainExample{n: 2 + 2*flags, m: m, flags: flags, part: flags & 3, pad: flags, dx: 1.1, dy: 1}))
			}
		}
		testForms(t, devices, k, call(k, plainExample{n: 600, m: 64, flags: HasEdges | HasSource, dx: 1, dy: 1}))
	}
}

// Outputs that caches cannot hold are stored past them, in rows that begin anywhere.
func TestPlainStreams(t *testing.T) {
	if testing.Short() {
		t.Skip("the contract takes long")
	}
	devices := map[string]device.Device{}
	for _, variant := range cpu.Variants(Plain()) {
		if variant == "contract" || variant == "go" {
			continue
		}
		d, err := cpu.Open(context.Background(), device.Options{Variant: variant, Kernels: Plain()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { d.Close() })
		devices[variant] = d
	}
	for _, k := range []*device.Kernel{cycle64, finish64} {
		for _, pad := range []int{0, 7} {
			testForms(t, devices, k, exampleOf[float64](k, plainExample{n: 1030, m: 4200, flags: HasEdges, pad: pad, dx: 1, dy: 1}))
		}
	}
	testForms(t, devices, finish32, exampleOf[float32](finish32, plainExample{n: 1030, m: 4200, flags: HasEdges, pad: 2, dx: 1, dy: 1}))
}

func exampleOf[T device.Float](k *device.Kernel, e plainExample) *device.Call {
	shapes, norms := plainShapes(k)
	r := rand.New(rand.NewPCG(uint64(e.n), uint64(e.m)))
	c := exampleCall[T](k, shapes, norms, e, r)
	for i, p := range k.Params {
		if p.Access == device.ReadRows { // some zeros
			zeros[T](r, c.Args[i].Data)
		}
	}
	return c
}

func zeros[T device.Float](r *rand.Rand, s device.Slice) {
	if s.Type() != device.TypeOf[T]() {
		return
	}
	for i := range device.As[T](s) {
		if r.IntN(4) == 0 {
			device.As[T](s)[i] = 0
		}
	}
}

func testForms(t *testing.T, devices map[string]device.Device, k *device.Kernel, c *device.Call) {
	t.Helper()
	want := c.Clone()
	if err := want.Contract(); err != nil {
		t.Fatal(err)
	}
	for name, d := range devices {
		got := c.Clone()
		if err := got.Run(context.Background(), d); err != nil {
			t.Fatal(err)
		}
		for i, p := range k.Params {
			if p.Access.Writes() && string(got.Args[i].Data.Bytes()) != string(want.Args[i].Data.Bytes()) {
				t.Errorf("%s, %s (%s): %s differs: %s", k.Name, name, c.Label, p.Name, firstDifference(got.Args[i], want.Args[i]))
			}
		}
	}
	if t.Failed() {
		t.FailNow()
	}
}

func firstDifference(got, want device.HostArg) string {
	g, w := numbers(got.Data), numbers(want.Data)
	for i := range g {
		if g[i] != w[i] {
			return fmt.Sprintf("element %d of row %d is %g, want %g", i%want.Width, i/want.Width, g[i], w[i])
		}
	}
	return "a sign or NaN"
}
