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
