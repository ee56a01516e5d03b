// Package ranks has transports between goroutines of one process, the ranks of a group. They stand in for a
// message-passing library in tests and examples, and fail on purpose: messages take their time, overtake each other or
// get lost, and ranks die. All of that is the same for the same seed, and works in virtual time (testing/synctest).
package ranks

import (
	"bytes"
	"fmt"
	"sync"
	"time"

	"offload/cluster/internal/transport"
)

// Faults are what goes wrong in a group. The zero value is a group in which nothing does.
type Faults struct {
	Seed uint64
	// Delay is the longest time that a message takes. Messages of different senders, receivers or tags overtake each
	// other if it is not zero.
	Delay time.Duration
	// Rendezvous makes a send complete only when its message is received, as libraries do with long ones.
	Rendezvous bool
	// Lost reports whether message n of one rank to another with this tag never arrives. Messages are counted from 0. A
	// negative tag is that of a collective operation.
	Lost func(from, to, tag, n int) bool
	// Poison fills slices that receive until the operation is complete, and makes a send fail if its slice was changed
	// meanwhile.
	Poison bool
	// PerMachine is the number of ranks that count as being on one machine; 0 means all.
	PerMachine int
}

// Group is a number of ranks, and what travels between them.
type Group struct {
	faults Faults
	ranks  []transport.Transport

	mu      sync.Mutex
	lanes   map[route]*lane
	aborted error
	killed  []bool
	noticed []bool // the other ranks learn that this one was killed
}

// New returns the ends of n ranks between which nothing goes wrong.
func New(n int) []transport.Transport { return NewGroup(n, Faults{}).Ranks() }

// NewGroup returns a group of n ranks.
func NewGroup(n int, f Faults) *Group {
	g := &Group{faults: f, lanes: map[route]*lane{}, killed: make([]bool, n), noticed: make([]bool, n)}
	for i := range n {
		g.ranks = append(g.ranks, &rank{group: g, number: i, context: f.Seed})
	}
	return g
}

// Ranks returns the ends of the ranks. A rank that never comes is one whose end is not used.
func (g *Group) Ranks() []transport.Transport { return g.ranks }

// Kill ends a rank: its operations fail, and those of others that need it are never completed. If it is noticed, those
// fail too.
func (g *Group) Kill(number int, noticed bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.killed[number], g.noticed[number] = true, noticed
	for r, l := range g.lanes {
		own := g.dead(number, number)
		if r.from == number {
			l.failSends(own)
		} else if r.to == number && noticed {
			l.failSends(g.dead(r.from, number))
		}
		if r.to == number {
			l.failReceives(own)
		} else if r.from == number && noticed {
			l.failReceives(g.dead(r.to, number))
		}
	}
}

// abort makes all operations of all ranks fail.
func (g *Group) abort(reason string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.aborted != nil {
		return
	}
	g.aborted = fmt.Errorf("%w: %w: aborted: %s", transport.ErrTransport, transport.ErrLost, reason)
	for _, l := range g.lanes {
		l.failSends(g.aborted)
		l.failReceives(g.aborted)
	}
}

// dead returns why an operation of a rank with a peer fails from now on, or nil.
func (g *Group) dead(number, peer int) error {
	switch {
	case g.aborted != nil:
		return g.aborted
	case g.killed[number]:
		return fmt.Errorf("%w: %w: rank %d was killed", transport.ErrTransport, transport.ErrLost, number)
	case g.noticed[peer]:
		return fmt.Errorf("%w: %w: rank %d has died", transport.ErrTransport, transport.ErrLost, peer)
	}
	return nil
}

// route is the way of messages that do not overtake each other.
type route struct {
	context  uint64 // of the transport
	from, to int
	tag      int
}

// lane is what is under way on a route.
type lane struct {
	sent     int        // messages, lost ones too
	messages []*message // that are not received yet, oldest first
	arrived  int        // how many of these have arrived
	receives []*request // that wait for a message, oldest first
	lost     []*request // sends whose messages never arrive
}

// message is what was sent and not received yet.
type message struct {
	data     []byte // a copy, or the slice of a send that is not complete
	send     *request
	original []byte // with Poison: the data at the start of the send
}

func (g *Group) lane(r route) *lane {
	l := g.lanes[r]
	if l == nil {
		l = &lane{}
		g.lanes[r] = l
	}
	return l
}

// send starts a send.
func (g *Group) send(r route, data []byte) *request {
	g.mu.Lock()
	defer g.mu.Unlock()
	q := newRequest(nil)
	if err := g.dead(r.from, r.to); err != nil {
		return q.end(err)
	}
	l := g.lane(r)
	n := l.sent
	l.sent++
	if g.faults.Lost != nil && g.faults.Lost(r.from, r.to, r.tag, n) || g.killed[r.to] {
		if g.faults.Rendezvous {
			l.lost = append(l.lost, q)
			return q
		}
		return q.end(nil)
	}
	m := &message{data: data, send: q}
	q.message = m
	if g.faults.Poison {
		m.original = bytes.Clone(data)
	}
	l.messages = append(l.messages, m)
	if g.faults.Delay <= 0 {
		g.arrive(l)
	} else {
		time.AfterFunc(time.Duration(r.hash(n)%uint64(g.faults.Delay+1)), func() {
			g.mu.Lock()
			defer g.mu.Unlock()
			if g.aborted == nil {
				g.arrive(l)
			}
		})
	}
	return q
}

// arrive lets the next message on its way arrive. Which one that is does not depend on the delays, so that messages of a
// route stay in order.
func (g *Group) arrive(l *lane) {
	if l.arrived == len(l.messages) {
		return // it failed meanwhile
	}
	m := l.messages[l.arrived]
	l.arrived++
	if !g.faults.Rendezvous {
		m.complete()
	}
	l.match()
}

// receive starts a receive.
func (g *Group) receive(r route, data []byte) *request {
	g.mu.Lock()
	defer g.mu.Unlock()
	q := newRequest(data)
	if g.aborted != nil || g.killed[r.to] {
		return q.end(g.dead(r.to, r.from))
	}
	if g.faults.Poison {
		for i := range data {
			data[i] = 0xdb
		}
	}
	l := g.lane(r)
	l.receives = append(l.receives, q)
	l.match()
	if g.noticed[r.from] {
		l.failReceives(g.dead(r.to, r.from))
	}
	return q
}

// take receives the oldest message that has arrived with a tag. It returns the rank that sent it and its length, or -1.
func (g *Group) take(context uint64, to, tag int, data []byte) (from, n int, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.aborted != nil || g.killed[to] {
		return -1, 0, g.dead(to, to)
	}
	for from := range g.ranks {
		l := g.lanes[route{context, from, to, tag}]
		if l == nil || l.arrived == 0 {
			continue
		}
		if n := len(l.messages[0].data); n > len(data) {
			return -1, 0, fmt.Errorf("%w: a message of %d bytes where at most %d were expected", transport.ErrTransport, n, len(data))
		}
		m := l.next()
		err := m.complete()
		return from, copy(data, m.data), err
	}
	return -1, 0, nil
}

// next takes the first message.
func (l *lane) next() *message {
	m := l.messages[0]
	l.messages = l.messages[1:]
	l.arrived--
	return m
}

// match gives messages that have arrived to the receives that wait for them.
func (l *lane) match() {
	for l.arrived > 0 && len(l.receives) > 0 {
		m, q := l.next(), l.receives[0]
		l.receives = l.receives[1:]
		err := m.complete()
		if err == nil && len(m.data) != len(q.data) {
			err = fmt.Errorf("%w: a message of %d bytes where %d were expected", transport.ErrTransport, len(m.data), len(q.data))
		}
		copy(q.data, m.data)
		q.end(err)
	}
}

// complete ends the message's send, and returns its error. From then on the message has data of its own.
func (m *message) complete() error {
	if m.send == nil {
		return nil
	}
	var err error
	if m.original != nil && !bytes.Equal(m.original, m.data) {
		err = fmt.Errorf("%w: the slice of a send was changed before it was complete", transport.ErrTransport)
	}
	m.data = bytes.Clone(m.data)
	m.send.end(err)
	m.send = nil
	return err
}

// failSends ends the sends that are not complete. Messages of complete ones still arrive.
func (l *lane) failSends(err error) {
	for _, q := range l.lost {
		q.end(err)
	}
	l.lost = nil
	kept, arrived := l.messages[:0], 0
	for i, m := range l.messages {
		if m.send != nil {
			m.send.end(err)
			continue
		}
		kept = append(kept, m)
		if i < l.arrived {
			arrived++
		}
	}
	l.messages, l.arrived = kept, arrived
}

func (l *lane) failReceives(err error) {
	for _, q := range l.receives {
		q.end(err)
	}
	l.receives = nil
}

// hash returns a number for message n that looks random.
func (r route) hash(n int) uint64 {
	h := r.context
	for _, x := range []int{r.from, r.to, r.tag, n} {
		h = scramble(h ^ uint64(x))
	}
	return h
}

// scramble is a step of SplitMix64.
func scramble(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
