package cluster

import (
	"fmt"
	"sync"
)

// call is a collective call, which every rank has to make alike.
type call struct {
	what   string // barrier, launch, …
	name   string // of a kernel
	lo, hi int    // rows of a launch, elements of a transfer
	extra  uint64 // hash of the rest: scalars and shapes
}

func (c call) String() string {
	switch {
	case c.name != "":
		return fmt.Sprintf("%s %s, %d to %d", c.what, c.name, c.lo, c.hi)
	case c.hi != 0:
		return fmt.Sprintf("%s, %d to %d", c.what, c.lo, c.hi)
	}
	return c.what
}

// calls is the history of a rank's calls: their number, and a hash of them all after each of the latest.
type calls struct {
	mu      sync.Mutex
	n       uint64
	history [remembered]struct {
		call
		hash uint64
	}
	left error // why the rank waits for its last call no more
}

// remembered is the number of calls of which ranks can be compared.
const remembered = 1024

// begin records the next call.
func (c *calls) begin(next call) {
	c.mu.Lock()
	hash := uint64(hashStart)
	if c.n > 0 {
		hash = c.history[(c.n-1)%remembered].hash
	}
	h := &c.history[c.n%remembered]
	h.call, h.hash = next, mix(mix(mix(mixString(mixString(hash, next.what), next.name), uint64(next.lo)), uint64(next.hi)), next.extra)
	c.n++
	c.mu.Unlock()
}

// last returns the last call.
func (c *calls) last() call {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == 0 {
		return call{what: "no call yet"}
	}
	return c.history[(c.n-1)%remembered].call
}

// leave records that the rank waits for its last call no more.
func (c *calls) leave(why error) {
	c.mu.Lock()
	if c.left == nil {
		c.left = why
	}
	c.mu.Unlock()
}

// state returns the number of calls so far and the hash of them all.
func (c *calls) state() (n, hash uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n > 0 {
		hash = c.history[(c.n-1)%remembered].hash
	}
	return c.n, hash
}

// at returns call number n, from 1, and the hash of all up to it. It reports false for one that is not remembered or not
// made yet.
func (c *calls) at(n uint64) (call, uint64, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n == 0 || n > c.n || n+remembered <= c.n {
		return call{}, 0, false
	}
	h := &c.history[(n-1)%remembered]
	return h.call, h.hash, true
}

// abandoned returns why the rank waits for its last call no more, or nil.
func (c *calls) abandoned() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.left
}

// The hash is FNV-1a of 64 bits, by words.
const (
	hashStart = 14695981039346656037
	hashPrime = 1099511628211
)

func mix(hash, x uint64) uint64 { return (hash ^ x) * hashPrime }

func mixString(hash uint64, s string) uint64 {
	for i := range len(s) {
		hash = mix(hash, uint64(s[i]))
	}
	return mix(hash, uint64(len(s)))
}
