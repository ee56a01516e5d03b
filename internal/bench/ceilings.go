package bench

import (
	"context"

	"offload/device"
	"offload/internal/ceiling"
)

// Ceilings compares results with what the machine's cores and memory can do at
// most. Each figure is measured once. The zero value is ready for use.
//
// The ceiling of force is a loop with the arithmetic of a pair of bodies and no
// memory. That of laplacian and heat is the lower of two: a sweep of laplacian with
// equal weights over a block in the first-level cache, and the copy of a grid of the
// same size, once for all sweeps of a launch.
type Ceilings struct{ known map[limit]measured }

// limit is one thing to measure.
type limit struct {
	what      string // pairs, sweep, copy
	precision string // "" for copy
	workers   int
	bytes     int // of a copy
}

// measured is a rate per second, and what it is of.
type measured struct {
	rate float64
	kind string
}

// Compare measures the ceiling of a result from the host's cores and fills it in.
// A result from another device, and after an error any, stays without.
func (c *Ceilings) Compare(ctx context.Context, r *Result) error {
	if r.Class != string(device.CPU) {
		return nil
	}
	low, err := c.of(ctx, limit{what: loopOf(r.Kernel), precision: r.Precision, workers: r.Workers})
	if err != nil {
		return err
	}
	roof := low.rate
	if onPlate(r.Kernel) {
		grid := 2 * r.N * r.N * size(r.Precision)
		copied, err := c.of(ctx, limit{what: "copy", workers: r.Workers, bytes: min(grid, ceiling.LargestCopy)})
		if err != nil {
			return err
		}
		// A launch moves the bytes of a point for Sweeps updates of it.
		copied.rate *= float64(r.Sweeps) / float64(2*size(r.Precision))
		if copied.rate < low.rate {
			low = copied
		}
	}
	r.roof, r.CeilingRate, r.CeilingKind = roof, low.rate, low.kind
	r.CeilingPercent = 100 * r.Rate / low.rate
	return nil
}

// Memory is the bandwidth of a large copy by workers, in bytes read and written
// per second.
func (c *Ceilings) Memory(ctx context.Context, workers int) (float64, error) {
	m, err := c.of(ctx, limit{what: "copy", workers: workers, bytes: ceiling.LargestCopy})
	return m.rate, err
}

// of measures what is not yet known.
func (c *Ceilings) of(ctx context.Context, l limit) (measured, error) {
	if m, ok := c.known[l]; ok {
		return m, nil
	}
	m, err := l.measure(ctx)
	if err != nil {
		return m, err
	}
	if c.known == nil {
		c.known = map[limit]measured{}
	}
	c.known[l] = m
	return m, nil
}

func (l limit) measure(ctx context.Context) (measured, error) {
	if l.what == "copy" {
		rate, err := ceiling.Copy(ctx, l.workers, l.bytes)
		return measured{rate, "copy"}, err
	}
	loop := map[[2]string]func(context.Context, int) (float64, string, error){
		{"pairs", "f32"}: ceiling.Pairs[float32],
		{"pairs", "f64"}: ceiling.Pairs[float64],
		{"sweep", "f32"}: ceiling.Updates[float32],
		{"sweep", "f64"}: ceiling.Updates[float64],
	}[[2]string{l.what, l.precision}]
	rate, set, err := loop(ctx, l.workers)
	return measured{rate, l.what + " " + set}, err
}

// loopOf is the loop with a kernel's arithmetic.
func loopOf(kernel string) string {
	if onPlate(kernel) {
		return "sweep"
	}
	return "pairs"
}

// size is the number of bytes of an element.
func size(precision string) int {
	if precision == device.Float32.String() {
		return device.Float32.Size()
	}
	return device.Float64.Size()
}
