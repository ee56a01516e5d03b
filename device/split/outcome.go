package split

import (
	"errors"
	"fmt"
	"slices"

	"offload/device"
	"offload/internal/inorder"
)

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
