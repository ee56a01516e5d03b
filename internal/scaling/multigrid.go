package scaling

import (
	"math"
	"time"
)

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
