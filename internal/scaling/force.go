package scaling

import "math"

// Force is an evaluation of all forces in float64 among Bodies·√nodes bodies: with that many, the pairs of each node stay as
// many.
type Force struct {
	Bodies int
	Tree   bool // positions travel by an all-gather with log2 steps; else each node sends its own to every other
}

const (
	pairRate  = 1.795e9 // interactions per second of a core, each pair evaluated once for both bodies
	ownRows   = 0.53    // of that rate where a launch has only some rows, and each target sums its own sources
	bodyBytes = 32      // x, y, z, gm
)

// Step implements Run.
func (f Force) Step(c Cluster) Times {
	nodes := float64(c.Nodes)
	bodies := float64(f.Bodies) * math.Sqrt(nodes)
	t := Times{Work: c.compute(bodies*bodies/nodes, pairRate, 0)}
	if c.Nodes == 1 {
		return t
	}
	t.Again = c.compute(bodies*bodies/nodes, pairRate*ownRows, 0) - t.Work
	if f.Tree {
		t.Gather = c.Network.Tree(c.Nodes, bodies*bodyBytes)
	} else {
		t.Gather = c.Network.Ring(c.Nodes, bodies*bodyBytes)
	}
	return t
}
