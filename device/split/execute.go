package split

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"offload/device"
	"offload/internal/inorder"
)

// piece is a range of rows for one part.
type piece struct {
	part *part
	rows device.Range
}

// Execute cuts l into pieces and runs them, again on other parts if a part leaves.
func (e *engine) Execute(ctx context.Context, l *device.Launch, mem *[device.MaxParams]inorder.Memory) error {
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
	small = 100_000                // operations below which a launch is not worth cutting
	brief = 100 * time.Microsecond // the time for which the same holds where a kernel has no Cost,
	twice = 2                      // unless so many launches in a row took longer
)

// cut lists the pieces of the launch, in the order of the parts, so that a part has about
// the same rows from launch to launch. It reports whether the times show how to cut the next.
func (e *engine) cut(cost device.Cost) (teaches bool) {
	b, l, home := e.balance, e.launch, e.home().index
	some := false
	for i, p := range e.parts {
		x, usable := &b.of[i], e.usable(p)
		if usable != x.usable { // a new trial from the beginning
			x.usable, b.trial, b.settled = usable, 0, false
		}
		if usable {
			some, p.took = true, 0
		}
	}
	few := l.Kernel.Cost != nil && cost.Ops < small || l.Kernel.Cost == nil && b.long < twice
	choice := home // for whom another part stands in that is usable
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

// usable reports whether a part may compute rows of the launch: it is there, holds the
// buffers, has not refused the kernel, and was shown to equal its contract if it says so.
func (e *engine) usable(p *part) bool {
	if p.left() || e.balance.of[p.index].without || slices.Contains(p.unequal, e.launch.Kernel.Name) {
		return false
	}
	return !slices.ContainsFunc(e.memory, func(m *memory) bool { return m != nil && m.on[p.index].Buffer == nil })
}

// round brings each part what its first piece needs, computes these pieces, and
// takes those that are done from the list.
func (e *engine) round(ctx context.Context) (err error) {
	if err := e.reassign(); err != nil {
		return err
	}
	e.active = e.active[:0]
	for i, c := range e.pieces {
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
	if p := e.active[0]; len(e.active) == 1 && p.host { // nobody else to wait for
		p.moves = e.moves
		defer func() { err = e.settle() }() // even if the kernel's code ends this goroutine
		p.take(compute)
		return nil
	}
	for _, p := range e.active {
		e.begin(p, compute, bytes)
	}
	e.rest(ctx, e.active)
	return e.settle()
}

// rest waits until parts are at no step any more, and reports whether all are still
// there.
func (e *engine) rest(ctx context.Context, parts []*part) bool {
	e.wait(ctx, nil, parts...)
	return !slices.ContainsFunc(parts, (*part).left)
}

// reassign gives the pieces of parts that have left, or refuse the kernel, to others.
func (e *engine) reassign() error {
	for i := range e.pieces {
		if e.usable(e.pieces[i].part) {
			continue
		}
		other := slices.IndexFunc(e.order, e.usable)
		switch {
		case other >= 0:
			e.pieces[i].part = e.order[other]
		case e.balance.refused != nil:
			return e.balance.refused
		case e.home().left():
			return e.nobody()
		default:
			return fmt.Errorf("%w: kernel %s: no part has all of its buffers and equals its contract", device.ErrUnsupported, e.launch.Kernel.Name)
		}
	}
	return nil
}

// gather makes the launch of a part's piece on its copies, and plans the moves of what that
// reads and the part does not have. What failed calls have left undefined in its outputs
// is cleared, so that the wait for the piece does not meet their errors.
func (e *engine) gather(ctx context.Context, p *part) error {
	l := &p.launch
	p.ctx.Context = ctx
	*l = device.Launch{Kernel: e.launch.Kernel, Rows: e.pieces[p.piece].rows, Args: append(l.Args[:0], e.launch.Args...)}
	for i, m := range e.memory {
		if m == nil {
			continue
		}
		c := &m.on[p.index]
		l.Args[i].Buffer = c.Buffer
		for t := c.torn; len(t) > 0 && l.Kernel.Params[i].Access.Writes(); t = t[2:] { // before what is moved there
			e.moves = slices.Insert(e.moves, 0, move{to: p, mem: m, at: device.Range{Lo: t[0], Hi: t[1]}})
		}
		e.here = append(e.here[:0], c.fresh...)
		for _, x := range e.moves {
			if x.to == p && x.mem == m && x.from != nil {
				e.here.mark(x.at, true)
			}
		}
		for r := l.ReadRange(i); r.Len() > 0; {
			at, in := e.here.first(r)
			if !in {
				var from *part
				var err error
				if from, at, err = e.source(m, at); err != nil {
					return err
				}
				e.moves = append(e.moves, move{from: from, to: p, mem: m, at: at})
			}
			r.Lo = at.Hi
		}
	}
	p.items = device.CostOf(l).Items
	return nil
}

// fetch reads what is to be moved. It returns false, and perhaps an error, if that was not
// possible: without one, parts have left that others need something of.
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

// settle takes the pieces that were computed from the list. It returns the first error
// that no other part can help. Of a part that has left nothing is known.
func (e *engine) settle() (first error) {
	for _, p := range e.active {
		if p.left() {
			continue
		}
		e.record(p)
		// A launch that has failed takes what it updates along.
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

// record keeps account of what a part has computed, and of what was moved to it.
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
			c.torn.mark(x.at, false)
		default:
			c.mark(x.at, p.err == nil)
		}
	}
}
