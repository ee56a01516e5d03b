package sched

import (
	"context"
	"math"
	"slices"
	"time"

	"offload/device"
)

// What a calibration runs: examples of growing size, until a launch takes long enough
// to show the rate, or the data become large.
const (
	passes        = 2 // over all sizes, so that one disturbance does not hit all of a size
	rounds        = 4 // of each size in a pass, after one that warms up
	copies        = 3 // of each buffer, the same
	smallest      = 2
	growth        = 2
	largest       = 8192
	longEnough    = 20 * time.Millisecond
	largeEnough   = 48 << 20 // bytes of an example's buffers
	calibrateWait = 30 * time.Second
)

// turns runs a piece of a measurement in a turn on the device.
type turns func(func(ctx context.Context, d device.Device) error) error

// measure runs examples of the kernel of growing size, of the path through the kernel
// that is fastest: the one that does all rows, and no more than it must. A kernel
// without examples is measured by the call.
func measure(w wish, turn turns) error {
	costs := w.c.profile()
	if w.k.Examples == nil {
		_, err := timeCall(turn, w.call.Clone(), rounds, costs)
		return err
	}
	path, err := fastest(w.k, turn)
	if err != nil {
		return err
	}
	for range passes {
		for n := smallest; n <= largest; n *= growth {
			c := w.k.Examples(n)[path]
			took, err := timeCall(turn, c, rounds, costs)
			if err != nil {
				return err
			}
			if took > longEnough || 4*callBytes(c) > largeEnough {
				break
			}
		}
	}
	return nil
}

// fastest is the index of the example that gets most done in a second, at a size
// where the start-up matters little.
func fastest(k *device.Kernel, turn turns) (int, error) {
	const n = 256
	best, most := -1, 0.0
	for i, c := range k.Examples(n) {
		took, err := timeCall(turn, c, 1, newProfile(""))
		if err != nil {
			return 0, err
		}
		shape, err := c.Shape()
		if err != nil {
			return 0, err
		}
		if rate := amount(device.CostOf(shape)) / max(took.Seconds(), 1e-9); rate > most {
			best, most = i, rate
		}
	}
	if best < 0 {
		return 0, device.Invalidf("kernel %s has no examples with work to do", k.Name)
	}
	return best, nil
}

func callBytes(c *device.Call) (bytes int) {
	for _, a := range c.Args {
		if a.Width > 0 {
			bytes += len(a.Data.Bytes())
		}
	}
	return bytes
}

// timeCall measures launches of one example in a turn, after one that warms up, and a
// transfer each way of every buffer. It returns the least time of a launch.
func timeCall(turn turns, c *device.Call, rounds int, p *profile) (time.Duration, error) {
	var least time.Duration // not read when the turn is left behind
	err := turn(func(ctx context.Context, d device.Device) (err error) {
		least, err = timeIn(ctx, d, c, rounds, p)
		return err
	})
	if err != nil {
		return 0, err
	}
	return least, nil
}

func timeIn(ctx context.Context, d device.Device, c *device.Call, rounds int, p *profile) (time.Duration, error) {
	bound, err := c.Bind(ctx, d)
	if err != nil {
		return 0, err
	}
	defer bound.Free(ctx)
	launch := bound.Launch
	for i, a := range c.Args {
		if b := launch.Args[i].Buffer; b != nil && b.Len() > 0 {
			if err := timeCopies(ctx, d, b, a.Data.Sub(0, b.Len()), p); err != nil {
				return 0, err
			}
		}
	}
	work := amount(device.CostOf(launch))
	least := time.Duration(math.MaxInt64)
	for i := range rounds + 1 {
		took, err := undisturbed(func() error {
			if err := d.Launch(ctx, launch); err != nil {
				return err
			}
			return launch.Wait(ctx)
		})
		if err != nil {
			return 0, err
		}
		if i > 0 { // the first may compile
			p.observe(c.Kernel.Name, work, took)
			least = min(least, took)
		}
	}
	return least, nil
}

// timeCopies measures a transfer each way, a few times; b ends with the data in it.
func timeCopies(ctx context.Context, d device.Device, b device.Buffer, data device.Slice, p *profile) error {
	back := data.Clone()
	for i := range copies + 1 {
		up, err := undisturbed(func() error {
			if err := b.Write(ctx, 0, data); err != nil {
				return err
			}
			return d.Sync(ctx)
		})
		if err != nil {
			return err
		}
		down, err := undisturbed(func() error { return b.Read(ctx, 0, back) })
		if err != nil {
			return err
		}
		if i > 0 {
			p.observeCopy(p.Upload, int64(len(data.Bytes())), up)
			p.observeCopy(p.Download, int64(len(data.Bytes())), down)
		}
	}
	return nil
}

// short is a time that a single interrupt spoils.
const short = 200 * time.Microsecond

// undisturbed is the time of run, where that is short the median of a few.
func undisturbed(run func() error) (time.Duration, error) {
	var times [5]time.Duration
	for i := range times {
		start := time.Now()
		if err := run(); err != nil {
			return 0, err
		}
		if times[i] = time.Since(start); i == 0 && times[i] > short {
			return times[i], nil
		}
	}
	slices.Sort(times[:])
	return times[len(times)/2], nil
}
