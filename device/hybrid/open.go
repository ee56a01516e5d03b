// Package hybrid joins several devices to one: each launch is divided by rows into a
// share for each part, in proportion to measured rates. A launch writes only its own
// rows, so the results do not depend on the division.
//
// Every part holds each buffer in full, and the device tracks which elements are up to
// date on which part. Before a launch, each part receives the elements that its share
// reads and that it does not have: all of a ReadAll matrix, a few rows beside the cut for
// a halo, nothing that the part has computed itself. Writes go to one part, the home: the
// host's cores if they are among the parts.
//
// A part that is lost, or makes no progress for too long during a call, is left out from
// then on, and the other parts compute its share. The composite device is lost only when
// elements are needed that only the lost part had.
package hybrid

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"offload/device"
	"offload/device/queue"
	"offload/internal/ranges"
)

// Options configure a composite device.
type Options struct {
	Backend string           // name for Info.Backend; "": hybrid
	Kernels []*device.Kernel // kernels to probe at open; the parts must have probed them too
	Notes   []string         // copied to Info.Notes

	// Shares fixes the share of each part, for tests and measurements. Nil means shares by
	// measured rates, and only if splitting is faster.
	Shares []float64

	Recorder device.Recorder // records what the device does; may be nil
}

// Device is a composite device whose launches are split over its parts.
type Device struct {
	*queue.Device
	engine *engine
}

// Open joins at least two devices, which the new device owns from then on, even if Open
// fails. The first device of class CPU is the home, which receives writes; without one,
// the first device. Errors: ErrInvalid for fewer than two parts, a wrong number of
// shares, invalid shares, and nil among parts or kernels; and those of the parts' probes.
func Open(ctx context.Context, parts []device.Device, o Options) (*Device, error) {
	if err := check(parts, o); err != nil {
		for _, p := range parts {
			if p != nil {
				p.Close()
			}
		}
		return nil, err
	}
	e := newEngine(parts, o.Kernels)
	e.fixed = slices.Repeat([]float64{1}, len(parts)) // every part is probed
	inner, err := queue.Open(ctx, e.info(o), e, o.Kernels)
	if err != nil {
		return nil, err
	}
	d := &Device{inner, e}
	if err := d.Sync(ctx); err != nil { // the queue is idle: the engine may be changed
		d.Close()
		return nil, err
	}
	e.fixed = o.Shares
	d.Observe(o.Recorder)
	return d, nil
}

// check refuses invalid parts and options.
func check(parts []device.Device, o Options) error {
	switch {
	case len(parts) < 2:
		return device.Invalidf("%d devices to split over; need at least two", len(parts))
	case slices.Contains(parts, nil):
		return device.Invalidf("one of the %d devices to split over is nil", len(parts))
	case slices.Contains(o.Kernels, nil):
		return device.Invalidf("one of the %d kernels to probe is nil", len(o.Kernels))
	case o.Shares != nil && len(o.Shares) != len(parts):
		return device.Invalidf("%d shares for %d devices", len(o.Shares), len(parts))
	case slices.ContainsFunc(o.Shares, func(s float64) bool { return !(s >= 0 && s <= math.MaxFloat64/float64(len(parts))) }):
		return device.Invalidf("shares of %g", o.Shares)
	}
	return nil
}

// engine runs launches on several devices. Its methods but Alloc are called one at a
// time.
type engine struct {
	parts []*part
	order []*part   // the home first
	fixed []float64 // fixed shares; nil: by measured rates

	// The launch being executed.
	launch  *device.Launch
	memory  []*memory // of each argument; nil for a scalar
	balance *balance
	pieces  []piece

	last *balance      // of the launch whose time is not yet recorded, or nil
	took time.Duration // time of that launch, including later reads, which depend on where its results are

	done    chan *part // parts that have ended a step
	active  []*part    // parts with a piece
	sources []*part    // parts with something to fetch
	moves   []move
	here    ranges.Set                      // elements that a part has or will have, for gather
	transit [device.Uint32 + 1]device.Slice // data in transit, of each type
	timer   *time.Timer
	closing atomic.Bool // Close was called
	closed  error       // errors of closing parts

	mu     sync.Mutex // guards what Report reads
	splits map[key]*balance
}

func newEngine(parts []device.Device, kernels []*device.Kernel) *engine {
	e := &engine{splits: map[key]*balance{}, done: make(chan *part, len(parts)), timer: time.NewTimer(forever)}
	hosts := 0
	for i, d := range parts {
		p := &part{dev: d, info: d.Info(), index: i}
		p.run = func() {
			defer func() { e.done <- p }()
			p.take(p.next)
		}
		p.name, p.host = p.info.Backend, p.info.Class == device.CPU
		if slices.ContainsFunc(e.parts, func(q *part) bool { return q.name == p.name }) {
			p.name = fmt.Sprintf("%s (part %d)", p.name, i+1)
		}
		for _, k := range kernels {
			if p.info.Math == device.Exact && !p.info.IsExact(k.Name) {
				p.unequal = append(p.unequal, k.Name)
			}
		}
		e.parts = append(e.parts, p)
		at := i
		if p.host {
			at, hosts = hosts, hosts+1
		}
		e.order = slices.Insert(e.order, at, p)
	}
	return e
}

// Close drops queued work, waits for running work, and closes the parts. It abandons a
// part whose Close does not return, and returns an error.
func (d *Device) Close() error {
	d.engine.closing.Store(true)
	d.Device.Close()
	return d.engine.closed
}

// info describes the parts as one device.
func (e *engine) info(o Options) device.Info {
	i := device.Info{Backend: cmp.Or(o.Backend, "hybrid"), Class: device.Composite, Math: device.Exact, Memory: e.order[0].info.Memory, Limit: e.order[0].info.Limit}
	var classes []device.Class
	var names, drivers, variants, unequal []string
	for _, p := range e.parts {
		classes = append(classes, p.info.Class)
		names = append(names, p.info.Name)
		if p.info.Driver != "" {
			drivers = append(drivers, p.info.Driver)
		}
		if p.info.Variant != "" && !slices.Contains(variants, p.info.Variant) {
			variants = append(variants, p.info.Variant)
		}
		for _, t := range p.info.Precisions {
			if !slices.Contains(i.Precisions, t) {
				i.Precisions = append(i.Precisions, t)
			}
		}
		if p.info.Math != device.Exact {
			i.Math = p.info.Math
		}
		i.Workers += p.info.Workers
		for _, n := range p.info.Notes {
			i.Notes = append(i.Notes, p.name+": "+n)
		}
		if p.unequal != nil {
			unequal = append(unequal, fmt.Sprintf("%s takes no share of %s: it was not shown to equal the contract", p.name, strings.Join(p.unequal, ", ")))
		}
	}
	i.Name, i.Driver, i.Variant = strings.Join(names, " + "), strings.Join(drivers, " + "), strings.Join(variants, "+")
	i.Notes = slices.Concat(i.Notes, o.Notes, unequal)
	if slices.Contains(classes, device.CPU) && slices.Contains(classes, device.Software) {
		i.Notes = append(i.Notes, "a software rasteriser and the pool share the host's cores; splitting over them can hardly pay")
	}
	return i
}

// Parts returns the devices that launches are split over, without those that were lost.
func (d *Device) Parts() []device.Device {
	var left []device.Device
	for _, p := range d.engine.parts {
		if !p.left() {
			left = append(left, p.dev)
		}
	}
	return left
}

// Report returns one line for each kernel and size with enough launches, with the
// division and its gain, or that splitting does not pay; and one for each part that has
// left. It may be called at any time.
func (d *Device) Report() []string {
	e := d.engine
	var lines []string
	e.mu.Lock()
	for _, b := range e.splits {
		if b.settled && b.again != adopted { // measured at this size
			lines = append(lines, b.report(e.parts))
		}
	}
	e.mu.Unlock()
	slices.Sort(lines)
	for _, p := range e.parts {
		if err := p.lost(); err != nil {
			lines = append(lines, fmt.Sprintf("%s left: %v", p.name, err))
		}
	}
	return lines
}

func (b *balance) report(parts []*part) string {
	alone := b.choice
	if alone == together {
		alone = b.best()
	}
	what := fmt.Sprintf("%s of %.3g %s", b.kernel.Name, b.items, b.kernel.Unit)
	took, name := seconds(b.split*b.items), parts[alone].name
	against := seconds(b.of[alone].alone * b.items)
	if b.choice != together {
		return fmt.Sprintf("%s: splitting does not pay: %s split, %s on %s alone, which runs it", what, took, against, name)
	}
	var shares []string
	for i, x := range b.of {
		if x.usable {
			shares = append(shares, fmt.Sprintf("%s %.0f %%", parts[i].name, 100*x.cut))
		}
	}
	return fmt.Sprintf("%s: split, %s: %s, against %s on %s alone", what, strings.Join(shares, ", "), took, against, name)
}

// seconds formats a time with three digits.
func seconds(s float64) string {
	unit := "s"
	for _, smaller := range [...]string{"ms", "µs"} {
		if s < 1 {
			s, unit = 1e3*s, smaller
		}
	}
	return fmt.Sprintf("%.3g %s", s, unit)
}
