package offload_test

import (
	"context"
	"fmt"
	"log"
	"sync/atomic"
	"testing"

	"offload"
	"offload/device"
	"offload/device/devicetest"
	"offload/device/hostdev"
	"offload/kernels"
	"offload/kernels/gravity"
)

// counter is a custom backend: it computes with the contracts, in host memory, and counts
// the launches of all its devices.
type counter struct{ launches atomic.Int64 }

// Open opens a device. Package hostdev implements buffers, the queue, errors, contexts
// and probes.
func (c *counter) Open(ctx context.Context, o device.Options) (device.Device, error) {
	info := device.Info{
		Backend: "counter", Name: "a device that counts", Class: device.Reference, Math: device.Exact,
		Precisions: []device.Type{device.Float32, device.Float64}, Workers: 1, Variant: "contract",
		Memory: o.Memory, Notes: o.Notes,
	}
	return hostdev.Open(ctx, info, &countingEngine{counter: c}, o.Kernels)
}

// countingEngine executes the launches of one device, one at a time.
type countingEngine struct {
	counter *counter
	tile    device.Tile
}

func (e *countingEngine) Execute(b *device.Binding) error {
	e.counter.launches.Add(1)
	b.Tile(&e.tile, b.Launch.Rows, 0, nil) // all rows, as one tile
	b.Launch.Kernel.Contract(&e.tile)
	return nil
}

// Inline could let small launches run in their caller.
func (e *countingEngine) Inline(context.Context, *device.Launch) bool { return false }

func (e *countingEngine) Close() {}

// A custom backend is added to the table of the module's backends.
func Example_backend() {
	ctx := context.Background()
	c := new(counter)
	table := append(offload.Default(), offload.Backend{Name: "counter", Open: c.Open})
	dev, err := table.Open(ctx, "counter", device.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer dev.Close()

	probes := c.launches.Load()
	acc := make([]float64, 6)
	call, err := gravity.ForceCall([]float64{0, 0, 0, 1, 1, 0, 0, 1}, acc, 0)
	if err != nil {
		log.Fatal(err)
	}
	for range 3 {
		if err := call.Run(ctx, dev); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(acc, c.launches.Load()-probes, "launches")
	// Output: [1 0 0 -1 0 0] 3 launches
}

// The complete test of a backend.
func TestCounter(t *testing.T) {
	devicetest.Run(t, new(counter).Open, kernels.All()...)
}
