package split

import (
	"context"
	"errors"
	"slices"
	"time"

	"offload/device"
	"offload/internal/inorder"
)

// memory is a buffer: a copy on each part, and which elements of it are up to date.
type memory struct {
	engine *engine
	typ    device.Type
	copies []device.Buffer // nil where the part has none
	fresh  []ranges
	torn   []ranges // what failed calls have left undefined on a part
}

// Alloc makes a copy on each part. A part that cannot hold one does without, and
// takes no share of launches with this buffer; the home must have one.
func (e *engine) Alloc(t device.Type, n int) (inorder.Memory, error) {
	m := &memory{e, t, make([]device.Buffer, len(e.parts)), make([]ranges, len(e.parts)), make([]ranges, len(e.parts))}
	refused := e.nobody()
	for _, p := range e.order {
		if p.left() {
			continue
		}
		var b device.Buffer
		err := e.ask(p, func() (err error) {
			b, err = p.dev.Alloc(t, n)
			return err
		})
		if err == nil {
			m.copies[p.index] = b
			m.fresh[p.index].add(device.Range{Hi: n})
			continue
		}
		refused = err
		if fatal(err) {
			p.leave(err)
		} else if p.host {
			break
		}
	}
	if m.copies[e.home().index] == nil {
		m.Free()
		return nil, refused
	}
	return m, nil
}

// Free releases the copies. Those of a lost part go with it.
func (m *memory) Free() {
	for i, b := range m.copies {
		if p := m.engine.parts[i]; b != nil && !p.left() {
			m.engine.ask(p, b.Free)
		}
	}
}

// Write sets elements on the home alone; others fetch them when they need them.
func (m *memory) Write(ctx context.Context, off int, src device.Slice) error {
	all := device.Range{Lo: off, Hi: off + src.Len()}
	for r := all; r.Len() > 0; {
		i := slices.IndexFunc(m.engine.order, func(p *part) bool { return !p.left() && m.copies[p.index] != nil })
		if i < 0 {
			return m.engine.nobody()
		}
		p := m.engine.order[i]
		at := m.begin(p, r)
		err := m.transfer(ctx, p, bring, at, src.Sub(at.Lo-off, at.Hi-off))
		switch {
		case err == nil:
			m.set(p.index, at)
			r.Lo = at.Hi
		case p.left():
			r = all
		default:
			m.spoil(p.index, at)
			return err
		}
	}
	return nil
}

// Read takes each element from a part that has it, from the home if it can.
func (m *memory) Read(ctx context.Context, off int, dst device.Slice) error {
	start := time.Now()
	defer func() { m.engine.last.took += time.Since(start) }()
	r := device.Range{Lo: off, Hi: off + dst.Len()}
	for r.Len() > 0 {
		p, at, err := m.engine.source(m, r)
		if err != nil {
			return err
		}
		at = m.begin(p, at)
		err = m.transfer(ctx, p, fetch, at, dst.Sub(at.Lo-off, at.Hi-off))
		if err == nil {
			r.Lo = at.Hi
		} else if !p.left() {
			return err
		}
	}
	return nil
}

// chunk is the number of bytes that the engine keeps for a caller's data on their way.
const chunk = 4 << 20

// begin is the beginning of r that a transfer to or from a part moves at once.
func (m *memory) begin(p *part, r device.Range) device.Range {
	if !p.host {
		r.Hi = min(r.Hi, r.Lo+chunk/m.typ.Size())
	}
	return r
}

// transfer moves the elements at between a part's copy and data of a caller, who waits
// for no longer than ctx. A part other than the host is given memory of the engine's,
// since it may use that after the caller has gone.
func (m *memory) transfer(ctx context.Context, p *part, s step, at device.Range, data device.Slice) error {
	e, parts := m.engine, [...]*part{p}
	err := e.wait(ctx, ctx.Done(), parts[:])
	switch {
	case err != nil || p.left():
	case p.host && s == fetch:
		err = m.copies[p.index].Read(ctx, at.Lo, data)
	case p.host:
		err = m.copies[p.index].Write(ctx, at.Lo, data)
	default:
		e.moves = append(e.moves[:0], move{from: p.index, to: p.index, mem: m, at: at})
		bytes := e.makeRoom()
		if s == bring {
			e.moves[0].data.Copy(data)
		}
		e.begin(p, s, transferTime(bytes))
		if err = e.wait(ctx, ctx.Done(), parts[:]); err != nil || p.left() {
			break
		}
		if err = p.err; err == nil && s == fetch {
			data.Copy(p.moves[0].data)
		}
	}
	if fatal(err) {
		p.leave(err)
	}
	if p.left() {
		return p.lost()
	}
	return err
}

// set records that elements r are up to date on part i and nowhere else.
func (m *memory) set(i int, r device.Range) {
	for j := range m.fresh {
		m.fresh[j].remove(r)
	}
	m.have(i, r)
}

// have records that elements r are up to date on part i.
func (m *memory) have(i int, r device.Range) {
	m.fresh[i].add(r)
	m.torn[i].remove(r)
}

// spoil records that a call which was to set elements r on part i has failed.
func (m *memory) spoil(i int, r device.Range) {
	m.fresh[i].remove(r)
	m.torn[i].add(r)
}

// fatal reports whether an error ends the use of a part.
func fatal(err error) bool { return errors.Is(err, device.ErrLost) || errors.Is(err, device.ErrClosed) }

// move is the way of some elements from the part that has them to one that reads
// them.
type move struct {
	from, to int // parts; from nothing, elements are cleared
	mem      *memory
	at       device.Range
	data     device.Slice // on the way
}

// nothing is where zeros come from.
const nothing = -1

// gather plans the moves of what a part's piece reads and the part does not have. What
// failed calls have left undefined in its outputs is cleared, so that the wait for the
// piece does not meet their errors.
func (e *engine) gather(p *part, mem *[device.MaxParams]inorder.Memory) error {
	l := &p.launch
	for i := range l.Args {
		if m, ok := mem[i].(*memory); ok && l.Kernel.Params[i].Access.Writes() {
			for _, r := range m.torn[p.index] {
				e.moves = append(e.moves, move{from: nothing, to: p.index, mem: m, at: r})
			}
		}
	}
	for i := range l.Args {
		m, ok := mem[i].(*memory)
		if !ok {
			continue
		}
		e.here = append(e.here[:0], m.fresh[p.index]...)
		for _, x := range e.moves {
			if x.to == p.index && x.mem == m && x.from != nothing {
				e.here.add(x.at)
			}
		}
		for r := l.ReadRange(i); r.Len() > 0; {
			at, in := e.here.first(r)
			r.Lo = at.Hi
			for !in && at.Len() > 0 {
				from, some, err := e.source(m, at)
				if err != nil {
					return err
				}
				e.moves = append(e.moves, move{from: from.index, to: p.index, mem: m, at: some})
				at.Lo = some.Hi
			}
		}
	}
	return nil
}

// fetch reads what is to be moved. It reports whether a part has left that others need
// something of.
func (e *engine) fetch(ctx context.Context, bytes int) (broken bool, err error) {
	e.sources = e.sources[:0]
	for _, p := range e.parts {
		if slices.ContainsFunc(e.moves, func(m move) bool { return m.from == p.index }) {
			e.sources = append(e.sources, p)
		}
	}
	if !e.rest(ctx, e.sources) {
		return true, nil
	}
	for _, p := range e.sources {
		e.begin(p, fetch, transferTime(bytes))
	}
	if !e.rest(ctx, e.sources) {
		return true, nil
	}
	for _, p := range e.sources {
		switch {
		case fatal(p.err):
			p.leave(p.err)
			broken = true
		case p.err != nil:
			return false, p.err
		}
	}
	return broken, nil
}

// makeRoom gives each move memory for its data and returns their bytes.
func (e *engine) makeRoom() (bytes int) {
	var need, used [len(e.transit)]int
	for _, m := range e.moves {
		need[m.mem.typ] += m.at.Len()
		bytes += m.at.Len() * m.mem.typ.Size()
	}
	for t, n := range need {
		if n > e.transit[t].Len() {
			e.transit[t] = device.MakeSlice(device.Type(t), n)
		}
	}
	for i := range e.moves {
		m := &e.moves[i]
		at := &used[m.mem.typ]
		m.data = e.transit[m.mem.typ].Sub(*at, *at+m.at.Len())
		if *at += m.at.Len(); m.from == nothing {
			clear(m.data.Bytes())
		}
	}
	return bytes
}
