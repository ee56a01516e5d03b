package multigrid

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"offload/cpu"
	"offload/device"
)

// hostDevices returns devices of all variants for kernels, with several numbers of workers.
func hostDevices(t *testing.T, kernels []*device.Kernel) map[string]device.Device {
	t.Helper()
	devices := map[string]device.Device{}
	for _, variant := range cpu.Variants(kernels) {
		for _, workers := range []int{1, 3} {
			d, err := cpu.Open(context.Background(), device.Options{Variant: variant, Workers: workers, Kernels: kernels})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { d.Close() })
			devices[fmt.Sprintf("%s on %d workers", variant, workers)] = d
		}
	}
	return devices
}

// The host's forms give the contract's bits: for networks of four and eight neighbours,
// whose rows wrap or end, with held points and missing links, in rows of any length.
func TestGeneralForms(t *testing.T) {
	devices := hostDevices(t, General())
	sizes := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 20, 23, 31, 32, 33, 63, 64, 65, 127, 257, 300}
	if testing.Short() {
		sizes = []int{0, 1, 2, 5, 9, 16, 19, 70, 129}
	}
	for _, k := range General() {
		for _, n := range sizes {
			for _, c := range k.Examples(n) {
				testForms(t, devices, k, c)
			}
		}
	}
}

// A cycle's kernels keep the bits on grids without rows or columns to halve, with
// coefficients of 0 and magnitudes near the floors.
func TestGeneralFormsNearFloors(t *testing.T) {
	devices := hostDevices(t, General())
	for _, k := range General() {
		for i, c := range k.Examples(21) {
			r := rand.New(rand.NewPCG(uint64(i), 7))
			for j, p := range k.Params {
				if p.Access != device.ReadRows && p.Access != device.UpdateRows || p.Name == "coef" || p.Name == "weights" {
					continue
				}
				scaleSome[float32](r, c.Args[j].Data, 0x1p-58)
				scaleSome[float64](r, c.Args[j].Data, 0x1p-498)
			}
			testForms(t, devices, k, c)
		}
	}
}

// scaleSome multiplies about half of the elements of s by factor if they have type T, and
// makes some of them −0.
func scaleSome[T device.Float](r *rand.Rand, s device.Slice, factor T) {
	if s.Type() != device.TypeOf[T]() {
		return
	}
	values := device.As[T](s)
	for i := range values {
		switch r.IntN(4) {
		case 0, 1:
			values[i] *= factor
		case 2:
			values[i] *= -0x1p-1 * factor
		}
	}
}

// Launches in the caller's goroutine do not allocate.
func TestSerialDoesNotAllocate(t *testing.T) {
	ctx := context.Background()
	for _, k := range append(General(), Plain()...) {
		for _, c := range k.Examples(40) {
			l := &device.Launch{Kernel: k, Rows: c.Rows}
			var data []device.Slice
			for _, a := range c.Args {
				arg := a.Value
				if a.Width > 0 {
					arg = device.Arg{Len: a.Data.Len(), Width: a.Width}
					data = append(data, a.Data)
				}
				l.Args = append(l.Args, arg)
			}
			s, err := NewSerial(l, new(Scratch), data...)
			if err != nil {
				t.Fatal(err)
			}
			run := func() {
				if err := s.Run(ctx); err != nil {
					t.Fatal(err)
				}
			}
			if n := testing.AllocsPerRun(3, run); n != 0 {
				t.Errorf("%s, %s: %g allocations", k.Name, c.Label, n)
			}
		}
	}
}
