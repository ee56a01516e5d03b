package hybrid

import (
	"context"
	"fmt"
	"slices"
	"time"

	"offload/device"
	"offload/device/queue"
	"offload/internal/ranges"
)

// memory is a buffer: a copy on each part, with the elements that are up to date.
type memory struct {
	engine *engine
	typ    device.Type
	on     []replica // of each part
}

// replica is the copy of a buffer on a part.
type replica struct {
	device.Buffer            // nil if the part has none
	fresh         ranges.Set // elements that are up to date
	torn          ranges.Set // elements left undefined by failed calls
}

// mark records that elements r are up to date, or that a call to set them failed.
func (c *replica) mark(r device.Range, ok bool) {
	c.fresh.Mark(r, ok)
	c.torn.Mark(r, !ok)
}

// set records that elements r are up to date on p only.
func (m *memory) set(p *part, r device.Range) {
	for i := range m.on {
		m.on[i].fresh.Mark(r, false)
	}
	m.on[p.index].mark(r, true)
}

// Alloc allocates a copy on each part. A part that cannot hold one takes no share of
// launches with this buffer; the home must have one.
func (e *engine) Alloc(t device.Type, n int) (queue.Memory, error) {
	m := &memory{e, t, make([]replica, len(e.parts))}
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
			m.on[p.index].Buffer = b
			m.on[p.index].fresh.Mark(device.Range{Hi: n}, true)
		} else if p == e.home() {
			return nil, err
		}
	}
	if e.home().left() {
		return nil, e.nobody()
	}
	return m, nil
}

// Free frees the copies, except those of lost parts. A transfer that its caller has given up
// may still use a copy until the part ends its step.
func (m *memory) Free() {
	for i, c := range m.on {
		p := m.engine.parts[i]
		if c.Buffer == nil {
			continue
		}
		if m.engine.wait(context.Background(), nil, p); !p.left() {
			m.engine.ask(p, c.Buffer.Free)
		}
	}
}

// Write sets elements on the home only; other parts fetch them when needed.
func (m *memory) Write(ctx context.Context, off int, src device.Slice) error {
	all := device.Range{Lo: off, Hi: off + src.Len()}
	for r := all; r.Len() > 0; {
		i := slices.IndexFunc(m.engine.order, func(p *part) bool { return !p.left() && m.on[p.index].Buffer != nil })
		if i < 0 {
			return m.engine.nobody()
		}
		p := m.engine.order[i]
		at, err := m.transfer(ctx, p, bring, r, src.Sub(r.Lo-off, src.Len()))
		switch {
		case err == nil:
			m.set(p, at)
			r.Lo = at.Hi
		case p.left():
			r = all
		default:
			m.on[p.index].mark(at, false)
			return err
		}
	}
	return nil
}

// Read reads each element from a part that has it, preferably the home.
func (m *memory) Read(ctx context.Context, off int, dst device.Slice) error {
	start := time.Now()
	defer func() { m.engine.took += time.Since(start) }()
	for r := (device.Range{Lo: off, Hi: off + dst.Len()}); r.Len() > 0; {
		p, at, err := m.engine.source(m, r)
		if err != nil {
			return err
		}
		at, err = m.transfer(ctx, p, fetch, at, dst.Sub(at.Lo-off, dst.Len()))
		if err == nil {
			r.Lo = at.Hi
		} else if !p.left() {
			return err
		}
	}
	return nil
}

// chunk is the largest number of bytes of a caller's data in one transfer through the
// engine's memory.
const chunk = 4 << 20

// transfer copies elements between a part's copy and data of a caller, whose wait ends
// with ctx. It returns the range copied, which is the beginning of r if r is too large
// for one transfer. A part other than the host uses memory of the engine, because it may
// still use it after the caller has gone.
func (m *memory) transfer(ctx context.Context, p *part, s step, r device.Range, data device.Slice) (device.Range, error) {
	e := m.engine
	if !p.host {
		r.Hi = min(r.Hi, r.Lo+chunk/m.typ.Size())
	}
	data = data.Sub(0, r.Len())
	err := e.wait(ctx, ctx.Done(), p)
	switch c := m.on[p.index].Buffer; {
	case err != nil || p.left():
	case p.host && s == fetch:
		err = p.note(c.Read(ctx, r.Lo, data))
	case p.host:
		err = p.note(c.Write(ctx, r.Lo, data))
	default:
		e.moves = append(e.moves[:0], move{from: p, to: p, mem: m, at: r})
		bytes := e.makeRoom()
		if s == bring {
			e.moves[0].data.Copy(data)
		}
		e.begin(p, s, bytes)
		if err = e.wait(ctx, ctx.Done(), p); err != nil || p.left() {
			break
		}
		if err = p.err; err == nil && s == fetch {
			data.Copy(p.moves[0].data)
		}
	}
	if p.left() {
		err = p.lost()
	}
	return r, err
}

// move is a transfer of elements from a part that has them to a part that reads them.
type move struct {
	from *part // nil: the elements are set to 0
	to   *part
	mem  *memory
	at   device.Range
	data device.Slice // in transit
}

// gather sets up the launch of a part's piece on its copies, and adds moves of the
// elements that it reads and the part lacks. It clears elements of outputs left undefined
// by failed calls, so that the wait for the piece does not return their errors.
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
		for t := c.torn; len(t) > 0 && l.Kernel.Params[i].Access.Writes(); t = t[2:] { // before other moves to the same elements
			e.moves = slices.Insert(e.moves, 0, move{to: p, mem: m, at: device.Range{Lo: t[0], Hi: t[1]}})
		}
		e.here = append(e.here[:0], c.fresh...)
		for _, x := range e.moves {
			if x.to == p && x.mem == m && x.from != nil {
				e.here.Mark(x.at, true)
			}
		}
		for r := l.ReadRange(i); r.Len() > 0; {
			at, in := e.here.First(r)
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

// source returns a part that has the beginning of r up to date, and the range that it
// has.
func (e *engine) source(m *memory, r device.Range) (*part, device.Range, error) {
	next := r.Hi
	for _, p := range e.order {
		if p.left() {
			continue
		}
		piece, in := m.on[p.index].fresh.First(r)
		next = min(next, piece.Hi) // from there on an earlier part has it
		if in {
			return p, device.Range{Lo: r.Lo, Hi: next}, nil
		}
	}
	return nil, r, e.nobody()
}

// nobody returns the error for data that only a lost part had.
func (e *engine) nobody() error {
	for _, p := range e.parts {
		if err := p.lost(); err != nil {
			return fmt.Errorf("data that only %s had: %w", p.name, err)
		}
	}
	return fmt.Errorf("%w: no part has the data", device.ErrLost)
}

// makeRoom allocates memory for the data of each move and returns their bytes.
func (e *engine) makeRoom() (bytes int) {
	var need, used [len(e.transit)]int
	for _, m := range e.moves {
		need[m.mem.typ] += m.at.Len()
	}
	for i := range e.moves {
		m := &e.moves[i]
		t := m.mem.typ
		if need[t] > e.transit[t].Len() {
			e.transit[t] = device.MakeSlice(t, need[t])
		}
		lo := used[t]
		used[t] += m.at.Len()
		m.data = e.transit[t].Sub(lo, used[t])
		if m.from == nil {
			clear(m.data.Bytes())
		}
		bytes += m.at.Len() * t.Size()
	}
	return bytes
}
