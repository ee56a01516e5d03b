package split

import (
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
	part int
	rows device.Range
}

// Execute cuts l into pieces and runs them, again on other parts if a part leaves.
func (e *engine) Execute(ctx context.Context, l *device.Launch, mem *[device.MaxParams]inorder.Memory) error {
	if e.last.balance != nil {
		e.mu.Lock()
		e.last.balance.learn(e.parts, e.last.took, e.last.items)
		e.mu.Unlock()
		e.last = done{}
	}
	cost := device.CostOf(l)
	b := e.balance(l.Kernel, cost.Items)
	e.cut(b, l, cost.Ops, mem)
	for _, p := range e.parts {
		if !p.left() {
			p.took = 0
		}
	}
	start := time.Now()
	for len(e.pieces) > 0 {
		if err := e.round(ctx, b, l, mem); err != nil {
			return err
		}
	}
	e.last = done{b, time.Since(start), cost.Items}
	if b.long < twice {
		if b.long++; e.last.took < brief {
			b.long = 0
		}
	}
	return nil
}

// done is a launch that nothing has been learnt of yet.
type done struct {
	balance *balance
	took    time.Duration // with the reads that followed it: they depend on where its results are
	items   float64
}

// round brings each part what its first piece needs, computes these pieces, and
// takes those that are done from the list.
func (e *engine) round(ctx context.Context, b *balance, l *device.Launch, mem *[device.MaxParams]inorder.Memory) (err error) {
	if err := e.reassign(b, l, mem); err != nil {
		return err
	}
	e.active = e.active[:0]
	for i, c := range e.pieces {
		if p := e.parts[c.part]; !slices.Contains(e.active, p) {
			e.active, p.piece = append(e.active, p), i
		}
	}
	if !e.rest(ctx, e.active) {
		return nil
	}
	e.moves = e.moves[:0]
	for _, p := range e.active {
		p.bind(ctx, l, e.pieces[p.piece].rows, mem)
		if err := e.gather(p, mem); err != nil {
			return err
		}
	}
	bytes := e.makeRoom()
	if broken, err := e.fetch(ctx, bytes); broken || err != nil {
		return err
	}
	if p := e.active[0]; len(e.active) == 1 && p.host { // nobody else to wait for
		p.moves = e.moves
		defer func() { err = e.settle(b, mem) }() // even if the kernel's code ends this goroutine
		p.step(compute)
		return nil
	}
	for _, p := range e.active {
		e.begin(p, compute, b.limit(p, bytes))
	}
	e.rest(ctx, e.active)
	return e.settle(b, mem)
}

// rest waits until parts are at no step any more, and reports whether all are still
// there.
func (e *engine) rest(ctx context.Context, parts []*part) bool {
	e.wait(ctx, nil, parts)
	return !slices.ContainsFunc(parts, (*part).left)
}

// bind makes the launch of a piece on the part's copies.
func (p *part) bind(ctx context.Context, l *device.Launch, rows device.Range, mem *[device.MaxParams]inorder.Memory) {
	p.ctx.Context = ctx
	p.launch = device.Launch{Kernel: l.Kernel, Rows: rows, Args: append(p.launch.Args[:0], l.Args...)}
	for i := range l.Args {
		if m, ok := mem[i].(*memory); ok {
			p.launch.Args[i].Buffer = m.copies[p.index]
		}
	}
	p.items = device.CostOf(&p.launch).Items
}

const (
	// small is the number of operations below which a launch is not worth cutting.
	small = 100_000
	// brief is the time for which the same holds where a kernel has no Cost,
	brief = 100 * time.Microsecond
	// and twice the number of launches in a row that must have taken longer.
	twice = 2
)

// cut lists the pieces of l, which has so many operations.
func (e *engine) cut(b *balance, l *device.Launch, ops float64, mem *[device.MaxParams]inorder.Memory) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, p := range e.parts {
		b.usable[p.index] = e.usable(p, b, l, mem)
	}
	e.pieces = e.pieces[:0]
	home := e.home()
	switch {
	case e.fixed != nil:
		copy(b.share, e.fixed)
	case b.usable[home.index] && (l.Kernel.Cost != nil && ops < small || l.Kernel.Cost == nil && b.long < twice):
		e.pieces = append(e.pieces, piece{home.index, l.Rows})
		b.skip = true
		return
	default:
		b.arrange(home.index)
	}
	b.skip = e.fixed != nil
	e.divide(b, l.Rows)
}

// divide gives each part that is usable its share of the rows, in the order of the
// parts, so that a part has about the same rows from launch to launch.
func (e *engine) divide(b *balance, rows device.Range) {
	total := 0.0
	for i := range b.share {
		if !b.usable[i] {
			b.share[i] = 0
		}
		total += b.share[i]
	}
	if total == 0 { // no part with a share is usable: any that is takes all
		any := slices.IndexFunc(e.order, func(p *part) bool { return b.usable[p.index] })
		total, b.share[e.order[max(any, 0)].index] = 1, 1
	}
	lo, sum := rows.Lo, 0.0
	for i, s := range b.share {
		sum += s
		if hi := rows.Lo + int(math.Round(sum/total*float64(rows.Len()))); hi > lo {
			e.pieces = append(e.pieces, piece{i, device.Range{Lo: lo, Hi: hi}})
			lo = hi
		}
	}
}

// usable reports whether a part may compute rows of l: it is there, holds the buffers,
// has not refused the kernel, and was not shown to differ from its contract.
func (e *engine) usable(p *part, b *balance, l *device.Launch, mem *[device.MaxParams]inorder.Memory) bool {
	if p.left() || b.without[p.index] || e.differs(p, l.Kernel) {
		return false
	}
	for i := range l.Args {
		if m, ok := mem[i].(*memory); ok && m.copies[p.index] == nil {
			return false
		}
	}
	return true
}

// settle looks at what came of each piece that was computed.
func (e *engine) settle(b *balance, mem *[device.MaxParams]inorder.Memory) (first error) {
	for _, p := range e.active {
		done, err := p.outcome(b, mem)
		if done {
			e.pieces[p.piece].rows = device.Range{}
		}
		if first == nil {
			first = err
		}
	}
	e.pieces = slices.DeleteFunc(e.pieces, func(c piece) bool { return c.rows.Len() == 0 })
	return first
}

// outcome records what a part has computed, and reports whether it has; the error is
// one that no other part can help. Of a part that has left nothing is known.
func (p *part) outcome(b *balance, mem *[device.MaxParams]inorder.Memory) (done bool, err error) {
	if p.left() {
		return false, nil
	}
	for i := range p.launch.Args {
		m, ok := mem[i].(*memory)
		if r := p.launch.WriteRange(i); !ok || r.Len() <= 0 {
			continue
		} else if p.err == nil {
			m.set(p.index, r)
		} else if !p.refused {
			m.spoil(p.index, r)
		}
	}
	for _, m := range p.moves {
		switch {
		case m.to != p.index:
		case p.err != nil:
			m.mem.spoil(p.index, m.at)
		case m.from == nothing:
			m.mem.torn[p.index].remove(m.at)
		default:
			m.mem.have(p.index, m.at)
		}
	}
	switch {
	case p.err == nil:
		return true, nil
	case fatal(p.err):
		p.leave(p.err)
		return false, nil
	case errors.Is(p.err, device.ErrUnsupported), errors.Is(p.err, device.ErrOutOfMemory) && !updates(p.launch.Kernel):
		b.without[p.index], b.refused = true, p.err
		return false, nil
	}
	return false, p.err
}

// updates reports whether a launch that fails takes its own inputs along.
func updates(k *device.Kernel) bool {
	return slices.ContainsFunc(k.Params, func(p device.Param) bool { return p.Access == device.UpdateRows })
}

// reassign gives the pieces of parts that have left, or refuse the kernel, to others.
func (e *engine) reassign(b *balance, l *device.Launch, mem *[device.MaxParams]inorder.Memory) error {
	for i := range e.pieces {
		if e.usable(e.parts[e.pieces[i].part], b, l, mem) {
			continue
		}
		other := slices.IndexFunc(e.order, func(p *part) bool { return e.usable(p, b, l, mem) })
		switch {
		case other >= 0:
			e.pieces[i].part = e.order[other].index
		case b.refused != nil:
			return b.refused
		case e.home().left():
			return e.nobody()
		default:
			return fmt.Errorf("%w: kernel %s: no part has all of its buffers and equals its contract", device.ErrUnsupported, l.Kernel.Name)
		}
	}
	return nil
}
