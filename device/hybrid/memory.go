package hybrid

import (
	"context"
	"fmt"
	"slices"
	"time"

	"offload/device"
	"offload/device/queue"
)

// memory is a buffer: a copy on each part, and which elements of it are up to date.
type memory struct {
	engine *engine
	typ    device.Type
	on     []replica // of each part
}

// replica is the copy of a buffer on a part.
type replica struct {
	device.Buffer        // nil where the part has none
	fresh         ranges // elements that are up to date
	torn          ranges // elements that failed calls have left undefined
}

// mark records that elements r are up to date, or that a call which was to set them has
// failed.
func (c *replica) mark(r device.Range, ok bool) {
	c.fresh.mark(r, ok)
	c.torn.mark(r, !ok)
}

// set records that elements r are up to date on p and nowhere else.
func (m *memory) set(p *part, r device.Range) {
	for i := range m.on {
		m.on[i].fresh.mark(r, false)
	}
	m.on[p.index].mark(r, true)
}

// ranges is a set of indices: the first that is in it, the next that is not, and so on.
type ranges []int

// mark puts r into the set or takes it out.
func (s *ranges) mark(r device.Range, in bool) {
	if r.Len() <= 0 {
		return
	}
	lo, _ := slices.BinarySearch(*s, r.Lo)
	hi, _ := slices.BinarySearch(*s, r.Hi+1)
	ends := make([]int, 0, 2)
	if in != (lo%2 == 1) { // r is not like what is before it
		ends = append(ends, r.Lo)
	}
	if in != (hi%2 == 1) { // nor like what is behind it
		ends = append(ends, r.Hi)
	}
	*s = slices.Replace(*s, lo, hi, ends...)
}

// first splits r where membership changes first: the part at its beginning that is
// in the set as a whole or not at all.
func (s ranges) first(r device.Range) (part device.Range, in bool) {
	next, _ := slices.BinarySearch(s, r.Lo+1)
	if next < len(s) {
		r.Hi = min(r.Hi, s[next])
	}
	return r, next%2 == 1
}

// Alloc makes a copy on each part. A part that cannot hold one does without, and
// takes no share of launches with this buffer; the home must have one.
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
			m.on[p.index].fresh.mark(device.Range{Hi: n}, true)
		} else if p == e.home() {
			return nil, err
		}
	}
	if e.home().left() {
		return nil, e.nobody()
	}
	return m, nil
}

// Free releases the copies. Those of a lost part go with it.
func (m *memory) Free() {
	for i, c := range m.on {
		if p := m.engine.parts[i]; c.Buffer != nil && !p.left() {
			m.engine.ask(p, c.Buffer.Free)
		}
	}
}

// Write sets elements on the home alone; others fetch them when they need them.
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

// Read takes each element from a part that has it, from the home if it can.
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

// chunk is the number of bytes that the engine keeps for a caller's data on their way.
const chunk = 4 << 20

// transfer moves elements, as many of r as go at once, between a part's copy and the data
// of a caller, who waits for no longer than ctx, and returns which. A part other than the
// host is given memory of the engine's, since it may use that after the caller has gone.
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

// move is the way of some elements from the part that has them to one that reads them.
type move struct {
	from *part // nil: nowhere, elements are cleared
	to   *part
	mem  *memory
	at   device.Range
	data device.Slice // on the way
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

// makeRoom gives each move memory for its data and returns their bytes.
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
