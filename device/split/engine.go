package split

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"offload/device"
)

// engine runs launches on several devices. All but Alloc is called one at a time.
type engine struct {
	parts   []*part
	order   []*part // the home first
	probed  map[string]bool
	fixed   []float64 // shares that do not change; nil: by measured rates
	probing bool      // every part takes a share, however small

	done    chan *part
	running sync.WaitGroup // goroutines of parts
	moves   []move
	here    ranges // what a part has or will have, for gather
	transit [device.Uint32 + 1]arena
	pieces  []piece
	last    done
	patient context.Context // ends when parts are to be waited for no longer
	giveUp  context.CancelFunc
	timer   *time.Timer

	mu     sync.Mutex // what Report reads
	splits map[key]*balance
}

func newEngine(parts []device.Device, o Options) *engine {
	e := &engine{fixed: o.Shares, probed: map[string]bool{}, splits: map[key]*balance{}, done: make(chan *part, len(parts))}
	for _, k := range o.Kernels {
		e.probed[k.Name] = true
	}
	for i, d := range parts {
		p := &part{dev: d, info: d.Info(), index: i, begin: make(chan step, 1), done: e.done, ended: &e.running}
		p.name = p.info.Backend
		if slices.ContainsFunc(e.parts, func(q *part) bool { return q.name == p.name }) {
			p.name = fmt.Sprintf("%s (part %d)", p.name, i+1)
		}
		e.parts = append(e.parts, p)
		if p.info.Class == device.CPU {
			e.order = append([]*part{p}, e.order...)
		} else {
			e.order = append(e.order, p)
		}
		e.running.Add(1)
		go p.run()
	}
	e.patient, e.giveUp = context.WithCancel(context.Background())
	e.timer = time.NewTimer(time.Hour)
	e.timer.Stop()
	return e
}

// Check and Prepare leave everything to the parts, which refuse what they lack.
func (e *engine) Check(*device.Launch) error   { return nil }
func (e *engine) Prepare(*device.Kernel) error { return nil }

// Inline is false: several goroutines are needed anyway.
func (e *engine) Inline(context.Context, *device.Launch) bool { return false }

// Finish has nothing to wait for: Execute returns when all parts are done.
func (e *engine) Finish(context.Context) error { return nil }

// Close closes the parts, which wakes those who wait for them.
func (e *engine) Close() {
	e.giveUp()
	for _, p := range e.parts {
		p.dev.Close()
		close(p.begin)
	}
	e.running.Wait()
}

// inOrder is the parts that are left, the home first.
func (e *engine) inOrder() []*part {
	var left []*part
	for _, p := range e.order {
		if p.lost() == nil {
			left = append(left, p)
		}
	}
	return left
}

// home is the part that holds what is written; the first that was ever, if none is
// left.
func (e *engine) home() *part {
	for _, p := range e.order {
		if p.lost() == nil {
			return p
		}
	}
	return e.order[0]
}

// holder is the first part that has a copy of m.
func (e *engine) holder(m *memory) *part {
	for _, p := range e.order {
		if p.lost() == nil && m.copies[p.index] != nil {
			return p
		}
	}
	return nil
}

// source finds a part that has the beginning of r up to date, and how much of it.
func (e *engine) source(m *memory, r device.Range) (*part, device.Range, error) {
	next := r.Hi
	for _, p := range e.order {
		if p.lost() != nil {
			continue
		}
		piece, in := m.fresh[p.index].first(r)
		if in {
			if piece.Hi > next { // what the home has is taken from there
				piece.Hi = next
			}
			return p, piece, nil
		}
		if piece.Hi < next {
			next = piece.Hi
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

// arena is memory for data on their way between parts.
type arena struct {
	data device.Slice
	used int
}

// room is n elements of type t until the next reset. The arena has been grown.
func (a *arena) room(n int) device.Slice {
	s := a.data.Sub(a.used, a.used+n)
	a.used += n
	return s
}
