package poisson

import (
	"offload/device"
	"offload/kernels/multigrid"
)

// coefficients sets dst to the coefficients of rows r as the kernels read them. They are 0
// after the last row.
func coefficients[T device.Float](g *grid, dst []T, r device.Range) {
	n := multigrid.Planes4
	if g.nine {
		n = multigrid.Planes8
	}
	clear(dst)
	matrices := [...][]float64{multigrid.PlaneEast: g.east, multigrid.PlaneSouth: g.south, multigrid.PlaneLoss: g.loss,
		multigrid.PlaneSouthEast: g.southEast, multigrid.PlaneSouthWest: g.southWest}
	for i := r.Lo; i < min(r.Hi, g.rows); i++ {
		plane := func(k int) []T { return dst[((i-r.Lo)*n+k)*g.cols:][:g.cols] }
		for k, m := range matrices[:n] {
			if m == nil {
				continue
			}
			to := plane(k)
			for j, v := range g.row(m, i)[halo:][:len(to)] {
				to[j] = T(v)
			}
		}
		inverse := plane(multigrid.PlaneInverse)
		state, diagonal := g.state[g.at(i, 0):][:g.cols], g.row(g.diagonal, i)[halo:]
		for j := range inverse {
			if state[j] == free {
				inverse[j] = T(1 / diagonal[j])
			}
		}
	}
}

// planes sets dst to rows r of the matrix of weights as the kernels read it.
func (p *pairOfGrids) planes(dst []float32, r device.Range) {
	g, n, tall, step := p.fine, multigrid.WeightPlanes(p.axes()), 1, 1
	if p.rows.halved {
		tall = 2
	}
	width := g.cols
	if p.cols.halved {
		width, step = (g.cols+1)/2, 2
	}
	clear(dst)
	for i := tall * r.Lo; i < min(tall*r.Hi, g.rows); i++ {
		oddRow := i % tall
		state := g.state[g.at(i, 0):][:g.cols]
		for k := range p.weights {
			y, z := k>>1, k&1
			if y > oddRow {
				continue
			}
			values := g.row(p.weights[k], i)[halo:][:g.cols]
			parents := p.coarse.state[p.coarse.at(p.rows.parent(i)+y, 0):][:p.coarse.cols+halo] // of which some wrap
			for oddCol := z; oddCol < step; oddCol++ {
				// The first plane of the kind of these points, and those of their parents.
				first := 0
				switch {
				case oddRow == 1 && oddCol == 1:
					first = 5
				case oddRow == 1 && p.cols.halved:
					first = 3
				case oddRow == 1 || oddCol == 1:
					first = 1
				}
				plane := dst[((i/tall-r.Lo)*n+first+y*(1+oddCol)+z)*width:][:width]
				parents := parents[z:]
				for t, j := 0, oddCol; j < g.cols; t, j = t+1, j+step {
					if v := values[j]; v != 0 && state[j] == free && parents[t] == free {
						plane[t] = float32(v)
					}
				}
			}
		}
	}
}
