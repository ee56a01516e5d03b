// Package ranks stub.
package ranks

import (
	"context"
	"fmt"
	"sync"

	"offload/cluster/internal/transport"
)

type key struct{ ctx, from, to, tag int }

type group struct {
	mu    sync.Mutex
	n     int
	msgs  map[key][][]byte
	recvs map[key][]*req
	all   []*req
	dead  error
	dups  map[int]int
}

type rank struct {
	g          *group
	r, ctx     int
	seq        int
	dupCount   int
}

type req struct {
	done chan struct{}
	data []byte
	err  error
}

func (r *req) Wait(ctx context.Context) error {
	select {
	case <-r.done:
		return r.err
	default:
	}
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func New(n int) []transport.Transport {
	g := &group{n: n, msgs: map[key][][]byte{}, recvs: map[key][]*req{}}
	var ts []transport.Transport
	for i := range n {
		ts = append(ts, &rank{g: g, r: i})
	}
	return ts
}

func (t *rank) Rank() int         { return t.r }
func (t *rank) Size() int         { return t.g.n }
func (t *rank) Local() (int, int) { return t.r, t.g.n }
func (t *rank) Name() string      { return "goroutines" }

func (t *rank) Send(to, tag int, data []byte) transport.Request {
	g := t.g
	g.mu.Lock()
	defer g.mu.Unlock()
	r := &req{done: make(chan struct{})}
	close(r.done)
	if r.err = g.dead; r.err != nil {
		return r
	}
	k := key{t.ctx, t.r, to, tag}
	if w := g.recvs[k]; len(w) > 0 {
		g.recvs[k] = w[1:]
		w[0].put(data)
		return r
	}
	g.msgs[k] = append(g.msgs[k], append([]byte{}, data...))
	return r
}

func (r *req) put(data []byte) {
	if len(data) != len(r.data) {
		r.err = fmt.Errorf("%w: message of %d bytes for %d", transport.ErrTransport, len(data), len(r.data))
	}
	copy(r.data, data)
	close(r.done)
}

func (t *rank) Recv(from, tag int, data []byte) transport.Request {
	g := t.g
	g.mu.Lock()
	defer g.mu.Unlock()
	r := &req{done: make(chan struct{}), data: data}
	if g.dead != nil {
		r.err = g.dead
		close(r.done)
		return r
	}
	k := key{t.ctx, from, t.r, tag}
	if m := g.msgs[k]; len(m) > 0 {
		g.msgs[k] = m[1:]
		r.put(m[0])
		return r
	}
	g.recvs[k] = append(g.recvs[k], r)
	g.all = append(g.all, r)
	return r
}

func (t *rank) TryRecv(tag int, data []byte) (int, int, error) {
	g := t.g
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.dead != nil {
		return -1, 0, g.dead
	}
	for from := range g.n {
		k := key{t.ctx, from, t.r, tag}
		if m := g.msgs[k]; len(m) > 0 {
			g.msgs[k] = m[1:]
			return from, copy(data, m[0]), nil
		}
	}
	return -1, 0, nil
}

func (t *rank) tag() int { t.seq++; return -t.seq }

func (t *rank) start(f func() error) transport.Request {
	r := &req{done: make(chan struct{})}
	go func() { r.err = f(); close(r.done) }()
	return r
}

func (t *rank) Bcast(root int, data []byte) transport.Request {
	tag := t.tag()
	return t.start(func() error {
		if t.r != root {
			return t.Recv(root, tag, data).Wait(context.Background())
		}
		for i := range t.g.n {
			if i != root {
				t.Send(i, tag, data)
			}
		}
		return nil
	})
}

func (t *rank) Gather(root int, part, all []byte, counts []int) transport.Request {
	tag := t.tag()
	return t.start(func() error { return t.gather(root, tag, part, all, counts) })
}

func (t *rank) gather(root, tag int, part, all []byte, counts []int) error {
	if t.r != root {
		return t.Send(root, tag, part).Wait(context.Background())
	}
	for i := range t.g.n {
		to := all[:counts[i]]
		all = all[counts[i]:]
		if i == root {
			copy(to, part)
		} else if err := t.Recv(i, tag, to).Wait(context.Background()); err != nil {
			return err
		}
	}
	return nil
}

func (t *rank) Allgather(part, all []byte, counts []int) transport.Request {
	tag := t.tag()
	return t.start(func() error {
		for i := range t.g.n {
			if i != t.r {
				t.Send(i, tag, part)
			}
		}
		for i := range t.g.n {
			to := all[:counts[i]]
			all = all[counts[i]:]
			if i == t.r {
				copy(to, part)
			} else if err := t.Recv(i, tag, to).Wait(context.Background()); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *rank) Barrier() transport.Request {
	c := make([]int, t.g.n)
	return t.Allgather(nil, nil, c)
}

func (t *rank) Dup(ctx context.Context) (transport.Transport, error) {
	t.dupCount++
	n := t.ctx*17 + t.dupCount
	if err := t.Barrier().Wait(ctx); err != nil {
		return nil, err
	}
	return &rank{g: t.g, r: t.r, ctx: n}, nil
}

func (t *rank) Abort(code int, reason string) {
	g := t.g
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.dead == nil {
		g.dead = fmt.Errorf("%w: aborted: %s", transport.ErrTransport, reason)
	}
	for _, r := range g.all {
		select {
		case <-r.done:
		default:
			r.err = g.dead
			close(r.done)
		}
	}
	clear(g.recvs)
}

func (t *rank) Close(ctx context.Context) error { return t.Barrier().Wait(ctx) }
