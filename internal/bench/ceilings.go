package bench

import (
	"context"

	"offload/device"
	"offload/internal/ceiling"
)

// Ceilings compares results with upper bounds of what the machine's cores and memory
// can do. It measures each bound once. The zero value is ready for use.
//
// The ceiling of force is a loop with the arithmetic of a pair of bodies and no
// memory. That of laplacian and heat is the lower of two: a sweep of laplacian with
// equal weights over a block in the first-level cache, and the copy of a grid of the
// same size, once for all sweeps of a launch.
type Ceilings struct{ known map[limit]measured }

// limit identifies a ceiling.
type limit struct {
	what      string // pairs, sweep, copy
	precision string // "" for copy
	workers   int
	bytes     int // of a copy
}

// measured is a rate per second, and its kind.
type measured struct {
	rate float64
	kind string
}

// Compare measures the ceiling of a result from the host's cores and sets it in r.
// Results of other devices have no ceiling. After an error r is unchanged.
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
		// A launch moves the bytes of a point once for all of its updates.
		copied.rate *= float64(r.Sweeps) / float64(2*size(r.Precision))
		if copied.rate < low.rate {
			low = copied
		}
	}
	r.roof, r.CeilingRate, r.CeilingKind = roof, low.rate, low.kind
	r.CeilingPercent = 100 * r.Rate / low.rate
	return nil
}

// Memory returns the bandwidth of a large copy by workers, in bytes read and written
// per second.
func (c *Ceilings) Memory(ctx context.Context, workers int) (float64, error) {
	m, err := c.of(ctx, limit{what: "copy", workers: workers, bytes: ceiling.LargestCopy})
	return m.rate, err
}

// of returns a ceiling, which it measures at the first call.
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

// loopOf returns the name of the loop with a kernel's arithmetic.
func loopOf(kernel string) string {
	if onPlate(kernel) {
		return "sweep"
	}
	return "pairs"
}

// size returns the size of an element in bytes.
func size(precision string) int {
	if precision == device.Float32.String() {
		return device.Float32.Size()
	}
	return device.Float64.Size()
}
