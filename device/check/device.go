// Package check wraps a device and checks its results while a program uses it. The
// program stays the same: Launch and Write return the errors of a check, and so do reads
// of, waits for, and launches that read the wrong data, until these are overwritten.
// Launches and transfers of the same buffers wait for each other's checks, until their
// contexts are done.
//
// Debug examines kernels: each launch is run by the kernel's contract and its host code
// on copies of the data, and compared with what the device computes. A *Broken error
// names the fault of the kernel: it reads rows that it does not declare, writes rows
// outside the launch, changes an input, leaves an element unwritten, depends on the
// content of a WriteRows output, gives another result in a second run or for single rows,
// or has a form that differs from the contract. Kernel examines a kernel's examples. Not
// found: faults that these data do not show, such as those in a branch not taken; reads
// that change no result; and faults of a shader that do not show in the device's result.
//
// Finite finds the first kernel, launch, sweep and index with a NaN or an Inf among all
// elements that launches write. Its cost is that of reading all results back. Wrong
// finite values are not found.
//
// Checksum finds wrong numbers with the kernel's Invariant.
//
// Stencil, such as that of Laplacian and Heat: each row is summed with the weights
// sin(π·c/(cols − 1)). In exact arithmetic, the sums after any number of sweeps follow
// from those before and the edges. They are computed on the device every CheckEvery
// sweeps, and on the host for data read back and for data before they are written. (Grids
// on a device that lacks the kernel for the sums, such as one with shaders, are read back
// instead.) An error e at a point in column c is found where sin(π·c/(cols − 1))·e
// exceeds what rounding explains: 11·2⁻⁵³ (float64) or 3·2⁻²⁴ (float32), for Heat 16 and
// 8, times the sweeps between, times the weighted sum of a row that has the largest value
// everywhere. Of bits that flipped anywhere inside a plate of 101 × 101 points, in
// float64 all in sign, exponent and the upper half of the fraction were found, and some
// in the lower half; in float32 nine of ten in sign and exponent, and the first few of a
// fraction: see TestChecksumRates. Not found: smaller errors, those in the residuals, and
// those in the left and right edges themselves. Data read back without a launch since the
// last sums must have equal sums, bit for bit.
//
// Balance, such as that of Force: if all rows are paired with each other, the sum of
// weight·result, Σ gm·a, must vanish within rounding of Σ gm·|a|. In addition, one row of
// each launch, the next one in turn, is computed again by the kernel's contract on the
// host, from the host's copy of the inputs; on an exact device its bits must be equal.
// Not found: errors below 1024 roundings of Σ gm·|a|, such as those of bodies much
// lighter than the others, except in the row computed again.
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

// inspector is a kind of check. The caller of a method holds the turns of the buffers it
// passes. Wrong results are errors of this package; other errors are those of the device
// or the context.
type inspector interface {
	// launching checks a launch before it is queued.
	launching(ctx context.Context, c *call) error
	// launched checks it after it was queued.
	launched(ctx context.Context, c *call) error
	// writing is called before a write to b, written after it.
	writing(ctx context.Context, b *buffer) error
	written(b *buffer, off int, src device.Slice)
	// read checks dst, which was read from b.
	read(ctx context.Context, b *buffer, off int, dst device.Slice) error
	// waited checks b after a wait for its work.
	waited(ctx context.Context, b *buffer) error
}

// passive is an inspector that checks nothing.
type passive struct{}

func (passive) launching(context.Context, *call) error                 { return nil }
func (passive) launched(context.Context, *call) error                  { return nil }
func (passive) writing(context.Context, *buffer) error                 { return nil }
func (passive) written(*buffer, int, device.Slice)                     {}
func (passive) read(context.Context, *buffer, int, device.Slice) error { return nil }
func (passive) waited(context.Context, *buffer) error                  { return nil }

// checked is a device whose results an inspector checks. A call holds the turns of all
// its buffers; calls with other buffers do not wait for it.
type checked struct {
	device.Device
	inspector inspector
	buffers   atomic.Int64 // number allocated
	calls     sync.Pool    // of *call
}

func wrap(d device.Device, i inspector) device.Device { return &checked{Device: d, inspector: i} }

// call is a launch on a checked device.
type call struct {
	device.Launch                           // on the buffers of the wrapped device
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
		return d.Device.Launch(ctx, l) // returns the error
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

// unwrap returns l as a call on the buffers of the wrapped device.
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

// recycle keeps the memory of c for reuse, without its references.
func (d *checked) recycle(c *call) {
	clear(c.Args)
	clear(c.turns)
	*c = call{Launch: device.Launch{Args: c.Args}, turns: c.turns[:0]}
	d.calls.Put(c)
}

// inherit reports whether c reads data known to be wrong. If so, it marks the outputs as
// wrong, and c need not run.
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

// blame returns err, and records it for the outputs of c if it means that they are wrong.
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

// concernsData reports whether err means that a result is wrong or missing.
func concernsData(err error) bool {
	for _, e := range [...]error{ErrNotFinite, ErrChecksum, ErrBroken, device.ErrPanic} {
		if err != nil && errors.Is(err, e) {
			return true
		}
	}
	return false
}
