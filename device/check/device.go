// Package check wraps a device so that its results are checked while a program
// uses it. The program need not know: errors come out of Launch and Write, and out of
// reads of, waits for and launches that read the data that are wrong, until those are
// set anew. Launches and transfers of the same buffers wait for each other's checks, no
// longer than their contexts last.
//
// Debug examines kernels: each launch is run by the kernel's contract and its host code
// on copies of the data, and compared with what the device computes. A *Broken names
// what the kernel did: it reads rows that it does not declare, writes others than it was
// given, changes an input, leaves an element as it was, depends on what a WriteRows
// output held, gives another result when it is run again or for rows alone, or a form
// of it differs from the contract. Kernel does so for a kernel's examples. Not found:
// what these data do not show, such as a branch that they do not take; reads that change
// no result; and in a shader what the device's result does not show.
//
// Finite looks at everything that launches write, and finds the first kernel,
// launch, sweep and index with a NaN or an Inf. It reads all results back, which
// takes as long as that takes. It sees nothing that is wrong but finite.
//
// Checksum finds wrong numbers, by what must be true of right ones: the Invariant of the
// kernel.
//
// Stencil, such as that of Laplacian and Heat: each row is summed with the weights
// sin(π·c/(cols − 1)). In
// exact arithmetic these sums after any number of sweeps follow from those before
// and the edges alone. They are taken on the device, every CheckEvery sweeps, and of
// what is read back; those of what is written, before it leaves. (A device that lacks
// the kernel for that, as those with shaders do, is read back instead.) An error e at
// a point in column c is found where sin(π·c/(cols − 1))·e exceeds what rounding
// explains: 11·2⁻⁵³ (float64) or 3·2⁻²⁴ (float32), for Heat 16 and 8, times the sweeps
// between, times the weighted sum of a row that has the largest value everywhere. Of
// bits that flipped anywhere inside a plate of 101 × 101 points, in float64 all in
// sign, exponent and the upper half of the fraction were found, and some in the lower
// half; in float32 nine of ten in sign and exponent, and the first few of a fraction:
// see TestChecksumRates. Not found: smaller errors, those in the residuals, and those in
// the left and right edges themselves. What is read back without a launch since it was
// summed must have equal sums, bit for bit.
//
// Balance, such as that of Force: where all rows are paired with each other, the sum of
// weight·result, Σ gm·a, must vanish within rounding of Σ gm·|a|; and one row of each
// launch, the next one in turn, is computed again by the kernel's contract on the host,
// from the host's copy of the inputs. Where the device is exact, that row must have equal
// bits. Not found: what is below 1024 roundings of Σ gm·|a|, and so what happens to bodies
// that are much lighter than the others, unless it happens to the row that is computed
// again.
//
// Kernels without an invariant, and launches for a part of the rows, are not checked.
package check

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"offload/device"
)

// inspector is a kind of check. Its methods are called with the turns of the buffers
// that they are given. A wrong result is an error of this package; any other error is
// one of the device or of the context.
type inspector interface {
	// launching looks at a launch before it is queued.
	launching(ctx context.Context, c *call) error
	// launched looks at it once it was queued.
	launched(ctx context.Context, c *call) error
	// writing is told that b is about to be written, and written that it was.
	writing(ctx context.Context, b *buffer) error
	written(b *buffer, off int, src device.Slice)
	// read looks at dst, which came from b.
	read(ctx context.Context, b *buffer, off int, dst device.Slice) error
	// waited looks at b, whose work is done.
	waited(ctx context.Context, b *buffer) error
}

// passive is an inspector that looks at nothing.
type passive struct{}

func (passive) launching(context.Context, *call) error                 { return nil }
func (passive) launched(context.Context, *call) error                  { return nil }
func (passive) writing(context.Context, *buffer) error                 { return nil }
func (passive) written(*buffer, int, device.Slice)                     {}
func (passive) read(context.Context, *buffer, int, device.Slice) error { return nil }
func (passive) waited(context.Context, *buffer) error                  { return nil }

// checked is a device whose results an inspector sees. What belongs together is kept
// together by the turns of the buffers that a call uses; those who use other buffers
// do not wait.
type checked struct {
	device.Device
	inspector inspector
	buffers   atomic.Int64 // made so far
	calls     sync.Pool    // of *call
}

func wrap(d device.Device, i inspector) device.Device { return &checked{Device: d, inspector: i} }

// call is a launch on a checked device.
type call struct {
	device.Launch                           // on the buffers of the device that is checked
	outer         [device.MaxParams]*buffer // of each argument; nil for a scalar
	turns         []*buffer                 // the same, once each, in order
	examined      *examination              // by Debug

}

func (d *checked) Alloc(t device.Type, n int) (device.Buffer, error) {
	b, err := d.Device.Alloc(t, n)
	if err != nil {
		return nil, err
	}
	return &buffer{Buffer: b, dev: d, number: d.buffers.Add(1), turn: newTurn()}, nil
}

func (d *checked) Launch(ctx context.Context, l *device.Launch) error {
	if l == nil || l.Kernel == nil || len(l.Args) != len(l.Kernel.Params) || len(l.Args) > device.MaxParams {
		return d.Device.Launch(ctx, l) // which refuses it
	}
	c := d.unwrap(l)
	defer d.recycle(c)
	for i, b := range c.turns {
		if err := b.turn.enter(ctx); err != nil {
			leave(c.turns[:i])
			return err
		}
	}
	defer leave(c.turns)
	if spoiled, err := c.inherit(); spoiled || err != nil {
		return err
	}
	if err := d.inspector.launching(ctx, c); err != nil {
		return c.blame(err)
	}
	if err := d.Device.Launch(ctx, &c.Launch); err != nil {
		return err
	}
	for i, b := range c.outer[:len(c.Args)] {
		if b != nil && len(b.faults) > 0 {
			b.faults.settle(c.WriteRange(i))
		}
	}
	return c.blame(d.inspector.launched(ctx, c))
}

// unwrap makes a call of l, on the buffers of the device below.
func (d *checked) unwrap(l *device.Launch) *call {
	c, _ := d.calls.Get().(*call)
	if c == nil {
		c = new(call)
	}
	c.Launch = device.Launch{Kernel: l.Kernel, Rows: l.Rows, Args: append(c.Args[:0], l.Args...)}
	for i := range c.Args {
		b, _ := c.Args[i].Buffer.(*buffer)
		if b == nil || b.dev != d {
			continue
		}
		c.outer[i], c.Args[i].Buffer = b, b.Buffer
		at := 0
		for at < len(c.turns) && c.turns[at].number < b.number {
			at++
		}
		if at == len(c.turns) || c.turns[at] != b {
			c.turns = append(c.turns, nil)
			copy(c.turns[at+1:], c.turns[at:])
			c.turns[at] = b
		}
	}
	return c
}

// recycle keeps the memory of c, and none of what it refers to.
func (d *checked) recycle(c *call) {
	clear(c.Args)
	clear(c.turns)
	*c = call{Launch: device.Launch{Args: c.Args}, turns: c.turns[:0]}
	d.calls.Put(c)
}

// inherit reports whether c reads what is known to be wrong. Its outputs are wrong then,
// too, and it need not run.
func (c *call) inherit() (spoiled bool, err error) {
	for i, b := range c.outer {
		if b == nil || len(b.faults) == 0 {
			continue
		}
		if err := device.Guard("kernel "+c.Kernel.Name, func() error { return device.Validate(&c.Launch) }); err != nil {
			return false, err
		}
		if err := b.faults.in(c.ReadRange(i)); err != nil {
			c.spoil(err)
			return true, nil
		}
	}
	return false, nil
}

// blame returns err, and has the outputs of c remember it if it says that they are wrong.
func (c *call) blame(err error) error {
	if concernsData(err) {
		c.spoil(err)
	}
	return err
}

func (c *call) spoil(err error) {
	for i, b := range c.outer[:len(c.Args)] {
		if b != nil {
			b.faults.add(c.WriteRange(i), err)
		}
	}
}

// concernsData reports whether err says that a result is wrong or cannot be had.
func concernsData(err error) bool {
	for _, e := range [...]error{ErrNotFinite, ErrChecksum, ErrBroken, device.ErrPanic} {
		if err != nil && errors.Is(err, e) {
			return true
		}
	}
	return false
}
