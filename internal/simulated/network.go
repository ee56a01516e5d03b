package simulated

import (
	"math/bits"
	"time"
)

// Network describes what messages between the nodes of a cluster cost, by Hockney's model (1994, Parallel Computing 20,
// 389): each takes the latency and the time of its bytes. Nodes send and receive at the same time, and one pair of nodes
// does not slow down another.
type Network struct {
	Name      string
	Latency   time.Duration // of a message
	Bandwidth float64       // bytes per second into a node; 0: without limit
}

// Message returns the time of a message.
func (n Network) Message(bytes float64) time.Duration {
	return n.Latency + duration(bytes, n.Bandwidth)
}

// Halo returns the time in which a node receives bytes from each of its neighbours, in a number of messages one after the
// other. The neighbours send at the same time and share the bandwidth.
func (n Network) Halo(neighbours, messages int, bytes float64) time.Duration {
	if neighbours == 0 {
		return 0
	}
	return time.Duration(messages)*n.Latency + duration(float64(neighbours)*bytes, n.Bandwidth)
}

// Tree returns the time of an all-gather by recursive doubling, after which each of the nodes has bytes in all: as many
// steps as the logarithm of nodes to base 2, rounded up.
func (n Network) Tree(nodes int, bytes float64) time.Duration {
	return time.Duration(bits.Len(uint(nodes-1)))*n.Latency + n.others(nodes, bytes)
}

// Ring returns the time of an all-gather in nodes − 1 steps, each of which brings every node the part of one other.
func (n Network) Ring(nodes int, bytes float64) time.Duration {
	return time.Duration(nodes-1)*n.Latency + n.others(nodes, bytes)
}

// others returns the time of the bytes that a node does not have at the beginning of an all-gather.
func (n Network) others(nodes int, bytes float64) time.Duration {
	return duration(bytes*float64(nodes-1)/float64(nodes), n.Bandwidth)
}

// Broadcast returns the time in which one node's bytes reach all others by a binomial tree.
func (n Network) Broadcast(nodes int, bytes float64) time.Duration {
	return time.Duration(bits.Len(uint(nodes-1))) * n.Message(bytes)
}
