package split

import (
	"context"
	"errors"
	"fmt"
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

// reassign gives the pieces of parts that have left, or refuse the kernel, to others.
func (e *engine) reassign(b *balance, l *device.Launch, mem *[device.MaxParams]inorder.Memory) error {
	for i := range e.pieces {
		if e.usable(e.parts[e.pieces[i].part], b, l, mem) {
			continue
		}
		other := slices.IndexFunc(e.order, func(p *part) bool { return e.usable(p, b, l, mem) })
		if other < 0 {
			return e.refusal(b, l)
		}
		e.pieces[i].part = e.order[other].index
	}
	return nil
}

// refusal is why no part runs l.
func (e *engine) refusal(b *balance, l *device.Launch) error {
	if b.refused != nil {
		return b.refused
	}
	if p := e.home(); p.lost() != nil {
		return e.nobody()
	}
	return fmt.Errorf("%w: kernel %s: no part has all of its buffers and equals its contract", device.ErrUnsupported, l.Kernel.Name)
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

// gather plans the moves of what a piece reads and its part does not have.
func (e *engine) gather(c piece, l *device.Launch, mem *[device.MaxParams]inorder.Memory) error {
	for i := range l.Args {
		m, ok := mem[i].(*memory)
		if !ok {
			continue
		}
		r := e.parts[c.part].launch.ReadRange(i)
		e.here = append(e.here[:0], m.fresh[c.part]...)
		for _, x := range e.moves {
			if x.to == c.part && x.mem == m {
				e.here.add(x.at)
			}
		}
		for r.Len() > 0 {
			at, in := e.here.first(r)
			r.Lo = at.Hi
			for !in && at.Len() > 0 {
				from, some, err := e.source(m, at)
				if err != nil {
					return err
				}
				e.moves = append(e.moves, move{from: from.index, to: c.part, mem: m, at: some})
				at.Lo = some.Hi
			}
		}
	}
	return nil
}

// fetch reads what is to be moved. Errors of parts that leave are not returned.
func (e *engine) fetch(ctx context.Context) error {
	if len(e.moves) == 0 {
		return nil
	}
	bytes := e.makeRoom()
	active := 0
	for _, p := range e.parts {
		if !slices.ContainsFunc(e.moves, func(m move) bool { return m.from == p.index }) {
			continue
		}
		active++
		p.moves, p.wait = e.moves, e.patience(p)
		p.begin <- fetch
	}
	e.wait(ctx, active, transferTime(bytes))
	for _, p := range e.parts {
		if !slices.ContainsFunc(e.moves, func(m move) bool { return m.from == p.index }) || p.err == nil {
			continue
		}
		if !fatal(p.err) {
			return p.err
		}
		p.leave(p.err)
	}
	return nil
}

// broken tells whether a part has left that others needed something of.
func (e *engine) broken() bool {
	return slices.ContainsFunc(e.moves, func(m move) bool { return e.parts[m.from].lost() != nil })
}

// makeRoom gives each move memory for its data and returns their bytes.
func (e *engine) makeRoom() int {
	var need [device.Uint32 + 1]int
	bytes := 0
	for _, m := range e.moves {
		need[m.mem.typ] += m.at.Len()
		bytes += m.at.Len() * m.mem.typ.Size()
	}
	for t := range e.transit {
		a := &e.transit[t]
		if a.used = 0; need[t] > a.data.Len() {
			a.data = device.MakeSlice(device.Type(t), need[t])
		}
	}
	for i := range e.moves {
		m := &e.moves[i]
		m.data = e.transit[m.mem.typ].room(m.at.Len())
	}
	return bytes
}

// wait collects n parts that are at a step. The limit is how long it may take; 0 is
// for as long as the others show. Parts other than the host that take longer are told
// to return.
func (e *engine) wait(ctx context.Context, n int, limit time.Duration) {
	start, cancelled := time.Now(), ctx.Done()
	if limit > 0 {
		e.timer.Reset(limit)
	}
	defer e.timer.Stop()
	for n > 0 {
		select {
		case <-e.done:
			if n--; limit == 0 && n > 0 {
				limit = max(patience, late*time.Since(start))
				e.timer.Reset(limit)
			}
		case <-cancelled:
			cancelled = nil
			e.timer.Reset(patience)
		case <-e.timer.C:
			e.giveUp()
		}
	}
	if e.patient.Err() != nil {
		e.patient, e.giveUp = context.WithCancel(context.Background())
	}
}

// patience is what ends a part's waiting. The host answers, however long it takes.
func (e *engine) patience(p *part) context.Context {
	if p.info.Class == device.CPU {
		return context.Background()
	}
	return e.patient
}

// limit is how long the pieces of a round may take; 0 where that is unknown.
func (e *engine) limit(b *balance) time.Duration {
	worst := 0.0
	for i, c := range e.pieces {
		if e.later(i) {
			continue
		}
		if b.rate[c.part] == 0 {
			return 0
		}
		worst = max(worst, device.CostOf(&e.parts[c.part].launch).Items/b.rate[c.part])
	}
	return max(patience, time.Duration(late*worst*float64(time.Second)))
}

// late is how many times the time that was predicted a part may take.
const late = 20

// settle looks at what came of each piece that was computed.
func (e *engine) settle(b *balance, l *device.Launch, mem *[device.MaxParams]inorder.Memory) error {
	rest, seen := e.pieces[:0], uint64(0)
	var first error
	for _, c := range e.pieces {
		p := e.parts[c.part]
		if seen&(1<<c.part) != 0 { // its second piece was not begun
			rest = append(rest, c)
			continue
		}
		seen |= 1 << c.part
		err := e.outcome(p, b, l, mem)
		switch {
		case p.err == nil:
		case err == nil:
			rest = append(rest, c)
		case first == nil:
			first = err
		}
	}
	e.pieces = rest
	return first
}

// outcome records what a part has computed, or why it did not. It returns the
// errors that no other part can help.
func (e *engine) outcome(p *part, b *balance, l *device.Launch, mem *[device.MaxParams]inorder.Memory) error {
	for i := range l.Args {
		m, ok := mem[i].(*memory)
		if !ok {
			continue
		}
		if r := p.launch.WriteRange(i); p.err == nil {
			if r.Len() > 0 {
				m.set(p.index, r)
			}
		} else {
			m.fresh[p.index].remove(r)
		}
	}
	switch {
	case p.err == nil:
		for _, m := range e.moves {
			if m.to == p.index {
				m.mem.fresh[p.index].add(m.at)
			}
		}
		return nil
	case fatal(p.err):
		p.leave(p.err)
		return nil
	case errors.Is(p.err, device.ErrUnsupported), errors.Is(p.err, device.ErrOutOfMemory) && !updates(l.Kernel):
		b.refuse(p.index, p.err)
		return nil
	}
	return p.err
}

// updates tells whether a launch that fails takes its own inputs along.
func updates(k *device.Kernel) bool {
	return slices.ContainsFunc(k.Params, func(p device.Param) bool { return p.Access == device.UpdateRows })
}
