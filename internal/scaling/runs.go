package scaling

import (
	"math"
	"time"
)

// Jacobi is a launch of sweeps in float64 and a look at their residual, on a plate of Side² points for each node.
type Jacobi struct {
	Side   int
	Sweeps int  // of a launch
	Tall   bool // the plate keeps its width and has Side rows for each node; else it is a square
	Total  bool // each node adds up its residual; else every node reads the residuals of all rows
}

const (
	jacobiRate = 5.05e9 // updates per second of a core: laplacian f64, 8192², 32 sweeps
	pointBytes = 24     // of a pass through memory: a value is read, its place in the output is read and written
	rowBytes   = 16     // residuals of a row
)

// Step implements Run.
func (j Jacobi) Step(c Cluster) Times {
	width, rows := float64(j.Side), float64(j.Side)
	if root := math.Sqrt(float64(c.Nodes)); !j.Tall {
		width, rows = width*root, rows/root
	}
	k := float64(j.Sweeps)
	t := c.launch(band{
		rows:  rows,
		halo:  j.Sweeps,
		bytes: k * width * 8,
		again: k * (k - 1), // k − 1 rows on each side in the first sweep, none in the last one
		compute: func(rows, again float64) time.Duration {
			reach := 0.
			if again > 0 {
				reach = 2 * k
			}
			return c.compute((k*rows+again)*width, jacobiRate, (pointBytes*rows+8*reach)*width)
		},
	})
	if j.Total {
		t.Gather = 2 * c.Network.Broadcast(c.Nodes, rowBytes) // a tree up and down
	} else {
		t.Gather = c.Network.Tree(c.Nodes, rowBytes*rows*float64(c.Nodes))
	}
	t.Gather += c.Network.Tree(c.Nodes, float64(statusBytes*c.Nodes))
	return t
}

// Rate returns the updates per second of a node.
func (j Jacobi) Rate(c Cluster) float64 {
	return float64(j.Side*j.Side*j.Sweeps) / j.Step(c).Total().Seconds()
}

// Multigrid is a V-cycle in float64 with corrections in float32, on a plate of Side² intervals for each node, as a square.
type Multigrid struct{ Side int }

const (
	cycleRate  = 0.96e9  // points per second of a core: a cycle on 4 096² intervals in 8.7 ms on two cores
	cycleBytes = 10.7    // of a point: such a cycle moves 180 MB
	hostPoints = 1 << 16 // of the largest level that every node computes by itself
	normBytes  = 16      // of two rows
)

// stage is a kernel of the cycle.
type stage struct {
	share float64 // of the time of a whole cycle on that level
	bytes float64 // to and from memory, of a point
	again float64 // half-sweeps
	halo  int     // rows of the coarse grid
	sent  float64 // bytes of the halo on one side, per interval of the width
}

var (
	cycle  = stage{share: 1, bytes: cycleBytes, again: 6, halo: 5, sent: 4*8 + 5*2}
	start  = stage{share: 4. / 6, bytes: cycleBytes / 2, again: 4, halo: 5, sent: 5 * 8} // the first guess reaches 5 rows, and the right side stands for it
	finish = stage{share: 2. / 6, bytes: cycleBytes / 2, again: 2, halo: 3, sent: 2*4 + 3*2}
)

// Step implements Run.
func (m Multigrid) Step(c Cluster) Times {
	n := float64(m.Side) * math.Sqrt(float64(c.Nodes))
	all := float64(c.Nodes)
	t := c.level(n, cycle)
	t.Gather = c.Network.Tree(c.Nodes, n/2*normBytes) + c.Network.Tree(c.Nodes, statusBytes*all)
	for n /= 2; (n+1)*(n+1) > hostPoints; n /= 2 {
		t = t.plus(c.level(n, start)).plus(c.level(n, finish))
	}
	t.Gather += c.Network.Tree(c.Nodes, (n+1)*(n+1)*4) + c.Network.Tree(c.Nodes, statusBytes*all)
	points := (n + 1) * (n + 1) * 4 / 3 // of this level and all below, on one core
	t.Work += seconds(points / cycleRate)
	return t
}

// level returns the times of a stage on a level of n² intervals. A node has a row of the coarse grid or more, or none.
func (c Cluster) level(n float64, s stage) Times {
	rows := max(1, n/2/float64(c.Nodes))
	compute := func(rows, again float64) time.Duration {
		points := 2 * n * (rows + again)
		return c.compute(s.share*points, cycleRate, s.bytes*points)
	}
	t := c.launch(band{rows: rows, halo: s.halo, bytes: s.sent * n, again: s.again / 2, compute: compute})
	if even := compute(n/2/float64(c.Nodes), 0); even < t.Work { // most nodes have nothing to do
		t.Again += t.Work - even
		t.Work = even
	}
	return t
}

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
