package cluster

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"

	"offload/cluster/internal/transport"
	"offload/device"
	"offload/device/queue"
	"offload/internal/ranges"
)

// memory is a buffer: on each rank, one that has room for all elements, of which few are up to date. Memory that is not
// used costs nothing on the host. All ranks know which elements each of them has.
type memory struct {
	engine *engine
	id     int // the same on all ranks
	typ    device.Type
	length int
	local  device.Buffer
	host   device.Slice // the memory of local, if it is the host's
	fresh  []ranges.Set // elements that are up to date, of each rank
	damage queue.Damages
}

// move is a message with elements that another rank has or needs.
type move struct {
	mem     *memory
	at      device.Range
	peer    int
	data    []byte
	request transport.Request
}

// mark is a range of elements that a rank will have.
type mark struct {
	mem  *memory
	rank int
	at   device.Range
}

// Alloc allocates on all ranks, or none.
func (e *engine) Alloc(t device.Type, n int) (queue.Memory, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	m := &memory{engine: e, id: e.ids, typ: t, length: n, fresh: make([]ranges.Set, e.size)}
	e.ids++
	err := m.alloc(n)
	mine, all := []byte{0}, make([]byte, e.size)
	if err != nil {
		mine[0] = 1
	}
	n1 := e.comm.watch.begin(everyone)
	failed := e.allocs.Allgather(mine, all, slices.Repeat([]int{1}, e.size)).Wait(context.Background())
	e.comm.watch.end(n1)
	switch rank := slices.IndexFunc(all, func(b byte) bool { return b != 0 }); {
	case failed != nil:
		err = e.lost(failed)
	case rank < 0:
		for i := range m.fresh {
			m.fresh[i].Mark(device.Range{Hi: n}, true)
		}
		return m, nil
	case err == nil:
		err = &noRoom{fmt.Errorf("%w: rank %d has no room for a buffer of %d elements of %v", device.ErrOutOfMemory, rank, n, t)}
	default:
		err = &noRoom{err}
	}
	if m.local != nil {
		m.local.Free()
	}
	return nil, err
}

// alloc allocates the local buffer, in the host's memory if the device can use that.
func (m *memory) alloc(n int) (err error) {
	if w, ok := m.engine.local.(device.Wrapper); ok && n > 0 {
		info := m.engine.local.Info()
		if bytes := int64(n) * int64(m.typ.Size()); info.Memory > 0 && bytes/int64(m.engine.size) > info.Memory {
			return info.OutOfMemory("a share of a buffer", float64(bytes)/float64(m.engine.size))
		}
		host := device.MakeSlice(m.typ, n)
		if m.local, err = w.Wrap(host); err == nil {
			m.host = host
			return nil
		} else if !errors.Is(err, device.ErrUnsupported) {
			return err
		}
	}
	m.local, err = m.engine.local.Alloc(m.typ, n)
	return err
}

// Free implements queue.Memory.
func (m *memory) Free() { m.local.Free() }

// Damage implements queue.Damaged.
func (m *memory) Damage(r device.Range) error { return m.damage.In(r) }

// scattered is the number of bytes from which on a rank keeps of what is written just its share.
const scattered = 1 << 20

// Write sets elements to what all ranks have. Of a large slice each rank keeps its share; others fetch from it what they
// need.
func (m *memory) Write(_ context.Context, off int, src device.Slice) error {
	e, r := m.engine, device.Range{Lo: off, Hi: off + src.Len()}
	e.comm.calls.begin(call{what: "write", lo: r.Lo, hi: r.Hi, extra: mix(uint64(m.id), uint64(crc32.Checksum(src.Bytes(), e.sums)))})
	if err := e.remember(nil, m, r); err != nil {
		return err
	}
	m.damage.Settle(r)
	own := r
	if len(src.Bytes()) > scattered {
		for rank := range m.fresh {
			share := clip(e.shares.rows(rank, m.local.Len()), r)
			m.fresh[rank].Mark(r, false)
			m.fresh[rank].Mark(share, true)
			if rank == e.rank {
				own = share
			}
		}
	} else {
		for rank := range m.fresh {
			m.fresh[rank].Mark(r, true)
		}
	}
	if own.Len() <= 0 {
		return nil
	}
	if err := m.local.Write(context.Background(), own.Lo, src.Sub(own.Lo-off, own.Hi-off)); err != nil {
		e.fail(err)
	}
	return nil
}

// clip returns what r and s share.
func clip(r, s device.Range) device.Range {
	lo := max(r.Lo, s.Lo)
	return device.Range{Lo: lo, Hi: max(lo, min(r.Hi, s.Hi))}
}

// Read copies elements to dst, on every rank or, within Gather, on rank 0.
func (m *memory) Read(ctx context.Context, off int, dst device.Slice) error {
	e, r, rooted := m.engine, device.Range{Lo: off, Hi: off + dst.Len()}, false
	if n, ok := ctx.Value(gathering{}).(int); ok {
		r.Hi, rooted = off+n, true
		if n < 0 || r.Hi > m.local.Len() || e.rank == 0 && dst.Len() != n {
			return device.Invalidf("elements %d to %d of a buffer of %d", off, r.Hi, m.local.Len())
		}
	}
	e.comm.calls.begin(call{what: "read", lo: r.Lo, hi: r.Hi, extra: uint64(m.id)})
	if err := e.exchange(ctx); err != nil {
		return err
	}
	if err := m.damage.In(r); err != nil {
		return err
	}
	pieces := m.pieces(r)
	counts, all := make([]int, e.size), 0
	var mine []byte
	size := m.typ.Size()
	for _, p := range pieces {
		if p.rank == everyone {
			continue
		}
		counts[p.rank] += p.at.Len() * size
		all += p.at.Len() * size
		if p.rank == e.rank {
			part, err := m.bytes(p.at)
			if err != nil {
				return e.lost(err)
			}
			mine = append(mine, part...)
		}
	}
	var gathered []byte
	if all > 0 {
		var request transport.Request
		if rooted {
			if e.rank == 0 {
				gathered = make([]byte, all)
			}
			request = e.comm.transport.Gather(0, mine, gathered, counts)
		} else {
			gathered = make([]byte, all)
			request = e.comm.transport.Allgather(mine, gathered, counts)
		}
		if err := e.comm.wait(ctx, everyone, request); err != nil {
			return e.lost(err)
		}
	}
	if rooted && e.rank != 0 {
		return nil
	}
	return m.assemble(pieces, gathered, counts, off, dst)
}

// assemble sets dst to the pieces, of which those that not everyone has are in gathered.
func (m *memory) assemble(pieces []piece, gathered []byte, counts []int, off int, dst device.Slice) error {
	starts := make([]int, len(counts))
	for i := 1; i < len(counts); i++ {
		starts[i] = starts[i-1] + counts[i-1]
	}
	for _, p := range pieces {
		to := dst.Sub(p.at.Lo-off, p.at.Hi-off)
		if p.rank == everyone {
			if err := m.local.Read(context.Background(), p.at.Lo, to); err != nil {
				return err
			}
			continue
		}
		starts[p.rank] += copy(to.Bytes(), gathered[starts[p.rank]:])
	}
	return nil
}

// piece is a range of elements and a rank that has it, or everyone.
type piece struct {
	rank int
	at   device.Range
}

// pieces divides r into pieces.
func (m *memory) pieces(r device.Range) (list []piece) {
	for r.Len() > 0 {
		rank, at := m.source(r)
		list = append(list, piece{rank, at})
		r.Lo = at.Hi
	}
	return list
}

// holder returns a rank that has the beginning of r, and the range that it has: mostly the rank whose share that is.
func (m *memory) holder(r device.Range) (rank int, at device.Range) {
	rank = m.engine.shares.owner(r.Lo, m.length)
	if at, in := m.fresh[rank].First(r); in {
		return rank, at
	}
	return m.source(r)
}

// source returns the first rank that has the beginning of r, or everyone, and the range for which that is so.
func (m *memory) source(r device.Range) (rank int, at device.Range) {
	rank, all := everyone, true
	for i := range m.fresh {
		part, in := m.fresh[i].First(r)
		r.Hi = part.Hi
		if in && rank == everyone {
			rank = i
		}
		all = all && in
	}
	if all {
		rank = everyone
	}
	return rank, r
}

// bytes returns the elements r, which this rank has: the memory itself if it is the host's, or a copy.
func (m *memory) bytes(r device.Range) ([]byte, error) {
	if m.host.Len() > 0 {
		return m.host.Sub(r.Lo, r.Hi).Bytes(), nil
	}
	s := device.MakeSlice(m.typ, r.Len())
	return s.Bytes(), m.local.Read(context.Background(), r.Lo, s)
}
