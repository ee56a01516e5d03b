// Package scaling predicts how plates and forces scale over the nodes of a cluster, by a model of nodes and of a network:
// see docs/cluster_scaling.md. Each node computes a band of rows. The rates of its cores are those of BENCHMARKS.md.
package scaling

import (
	"time"

	"offload/internal/simulated"
)

// Node describes a node.
type Node struct {
	Cores  int
	Memory float64 // bytes per second
}

// Cluster is a number of equal nodes.
type Cluster struct {
	Node
	Network simulated.Network
	Nodes   int
}

// The node and the networks of the document, which names the sources.
var (
	Large      = Node{Cores: 64, Memory: 330e9}
	InfiniBand = simulated.Network{Name: "InfiniBand", Latency: 1200 * time.Nanosecond, Bandwidth: 24e9}
	TCP        = simulated.Network{Name: "TCP", Latency: 34900 * time.Nanosecond, Bandwidth: 1.178e9}
)

// Times are the parts of the time of a step on the node that takes longest.
type Times struct {
	Work   time.Duration // what the node's share takes if nothing is computed twice
	Again  time.Duration // what the division adds to that
	Halo   time.Duration // waits for neighbours, beyond what is computed meanwhile
	Gather time.Duration // all-gathers
}

// Total returns the sum of the parts.
func (t Times) Total() time.Duration { return t.Work + t.Again + t.Halo + t.Gather }

func (t Times) plus(u Times) Times {
	return Times{t.Work + u.Work, t.Again + u.Again, t.Halo + u.Halo, t.Gather + u.Gather}
}

// Run is a computation of which each node has the same part, whatever their number.
type Run interface {
	Step(c Cluster) Times
}

// Efficiency returns the time of a step of r on one node over that on all nodes of c.
func Efficiency(r Run, c Cluster) float64 {
	one := c
	one.Nodes = 1
	return float64(r.Step(one).Total()) / float64(r.Step(c).Total())
}

const statusBytes = 32 // of a rank, exchanged before each read

// compute returns the time of an amount of work at a rate of each core, with so many bytes to and from memory.
func (c Cluster) compute(work, rate, bytes float64) time.Duration {
	return seconds(max(work/(rate*float64(c.Cores)), bytes/c.Memory))
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// band is a launch on a node's rows of a matrix.
type band struct {
	rows    float64                                 // of the node
	halo    int                                     // rows on each side that it reads
	bytes   float64                                 // of the halo on one side, as they travel
	compute func(rows, again float64) time.Duration // of rows, with the rows that are computed beside them
	again   float64                                 // rows that a piece computes twice, both sides together
}

// launch returns the times of a launch. As package cluster does, a node computes the rows that need no message while the
// messages travel, if they are at least half of its rows; then those at both ends. Each piece computes parts of its halo.
func (c Cluster) launch(b band) Times {
	t := Times{Work: b.compute(b.rows, 0)}
	if c.Nodes == 1 {
		return t
	}
	messages := 1
	for float64(messages)*b.rows < float64(b.halo) {
		messages++
	}
	sides := min(c.Nodes-1, 2)
	t.Halo = c.Network.Halo(sides, messages, b.bytes)
	part := float64(sides) / 2
	inner := b.rows - float64(sides*b.halo)
	if 2*inner < b.rows {
		t.Again = b.compute(b.rows, part*b.again) - t.Work
		return t
	}
	first := b.compute(inner, part*b.again)
	t.Again = first + time.Duration(sides)*b.compute(float64(b.halo), b.again) - t.Work
	t.Halo = max(0, t.Halo-first)
	return t
}
