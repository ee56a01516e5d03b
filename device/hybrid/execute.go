package hybrid

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"offload/device"
	"offload/device/queue"
)

// piece is a range of rows for one part.
type piece struct {
	part *part
	rows device.Range
}

// Execute divides l into pieces and runs them; again on other parts if a part leaves.
func (e *engine) Execute(ctx context.Context, l *device.Launch, mem *[device.MaxParams]queue.Memory) error {
	cost := device.CostOf(l)
	e.mu.Lock()
	if e.last != nil {
		e.last.learn(e.parts, e.took)
		e.last = nil
	}
	b := e.balanceOf(l.Kernel, cost.Items)
	e.launch, e.balance, e.memory = l, b, e.memory[:0]
	for i := range l.Args {
		m, _ := mem[i].(*memory)
		e.memory = append(e.memory, m)
	}
	teaches := e.cut(cost)
	e.mu.Unlock()
	start := time.Now()
	for len(e.pieces) > 0 {
		if err := e.round(ctx); err != nil {
			return err
		}
	}
	if e.took = time.Since(start); teaches {
		e.last = b
	}
	if b.long++; e.took < brief && b.long <= twice {
		b.long = 0
	}
	return nil
}

const (
	small = 100_000                // operations below which a launch is not split
	brief = 100 * time.Microsecond // the same as a time, for kernels without Cost,
	twice = 2                      // unless this many launches in a row took longer
)

// cut sets the pieces of the launch, in the order of the parts, so that a part has about
// the same rows from launch to launch. It reports whether the times of this launch are to
// be learnt.
func (e *engine) cut(cost device.Cost) (teaches bool) {
	b, l, home := e.balance, e.launch, e.home().index
	some := false
	for i, p := range e.parts {
		x, usable := &b.of[i], e.usable(p)
		if usable != x.usable { // restart the trial
			x.usable, b.trial, b.settled = usable, 0, false
		}
		if usable {
			some, p.took = true, 0
		}
	}
	few := l.Kernel.Cost != nil && cost.Ops < small || l.Kernel.Cost == nil && b.long < twice
	choice := home // or the next part that is usable, as reassign finds
	switch {
	case e.fixed != nil:
		for i := range b.of {
			x := &b.of[i]
			if x.cut = 0; x.usable && e.fixed[i] > 0 {
				x.cut, choice = e.fixed[i], together
			}
		}
	case some && !(few && b.of[home].usable):
		choice, b.items, teaches = b.choose(home), cost.Items, cost.Items > 0
	}
	e.pieces = e.pieces[:0]
	if choice != together {
		e.pieces = append(e.pieces, piece{e.parts[choice], l.Rows})
		return teaches
	}
	total, sum, lo := 0.0, 0.0, l.Rows.Lo
	for _, x := range b.of {
		total += x.cut
	}
	for i, p := range e.parts {
		sum += b.of[i].cut
		if hi := l.Rows.Lo + int(math.Round(sum/total*float64(l.Rows.Len()))); hi > lo {
			e.pieces = append(e.pieces, piece{p, device.Range{Lo: lo, Hi: hi}})
			lo = hi
		}
	}
	return teaches
}

// usable reports whether a part may compute rows of the launch: it has not left, holds
// the buffers, has not refused the kernel, and equals its contract if it claims to be
// exact.
func (e *engine) usable(p *part) bool {
	lacks := func(m *memory) bool { return m != nil && m.on[p.index].Buffer == nil }
	return !p.left() && !slices.ContainsFunc(e.memory, lacks) &&
		!e.balance.of[p.index].without && !slices.Contains(p.unequal, e.launch.Kernel.Name)
}

// round moves to each part the data that its first piece needs, computes these pieces,
// and removes the finished ones from the list.
func (e *engine) round(ctx context.Context) (err error) {
	e.active = e.active[:0]
	for i := range e.pieces {
		c := &e.pieces[i]
		if err := e.reassign(c); err != nil {
			return err
		}
		if !slices.Contains(e.active, c.part) {
			e.active, c.part.piece = append(e.active, c.part), i
		}
	}
	if !e.rest(ctx, e.active) {
		return nil
	}
	e.moves = e.moves[:0]
	for _, p := range e.active {
		if err := e.gather(ctx, p); err != nil {
			return err
		}
	}
	bytes := e.makeRoom()
	if ok, err := e.fetch(ctx, bytes); !ok {
		return err
	}
	defer func() { err = e.settle() }()                 // even if a kernel's code ends this goroutine
	if p := e.active[0]; len(e.active) == 1 && p.host { // no other part to wait for
		p.moves = e.moves
		p.take(compute)
		return nil
	}
	for _, p := range e.active {
		e.begin(p, compute, bytes)
	}
	e.rest(ctx, e.active)
	return nil
}

// rest waits until parts have ended their steps, and reports whether none has left.
func (e *engine) rest(ctx context.Context, parts []*part) bool {
	e.wait(ctx, nil, parts...)
	return !slices.ContainsFunc(parts, (*part).left)
}

// reassign gives a piece of an unusable part to another part.
func (e *engine) reassign(c *piece) error {
	if e.usable(c.part) {
		return nil
	}
	other := slices.IndexFunc(e.order, e.usable)
	switch {
	case other >= 0:
		c.part = e.order[other]
		return nil
	case e.balance.refused != nil:
		return e.balance.refused
	case e.home().left():
		return e.nobody()
	}
	return fmt.Errorf("%w: kernel %s: no part has all of its buffers and equals its contract", device.ErrUnsupported, e.launch.Kernel.Name)
}

// fetch reads the data to be moved. ok is false if that failed: with an error, or without
// one if a source has left.
func (e *engine) fetch(ctx context.Context, bytes int) (ok bool, err error) {
	e.sources = e.sources[:0]
	for _, m := range e.moves {
		if m.from != nil && !slices.Contains(e.sources, m.from) {
			e.sources = append(e.sources, m.from)
		}
	}
	if !e.rest(ctx, e.sources) {
		return false, nil
	}
	for _, p := range e.sources {
		e.begin(p, fetch, bytes)
	}
	if !e.rest(ctx, e.sources) {
		return false, nil
	}
	for _, p := range e.sources {
		err = cmp.Or(err, p.err)
	}
	return err == nil, err
}

// settle removes the finished pieces from the list. It returns the first error that
// another part cannot avoid. The outcome on a part that has left is unknown.
func (e *engine) settle() (first error) {
	for _, p := range e.active {
		if p.left() {
			continue
		}
		e.record(p)
		// A failed launch leaves what it updates undefined, so it cannot run again.
		updates := func(x device.Param) bool { return x.Access == device.UpdateRows }
		switch {
		case p.err == nil:
			e.pieces[p.piece].rows = device.Range{}
		case errors.Is(p.err, device.ErrUnsupported), errors.Is(p.err, device.ErrOutOfMemory) && !slices.ContainsFunc(p.launch.Kernel.Params, updates):
			e.balance.of[p.index].without, e.balance.refused = true, p.err
		case first == nil:
			first = p.err
		}
	}
	e.pieces = slices.DeleteFunc(e.pieces, func(c piece) bool { return c.rows.Len() == 0 })
	return first
}

// record marks the elements that a part has computed, and those moved to it.
func (e *engine) record(p *part) {
	for i, m := range e.memory {
		switch r := p.launch.WriteRange(i); {
		case r.Len() <= 0:
		case p.err == nil:
			m.set(p, r)
		case !p.refused:
			m.on[p.index].mark(r, false)
		}
	}
	for _, x := range p.moves {
		switch c := &x.mem.on[p.index]; {
		case x.to != p:
		case p.err == nil && x.from == nil:
			c.torn.Mark(x.at, false)
		default:
			c.mark(x.at, p.err == nil)
		}
	}
}

// Check and Prepare return nil: the parts refuse launches that they cannot run.
func (e *engine) Check(*device.Launch) error   { return nil }
func (e *engine) Prepare(*device.Kernel) error { return nil }

// Inline returns false: several goroutines are needed anyway.
func (e *engine) Inline(context.Context, *device.Launch) bool { return false }

// Finish returns at once: Execute returns when all parts are done.
func (e *engine) Finish(context.Context) error { return nil }

// Progress returns the sum over all parts.
func (e *engine) Progress() (n int64) {
	for _, p := range e.parts {
		n += p.dev.Counters().Progress
	}
	return n
}

// Held returns the place of a part that the caller occupies, or nil.
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

// Close closes the parts, which ends waits for them. It abandons a part whose Close does
// not return.
func (e *engine) Close() {
	for _, p := range e.parts {
		if err := e.ask(p, p.dev.Close); err != nil {
			e.closed = errors.Join(e.closed, fmt.Errorf("%s was not closed: %w", p.name, err))
		}
	}
}

// home returns the part that receives writes: the first in order that has not left, or
// the very first if all have.
func (e *engine) home() *part {
	return e.order[max(0, slices.IndexFunc(e.order, func(p *part) bool { return !p.left() }))]
}
