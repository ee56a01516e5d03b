package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"offload/device"
	"offload/device/queue"
)

const (
	dataTag = 1       // of messages with elements
	little  = 200_000 // operations below which all ranks compute a launch alike,
	few     = 1 << 20 // if it reads no more bytes than this
)

// Execute computes this rank's share of l while the elements that it lacks travel. A failure of the local device becomes
// an error on all ranks at the next exchange.
func (e *engine) Execute(_ context.Context, l *device.Launch, mem *[device.MaxParams]queue.Memory) error {
	e.launch, e.memory = l, e.memory[:0]
	for i := range l.Args {
		m, _ := mem[i].(*memory)
		e.memory = append(e.memory, m)
	}
	e.comm.calls.begin(call{what: "launch", name: l.Kernel.Name, lo: l.Rows.Lo, hi: l.Rows.Hi, extra: e.hash()})
	if err := e.remember(l, nil, device.Range{}); err != nil {
		return err
	}
	for i, m := range e.memory {
		if m == nil {
			continue
		}
		if err := m.damage.In(l.ReadRange(i)); err != nil { // on all ranks
			return err
		}
	}
	e.whole = e.alike()
	e.route()
	if err := e.compute(); err != nil {
		return err
	}
	for i, m := range e.memory {
		if m == nil || !l.Kernel.Params[i].Access.Writes() {
			continue
		}
		all := l.WriteRange(i)
		m.damage.Settle(all)
		for rank := range m.fresh {
			m.fresh[rank].Mark(all, e.whole)
			if !e.whole {
				e.piece.Rows = e.rows(rank)
				m.fresh[rank].Mark(e.piece.WriteRange(i), true)
			}
		}
	}
	return nil
}

// hash returns a hash of the launch's scalars and matrices.
func (e *engine) hash() uint64 {
	h := uint64(hashStart)
	for i, m := range e.memory {
		a := &e.launch.Args[i]
		if m == nil {
			h = mix(h, a.Bits())
			continue
		}
		h = mix(mix(mix(mix(h, uint64(m.id)), uint64(a.Offset)), uint64(a.Len)), uint64(a.Width))
	}
	return h
}

// alike reports whether all ranks compute all rows: the launch is small and reads little, and shares are not fixed.
func (e *engine) alike() bool {
	if e.size == 1 || e.shares.fixed || device.CostOf(e.launch).Ops >= little {
		return e.size == 1
	}
	bytes := 0
	for i, m := range e.memory {
		if m != nil {
			bytes += e.launch.ReadRange(i).Len() * m.typ.Size()
		}
	}
	return bytes <= few
}

// rows returns the rows of the launch that a rank computes. The owner of a row is the same in launches of different rows
// of a matrix.
func (e *engine) rows(rank int) device.Range {
	l := e.launch
	if e.whole {
		return l.Rows
	}
	for i := range l.Args {
		if l.Kernel.Params[i].Access.Writes() {
			return clip(e.shares.rows(rank, l.Args[i].NumRows()), l.Rows)
		}
	}
	return l.Rows
}

// route lists the messages that this rank sends and receives before all have what they read.
func (e *engine) route() {
	e.sends, e.recvs, e.marks = e.sends[:0], e.recvs[:0], e.marks[:0]
	l := &e.piece
	*l = device.Launch{Kernel: e.launch.Kernel, Args: append(l.Args[:0], e.launch.Args...)}
	for rank := range e.size {
		if l.Rows = e.rows(rank); l.Rows.Len() <= 0 {
			continue
		}
		first := len(e.marks)
		for i, m := range e.memory {
			if m == nil {
				continue
			}
			earlier := e.marks[first:len(e.marks):len(e.marks)] // of other arguments, which may be the same memory
			for r := l.ReadRange(i); r.Len() > 0; {
				at, in := m.has(rank, earlier, r)
				if !in {
					var from int
					from, at = m.holder(at)
					e.marks = append(e.marks, mark{m, rank, at})
					switch e.rank {
					case rank:
						e.recvs = append(e.recvs, move{mem: m, at: at, peer: from})
					case from:
						e.sends = append(e.sends, move{mem: m, at: at, peer: rank})
					}
				}
				r.Lo = at.Hi
			}
		}
	}
	for _, x := range e.marks {
		x.mem.fresh[x.rank].Mark(x.at, true)
	}
}

// has returns the longest part at the beginning of r that a rank has, or will have by marks, or that it has not.
func (m *memory) has(rank int, marks []mark, r device.Range) (device.Range, bool) {
	at, in := m.fresh[rank].First(r)
	if in {
		return at, true
	}
	for _, x := range marks {
		if x.mem != m || !x.at.Intersects(at) {
			continue
		}
		if x.at.Lo <= at.Lo {
			return device.Range{Lo: at.Lo, Hi: min(at.Hi, x.at.Hi)}, true
		}
		at.Hi = x.at.Lo
	}
	return at, false
}

// compute exchanges messages and computes this rank's rows, first those that need no message. The error is one of the
// transport.
func (e *engine) compute() error {
	rows := e.rows(e.rank)
	inner := e.inner(rows)
	e.post()
	failed := e.run(inner, device.Range{})
	if err := e.receive(); err != nil {
		return err
	}
	if failed == nil {
		failed = e.run(device.Range{Lo: rows.Lo, Hi: inner.Lo}, device.Range{Lo: inner.Hi, Hi: rows.Hi})
	}
	if failed != nil {
		e.fail(failed)
		e.heal()
	}
	for i := range e.sends {
		if err := e.comm.wait(context.Background(), e.sends[i].peer, e.sends[i].request); err != nil {
			return e.lost(err)
		}
	}
	return nil
}

// receive waits for the messages to this rank.
func (e *engine) receive() error {
	for i := range e.recvs {
		x := &e.recvs[i]
		if err := e.comm.wait(context.Background(), x.peer, x.request); err != nil {
			return e.lost(err)
		}
		if x.mem.host.Len() > 0 {
			continue
		}
		s := device.MakeSlice(x.mem.typ, x.at.Len())
		copy(s.Bytes(), x.data)
		if err := x.mem.local.Write(context.Background(), x.at.Lo, s); err != nil {
			e.fail(err)
		}
	}
	return nil
}

// run computes two ranges of rows on the local device.
func (e *engine) run(below, above device.Range) error {
	start := time.Now()
	for _, r := range [2]device.Range{below, above} {
		if err := e.start(r); err != nil {
			return err
		}
	}
	if below.Len() <= 0 && above.Len() <= 0 {
		return nil
	}
	err := e.piece.Wait(context.Background())
	if !e.whole {
		e.shares.took(time.Since(start))
	}
	return err
}

// start queues rows of the piece on the local device.
func (e *engine) start(rows device.Range) error {
	if rows.Len() <= 0 {
		return nil
	}
	l := &e.piece
	l.Rows = rows
	for i, m := range e.memory {
		if m != nil {
			l.Args[i].Buffer = m.local
		}
	}
	return e.local.Launch(context.Background(), l)
}

// inner returns the longest range of rows that reads nothing which is to come, or no rows if that is less than half of
// them.
func (e *engine) inner(rows device.Range) device.Range {
	e.here = append(e.here[:0], rows.Lo, rows.Hi)
	if rows.Len() <= 0 {
		return device.Range{Lo: rows.Lo, Hi: rows.Lo}
	}
	l := &e.piece
	for _, x := range e.recvs {
		for i, m := range e.memory {
			p := &l.Kernel.Params[i]
			if m != x.mem || p.Access == device.WriteRows {
				continue
			}
			a := &l.Args[i]
			if at := clip(x.at, device.Range{Lo: a.Offset, Hi: a.Offset + a.Len}); at.Len() <= 0 {
				continue
			}
			if p.Access == device.ReadAll {
				return device.Range{Lo: rows.Lo, Hi: rows.Lo}
			}
			halo := 0
			if p.Access == device.ReadRows && p.Halo != nil {
				halo = p.Halo(e.launch)
			}
			from, to := (x.at.Lo-a.Offset)/a.Width, (x.at.Hi-a.Offset+a.Width-1)/a.Width
			e.here.Mark(device.Range{Lo: max(from-halo, rows.Lo), Hi: min(to+halo, rows.Hi)}, false)
		}
	}
	best := device.Range{Lo: rows.Lo, Hi: rows.Lo}
	for s := e.here; len(s) > 0; s = s[2:] {
		if r := (device.Range{Lo: s[0], Hi: s[1]}); r.Len() > best.Len() {
			best = r
		}
	}
	if 2*best.Len() < rows.Len() {
		return device.Range{Lo: rows.Lo, Hi: rows.Lo}
	}
	return best
}

// post starts all messages.
func (e *engine) post() {
	for i := range e.recvs {
		x := &e.recvs[i]
		if x.mem.host.Len() > 0 {
			x.data = x.mem.host.Sub(x.at.Lo, x.at.Hi).Bytes()
		} else {
			x.data = make([]byte, x.at.Len()*x.mem.typ.Size())
		}
		x.request = e.comm.transport.Recv(x.peer, dataTag, x.data)
	}
	for i := range e.sends {
		x := &e.sends[i]
		var err error
		if x.data, err = x.mem.bytes(x.at); err != nil { // of no use, but awaited
			e.fail(err)
			x.data = make([]byte, x.at.Len()*x.mem.typ.Size())
		}
		x.request = e.comm.transport.Send(x.peer, dataTag, x.data)
	}
}

// heal sets what a failed launch left undefined on the local device, so that later waits do not return its error: what
// the cluster's device makes of that is decided by all ranks.
func (e *engine) heal() {
	ctx := context.Background()
	e.piece.Rows = e.rows(e.rank)
	for i, m := range e.memory {
		r := e.piece.WriteRange(i)
		if m == nil || r.Len() <= 0 {
			continue
		}
		s := device.MakeSlice(m.typ, r.Len())
		if m.host.Len() > 0 {
			s = m.host.Sub(r.Lo, r.Hi)
		}
		m.local.Write(ctx, r.Lo, s)
	}
}

// lost returns the error of a transport, or of an exchange that was left, as one that ends the device.
func (e *engine) lost(err error) error {
	if errors.Is(err, device.ErrLost) {
		return err
	}
	return fmt.Errorf("%w: %w", device.ErrLost, err)
}
