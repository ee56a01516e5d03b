package split

import (
	"math"

	"offload/device"
	"offload/internal/inorder"
)

// small is the number of operations below which a launch is not worth cutting.
const small = 100_000

// cut lists the pieces of l.
func (e *engine) cut(b *balance, l *device.Launch, mem *[device.MaxParams]inorder.Memory) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	b.begin(len(e.parts))
	for _, p := range e.parts {
		b.usable[p.index] = e.usable(p, b, l, mem)
	}
	e.pieces = e.pieces[:0]
	home := e.home()
	switch {
	case e.fixed != nil:
		copy(b.share, e.fixed)
	case e.probing:
		for i := range b.share {
			b.share[i] = 1
		}
	case b.usable[home.index] && device.CostOf(l).Ops < small:
		e.pieces = append(e.pieces, piece{home.index, l.Rows})
		b.skip = true
		return nil
	default:
		b.arrange(home.index)
	}
	b.skip = e.fixed != nil || e.probing
	e.divide(b, l.Rows)
	if len(e.pieces) == 0 {
		return e.refusal(b, l)
	}
	return nil
}

// divide gives each part that is usable its share of the rows, in the order of the
// parts, so that a part has about the same rows from launch to launch.
func (e *engine) divide(b *balance, rows device.Range) {
	total, last := 0.0, -1
	for i, s := range b.share {
		if b.usable[i] && s > 0 {
			total += s
			last = i
		}
	}
	if last < 0 { // no part with a share is usable: any that is takes all
		for _, p := range e.order {
			if b.usable[p.index] {
				e.pieces = append(e.pieces, piece{p.index, rows})
				return
			}
		}
		return
	}
	lo, sum := rows.Lo, 0.0
	for i, s := range b.share {
		if !b.usable[i] || s <= 0 {
			continue
		}
		sum += s
		hi := rows.Lo + int(math.Round(sum/total*float64(rows.Len())))
		if i == last {
			hi = rows.Hi
		}
		if hi > lo {
			e.pieces = append(e.pieces, piece{i, device.Range{Lo: lo, Hi: hi}})
			lo = hi
		}
	}
}

// usable tells whether a part may compute rows of l: it is there, holds the buffers,
// has not refused the kernel, and was not shown to differ from its contract.
func (e *engine) usable(p *part, b *balance, l *device.Launch, mem *[device.MaxParams]inorder.Memory) bool {
	if p.lost() != nil || b.without[p.index] {
		return false
	}
	if p.info.Math == device.Exact && e.probed[l.Kernel.Name] && !p.info.IsExact(l.Kernel.Name) {
		return false
	}
	for i := range l.Args {
		if m, ok := mem[i].(*memory); ok && m.copies[p.index] == nil {
			return false
		}
	}
	return true
}
