package split

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"offload/device"
)

// engine runs launches on several devices. All but Alloc is called one at a time.
type engine struct {
	parts []*part
	order []*part   // the home first
	fixed []float64 // shares that do not change; nil: by measured rates

	// The launch that is executed.
	launch  *device.Launch
	memory  []*memory // of each argument; nil for a scalar
	balance *balance
	pieces  []piece

	last *balance      // of the launch that nothing has been learnt of yet, or nil
	took time.Duration // by that, with the reads that followed: they depend on where its results are

	done    chan *part // parts that have taken a step
	active  []*part    // parts with a piece
	sources []*part    // parts with something to fetch
	moves   []move
	here    ranges                          // what a part has or will have, for gather
	transit [device.Uint32 + 1]device.Slice // data on their way, of each type
	timer   *time.Timer
	closing atomic.Bool // somebody waits for the end
	closed  error       // what became of parts that were closed

	mu     sync.Mutex // what Report reads
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

// Check and Prepare leave everything to the parts, which refuse what they lack.
func (e *engine) Check(*device.Launch) error   { return nil }
func (e *engine) Prepare(*device.Kernel) error { return nil }

// Inline is false: several goroutines are needed anyway.
func (e *engine) Inline(context.Context, *device.Launch) bool { return false }

// Finish has nothing to wait for: Execute returns when all parts are done.
func (e *engine) Finish(context.Context) error { return nil }

// Progress is that of all parts.
func (e *engine) Progress() (n int64) {
	for _, p := range e.parts {
		n += p.dev.Counters().Progress
	}
	return n
}

// Held returns the place of a part's that the caller takes up.
func (e *engine) Held(ctx context.Context) device.Place {
	for _, p := range e.parts {
		if o, ok := p.dev.(device.Owner); ok {
			if place := o.Held(ctx); place != nil {
				return place
			}
		}
	}
	return nil
}

// Close closes the parts, which wakes those who wait for them. One that does not
// return is left to itself.
func (e *engine) Close() {
	for _, p := range e.parts {
		if err := e.ask(p, p.dev.Close); err != nil {
			e.closed = errors.Join(e.closed, fmt.Errorf("%s was not closed: %w", p.name, err))
		}
	}
}

// home is the part that holds what is written; the first that ever was, if all have left.
func (e *engine) home() *part {
	return e.order[max(0, slices.IndexFunc(e.order, func(p *part) bool { return !p.left() }))]
}

// source finds a part that has the beginning of r up to date, and how much of it.
func (e *engine) source(m *memory, r device.Range) (*part, device.Range, error) {
	next := r.Hi
	for _, p := range e.order {
		if p.left() {
			continue
		}
		piece, in := m.on[p.index].fresh.first(r)
		next = min(next, piece.Hi) // from there on the home has it
		if in {
			return p, device.Range{Lo: r.Lo, Hi: next}, nil
		}
	}
	return nil, r, e.nobody()
}

// nobody is the error for data that went with a lost part.
func (e *engine) nobody() error {
	for _, p := range e.parts {
		if err := p.lost(); err != nil {
			return fmt.Errorf("data that only %s had: %w", p.name, err)
		}
	}
	return fmt.Errorf("%w: no part has the data", device.ErrLost)
}

// balanceOf returns the balance of launches of a kernel with so many items. A new one
// begins with what the closest size has shown.
func (e *engine) balanceOf(kernel *device.Kernel, items float64) *balance {
	size := int(math.Log2(max(1, items)))
	if b := e.splits[key{kernel, size}]; b != nil {
		return b
	}
	b := &balance{kernel: kernel, of: make([]rating, len(e.parts)), again: retrial}
	for d := 1; d <= alike && b.trial == 0; d++ {
		for _, s := range [...]int{size + d, size - d} {
			if near := e.splits[key{kernel, s}]; near != nil && near.trial > 0 {
				b.adopt(near)
			}
		}
	}
	if len(e.splits) >= manyBalances {
		clear(e.splits)
	}
	e.splits[key{kernel, size}] = b
	return b
}
