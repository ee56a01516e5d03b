package cluster

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"offload/device"
)

// history is the launches and writes since the last exchange, in which a failure on one rank becomes known to all.
type history struct {
	entries []entry
	n       int
}

// entry is a launch, or a write to memory.
type entry struct {
	args   []argument // that are matrices
	failed error
}

// argument is what a call reads and writes of a matrix.
type argument struct {
	mem         *memory
	read, wrote device.Range
}

// longest is the number of calls after which there is an exchange in any case.
const longest = 1024

// failure is what became of a call on one rank.
type failure struct {
	Entry int
	Kind  int // index of kinds
	Text  string
	err   error // on the rank itself
}

// kinds are the errors that keep their meaning on other ranks.
var kinds = [...]error{
	errors.New("error"), device.ErrUnavailable, device.ErrUnsupported, device.ErrInvalid, device.ErrOutOfMemory, device.ErrLost,
	device.ErrClosed, device.ErrShader, device.ErrPanic,
}

// RankError is an error of the device of another rank. It wraps that of package device which the error of the rank wraps.
type RankError struct {
	Rank int
	Text string
	kind error
}

func (e *RankError) Error() string { return fmt.Sprintf("rank %d: %s", e.Rank, e.Text) }

// Unwrap returns an error of package device, or nil.
func (e *RankError) Unwrap() error { return e.kind }

// remember adds a launch, or a write of elements r of m, to the history.
func (e *engine) remember(l *device.Launch, m *memory, r device.Range) error {
	h := &e.history
	if h.n == longest {
		if err := e.exchange(context.Background()); err != nil {
			return err
		}
	}
	if h.n == len(h.entries) {
		h.entries = append(h.entries, entry{})
	}
	x := &h.entries[h.n]
	h.n++
	x.failed, x.args = nil, x.args[:0]
	if l == nil {
		x.args = append(x.args, argument{mem: m, wrote: r})
		return nil
	}
	for i, m := range e.memory {
		if m != nil {
			x.args = append(x.args, argument{m, l.ReadRange(i), l.WriteRange(i)})
		}
	}
	return nil
}

// fail records that the last call of the history failed on this rank.
func (e *engine) fail(err error) {
	kind := max(0, slices.IndexFunc(kinds[:], func(k error) bool { return errors.Is(err, k) }))
	e.failures = append(e.failures, failure{Entry: e.history.n - 1, Kind: kind, Text: err.Error(), err: err})
}

// Finish exchanges what became of the launches so far.
func (e *engine) Finish(ctx context.Context) error { return e.exchange(ctx) }

// Status of a rank in an exchange: number of calls and hash of them all, failures, and the time in divided launches.
const statusBytes = 32

// exchange tells all ranks of failed launches, so that all of them see the same elements as undefined. It finds calls
// that differ, and adjusts the shares.
func (e *engine) exchange(ctx context.Context) error {
	n, hash := e.comm.calls.state()
	s := e.status[e.size*statusBytes:][:statusBytes]
	putInt(s, int(n))
	binary.LittleEndian.PutUint64(s[8:], hash)
	putInt(s[16:], len(e.failures))
	putInt(s[24:], int(e.shares.busy))
	all := e.status[:e.size*statusBytes]
	if err := e.comm.wait(ctx, everyone, e.comm.transport.Allgather(s, all, e.counts)); err != nil {
		return e.lost(err)
	}
	failures := 0
	for rank := range e.size {
		s := all[rank*statusBytes:]
		if getInt(s) != int(n) || binary.LittleEndian.Uint64(s[8:]) != hash {
			return e.lost(e.parted(ctx))
		}
		failures += getInt(s[16:])
		e.times[rank] = time.Duration(getInt(s[24:]))
	}
	if e.shares.follow(e.times) {
		e.shares.busy = 0
	}
	var err error
	if failures > 0 {
		err = e.spread(ctx)
	}
	e.failures, e.history.n = e.failures[:0], 0
	return err
}

// spread exchanges the failures, and marks what they left undefined, and what was computed from that.
func (e *engine) spread(ctx context.Context) error {
	mine, err := json.Marshal(e.failures)
	if err != nil {
		return err
	}
	texts, err := allgatherBytes(ctx, e.comm, mine)
	if err != nil {
		return e.lost(err)
	}
	for rank, text := range texts {
		var list []failure
		if err := json.Unmarshal(text, &list); err != nil {
			return e.lost(fmt.Errorf("%w: what rank %d sent: %w", ErrTransport, rank, err))
		}
		for i, f := range list {
			if f.Kind < 0 || f.Kind >= len(kinds) || f.Entry >= e.history.n {
				return e.lost(fmt.Errorf("%w: what rank %d sent", ErrTransport, rank))
			}
			f.err = &RankError{rank, f.Text, kinds[f.Kind]}
			if rank == e.rank {
				f.err = e.failures[i].err
			}
			if kinds[f.Kind] == device.ErrLost {
				return e.lost(f.err)
			}
			if f.Entry < 0 {
				continue
			}
			if x := &e.history.entries[f.Entry]; x.failed == nil {
				x.failed = f.err
			}
		}
	}
	for i := range e.history.n {
		e.history.entries[i].replay()
	}
	return nil
}

// replay marks what the call left undefined, or set.
func (x *entry) replay() {
	for _, a := range x.args {
		if x.failed == nil && a.read.Len() > 0 {
			x.failed = a.mem.damage.In(a.read)
		}
	}
	for _, a := range x.args {
		switch {
		case a.wrote.Len() <= 0:
		case x.failed != nil:
			a.mem.damage.Spoil(a.wrote, x.failed)
		default:
			a.mem.damage.Settle(a.wrote)
		}
	}
}

// parted returns the error for ranks whose calls differ: the first call that does.
func (e *engine) parted(ctx context.Context) error {
	type made struct {
		N    uint64
		Hash []uint64 // of the latest calls
		Text []string
	}
	var mine made
	mine.N, _ = e.comm.calls.state()
	for n := mine.N; n > 0; n-- {
		c, hash, ok := e.comm.calls.at(n)
		if !ok {
			break
		}
		mine.Hash, mine.Text = append(mine.Hash, hash), append(mine.Text, c.String())
	}
	all, err := allgather(ctx, e.comm, mine)
	if err != nil {
		return err
	}
	// The error is that of the first two ranks of which a call differs, the same on all ranks.
	for rank := 1; rank < len(all); rank++ {
		a, b := all[0], all[rank]
		for n := uint64(1); n <= max(a.N, b.N); n++ {
			i, j := a.N-n, b.N-n
			switch {
			case n > a.N || n > b.N:
				return fmt.Errorf("%w: rank 0 made %d calls, and rank %d %d", ErrParted, a.N, rank, b.N)
			case i < uint64(len(a.Hash)) && j < uint64(len(b.Hash)) && a.Hash[i] != b.Hash[j]:
				return differ(n, 0, a.Text[i], rank, b.Text[j])
			}
		}
	}
	return ErrParted
}

func putInt(b []byte, n int) { binary.LittleEndian.PutUint64(b, uint64(n)) }
func getInt(b []byte) int    { return int(binary.LittleEndian.Uint64(b)) }
