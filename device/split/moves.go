package split

import (
	"context"
	"slices"

	"offload/device"
	"offload/internal/inorder"
)

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
