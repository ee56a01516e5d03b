package split

import (
	"context"
	"errors"
	"fmt"
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
}

// Alloc makes a copy on each part. A part that cannot hold one does without, and
// takes no share of launches with this buffer; the home must have one.
func (e *engine) Alloc(t device.Type, n int) (inorder.Memory, error) {
	m := &memory{engine: e, typ: t, copies: make([]device.Buffer, len(e.parts)), fresh: make([]ranges, len(e.parts))}
	var refused error
	held := false
	for _, p := range e.inOrder() {
		b, err := e.alloc(p, t, n)
		switch {
		case err == nil:
			m.copies[p.index] = b
			m.fresh[p.index].add(device.Range{Hi: n})
			held = true
			continue
		case fatal(err):
			p.leave(err)
		}
		if refused = err; p.info.Class == device.CPU && !fatal(err) {
			break
		}
	}
	if !held || refused != nil && m.copies[e.home().index] == nil {
		m.Free()
		return nil, refused
	}
	return m, nil
}

// alloc is Alloc of a part, which may never answer unless it is the host.
func (e *engine) alloc(p *part, t device.Type, n int) (device.Buffer, error) {
	if p.info.Class == device.CPU {
		return p.dev.Alloc(t, n)
	}
	type made struct {
		b   device.Buffer
		err error
	}
	answer := make(chan made, 1)
	e.running.Add(1)
	go func() {
		defer e.running.Done()
		b, err := p.dev.Alloc(t, n)
		answer <- made{b, err}
	}()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case a := <-answer:
		return a.b, a.err
	case <-late.C:
		return nil, fmt.Errorf("%w: %s did not answer for %v", device.ErrLost, p.name, patience)
	}
}

// Write sets elements on the home alone; others fetch them when they need them.
func (m *memory) Write(ctx context.Context, off int, src device.Slice) error {
	r := device.Range{Lo: off, Hi: off + src.Len()}
	for {
		p := m.engine.holder(m)
		if p == nil {
			return m.engine.nobody()
		}
		err := m.transfer(ctx, p, src, func(ctx context.Context) error { return m.copies[p.index].Write(ctx, off, src) })
		if err == nil {
			m.set(p.index, r)
			return nil
		}
		if p.lost() == nil {
			m.fresh[p.index].remove(r)
			return err
		}
	}
}

// Read takes each element from a part that has it, from the home if it can.
func (m *memory) Read(ctx context.Context, off int, dst device.Slice) error {
	start := time.Now()
	defer func() { m.engine.last.took += time.Since(start) }()
	r := device.Range{Lo: off, Hi: off + dst.Len()}
	for r.Len() > 0 {
		p, piece, err := m.engine.source(m, r)
		if err != nil {
			return err
		}
		part := dst.Sub(piece.Lo-off, piece.Hi-off)
		err = m.transfer(ctx, p, part, func(ctx context.Context) error { return m.copies[p.index].Read(ctx, piece.Lo, part) })
		if err == nil {
			r.Lo = piece.Hi
		} else if p.lost() == nil {
			return err
		}
	}
	return nil
}

// transfer moves data to or from a part, which leaves if it is lost or does not
// answer.
func (m *memory) transfer(ctx context.Context, p *part, s device.Slice, do func(context.Context) error) error {
	if p.info.Class == device.CPU {
		return m.outcome(ctx, p, do(ctx))
	}
	limited, cancel := context.WithTimeout(ctx, transferTime(len(s.Bytes())))
	defer cancel()
	return m.outcome(ctx, p, do(limited))
}

func (m *memory) outcome(ctx context.Context, p *part, err error) error {
	if fatal(err) || ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		p.leave(err)
	}
	return err
}

// set records that elements r are up to date on part i and nowhere else.
func (m *memory) set(i int, r device.Range) {
	for j := range m.fresh {
		if j != i {
			m.fresh[j].remove(r)
		}
	}
	m.fresh[i].add(r)
}

// Free releases the copies. Those of a lost part go with it.
func (m *memory) Free() {
	for i, b := range m.copies {
		if b != nil && m.engine.parts[i].lost() == nil {
			b.Free()
		}
	}
}

// fatal tells whether an error ends the use of a part.
func fatal(err error) bool { return errors.Is(err, device.ErrLost) || errors.Is(err, device.ErrClosed) }

const (
	// patience is how long a part may take at the least before it counts as lost.
	patience = 2 * time.Second
	// slowest is the rate, in bytes per second, below which a transfer counts as stuck.
	slowest = 10e6
)

// transferTime is how long a transfer may take.
func transferTime(bytes int) time.Duration {
	return patience + time.Duration(float64(bytes)/slowest*float64(time.Second))
}
