package split

import (
	"context"
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
	e.learn()
	b := e.balance(l)
	if err := e.cut(b, l, mem); err != nil {
		return err
	}
	for _, p := range e.parts {
		p.took = 0
	}
	start := time.Now()
	for len(e.pieces) > 0 {
		if err := e.round(ctx, b, l, mem); err != nil {
			return err
		}
	}
	e.last = done{b, time.Since(start), device.CostOf(l).Items}
	return nil
}

// done is a launch that nothing has been learnt of yet.
type done struct {
	balance *balance
	took    time.Duration // with the reads that followed it
	items   float64
}

// learn takes in the times of the last launch. Reads of what it computed belong to
// it: they depend on where that is.
func (e *engine) learn() {
	if e.last.balance != nil {
		e.mu.Lock()
		e.last.balance.learn(e.parts, e.last.took, e.last.items)
		e.mu.Unlock()
		e.last = done{}
	}
}

// round brings each part what its first piece needs, computes these pieces, and
// takes those that are done from the list.
func (e *engine) round(ctx context.Context, b *balance, l *device.Launch, mem *[device.MaxParams]inorder.Memory) error {
	if err := e.reassign(b, l, mem); err != nil {
		return err
	}
	e.moves = e.moves[:0]
	active := 0
	for i := range e.pieces {
		if e.later(i) {
			continue
		}
		active++
		e.bind(ctx, e.pieces[i], l, mem)
		if err := e.gather(e.pieces[i], l, mem); err != nil {
			return err
		}
	}
	if err := e.fetch(ctx); err != nil || e.broken() {
		return err
	}
	if p := e.parts[e.pieces[0].part]; active == 1 && p.info.Class == device.CPU { // nobody else to wait for
		p.moves = e.moves
		p.step(compute)
		return e.settle(b, l, mem)
	}
	for i := range e.pieces {
		if p := e.parts[e.pieces[i].part]; !e.later(i) {
			p.moves = e.moves
			p.begin <- compute
		}
	}
	e.wait(ctx, active, e.limit(b))
	return e.settle(b, l, mem)
}

// later tells whether a part has a piece before piece i.
func (e *engine) later(i int) bool {
	return slices.ContainsFunc(e.pieces[:i], func(p piece) bool { return p.part == e.pieces[i].part })
}

// bind makes the launch of a piece on its part's copies.
func (e *engine) bind(ctx context.Context, c piece, l *device.Launch, mem *[device.MaxParams]inorder.Memory) {
	p := e.parts[c.part]
	p.ctx, p.wait = ctx, e.patience(p)
	p.launch = device.Launch{Kernel: l.Kernel, Rows: c.rows, Args: append(p.launch.Args[:0], l.Args...)}
	for i := range l.Args {
		if m, ok := mem[i].(*memory); ok {
			p.launch.Args[i].Buffer = m.copies[c.part]
		}
	}
}
