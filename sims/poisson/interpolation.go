package poisson

import (
	"context"
	"math"

	"offload/kernels/multigrid"
)

// theta returns the share of a diagonal conductance that leads across rather than around,
// from the conductances a before and b after its end.
func theta(a, b float64) float64 {
	if a+b == 0 {
		return 1
	}
	t := 2 * a / (a + b)
	return max(0, min(1, t))
}

// combine returns the conductance to one side: the direct one and the shares ta and tb of
// the diagonals a and b.
func combine(direct, a, ta, b, tb float64) float64 {
	full := direct + a + b
	if !(full > 0) {
		return 0
	}
	if direct < 0 {
		return full
	}
	c := direct + float64(ta*a) + float64(tb*b)
	return min(max(c, leastShare*full), full)
}

// alongRow returns the conductances of a point to the west and to the east.
func (g *grid) alongRow(c int) (west, east float64) {
	l := g.links(c)
	if !g.nine {
		return l.west, l.east
	}
	s, v := g.stride, g.south
	return combine(l.west, l.southWest, theta(v[c-1], v[c-1+s]), l.northWest, theta(v[c-1-s], v[c-1-2*s])),
		combine(l.east, l.southEast, theta(v[c+1], v[c+1+s]), l.northEast, theta(v[c+1-s], v[c+1-2*s]))
}

// alongColumn returns the conductances of a point to the north and to the south.
func (g *grid) alongColumn(c int) (north, south float64) {
	l := g.links(c)
	if !g.nine {
		return l.north, l.south
	}
	s, h := g.stride, g.east
	return combine(l.north, l.northWest, theta(h[c-s-1], h[c-s-2]), l.northEast, theta(h[c-s], h[c-s+1])),
		combine(l.south, l.southWest, theta(h[c+s-1], h[c+s-2]), l.southEast, theta(h[c+s], h[c+s+1]))
}

// between returns the weights of the parents of a point between two, with conductances
// before and after it.
func between(before, after, loss float64, single bool) (a, b float64) {
	sum := before + after
	switch {
	case single && sum > 0:
		return before / (sum + loss), 0
	case single:
		return 1, 0
	case sum > 0:
		return before / sum, after / sum
	}
	return 0.5, 0.5
}

// interpolate sets the weights and the held points of the coarser grid.
func (p *pairOfGrids) interpolate(ctx context.Context) error {
	g := p.fine
	for k := range p.weights {
		p.weights[k] = make([]float64, len(g.state))
	}
	w := &p.weights
	for i := range g.rows {
		if err := ctx.Err(); err != nil {
			return err
		}
		rowAt, r := p.rows.at(i)
		for j := range g.cols {
			colAt, k := p.cols.at(j)
			c := g.at(i, j)
			switch {
			case g.state[c] == isolated:
			case rowAt && colAt:
				w[2*r+k][c] = 1
				if g.state[c] == held {
					p.coarse.state[p.coarse.at(p.rows.index(p.rows.parent(i)+r), p.cols.index(p.cols.parent(j)+k))] = held
				}
			case rowAt:
				west, east := g.alongRow(c)
				w[2*r][c], w[2*r+1][c] = between(west, east, g.loss[c], p.cols.single(j))
			case colAt:
				north, south := g.alongColumn(c)
				w[k][c], w[2+k][c] = between(north, south, g.loss[c], p.rows.single(i))
			}
		}
	}
	p.coarse.fillState()
	g.fill(w[:]...)
	for i := range g.rows {
		if at, _ := p.rows.at(i); at {
			continue
		}
		for j := range g.cols {
			if at, _ := p.cols.at(j); !at {
				p.interpolateFour(i, j)
			}
		}
	}
	p.dropHeld()
	g.fill(w[:]...)
	return nil
}

// interpolateFour sets the weights of a point between four coarse ones, from those of the
// points around it.
func (p *pairOfGrids) interpolateFour(i, j int) {
	g, w := p.fine, &p.weights
	c, s := g.at(i, j), g.stride
	if g.state[c] == isolated {
		return
	}
	l := g.links(c)
	if p.cols.single(j) {
		l.east = 0
	}
	if p.rows.single(i) {
		l.south = 0
	}
	// The points to the west and east lie on coarse columns, so that their column has only
	// one parent: the first one, but for the last point kept.
	_, last := p.cols.at(j + 1)
	_, below := p.rows.at(i + 1)
	sum := [4]float64{l.northWest, l.northEast, l.southWest, l.southEast}
	add := func(k int, g, w float64) { sum[k] += float64(g * w) }
	add(0, l.west, w[0][c-1])
	add(2, l.west, w[2][c-1])
	add(1, l.east, w[last][c+1])
	add(3, l.east, w[2+last][c+1])
	add(0, l.north, w[0][c-s])
	add(1, l.north, w[1][c-s])
	add(2, l.south, w[2*below][c+s])
	add(3, l.south, w[2*below+1][c+s])
	if p.cols.single(j) {
		sum[1], sum[3] = 0, 0
	}
	if p.rows.single(i) {
		sum[2], sum[3] = 0, 0
	}
	for k, v := range sum {
		w[k][c] = v / g.diagonal[c]
	}
}

// dropHeld removes the weights of free coarse points at held points, and weights that are
// too small.
func (p *pairOfGrids) dropHeld() {
	g := p.fine
	for i := range g.rows {
		for j := range g.cols {
			c := g.at(i, j)
			for k := range p.weights {
				v := &p.weights[k][c]
				if *v == 0 {
					continue
				}
				parent := p.coarse.at(p.rows.parent(i)+k>>1, p.cols.parent(j)+k&1)
				if math.Abs(*v) < leastWeight || g.state[c] == held && p.coarse.state[parent] != held {
					*v = 0
				}
			}
		}
	}
}

// planes returns the weights as the kernels read them, with so many rows.
func (p *pairOfGrids) planes(rows int) []float32 {
	g, axes := p.fine, p.axes()
	width, n := g.cols, multigrid.WeightPlanes(axes)
	if p.cols.halved {
		width = (g.cols + 1) / 2
	}
	all := make([]float32, rows*n*width)
	for i := range g.rows {
		r, oddRow := i, 0
		if p.rows.halved {
			r, oddRow = i/2, i%2
		}
		for j := range g.cols {
			x, oddCol := j, 0
			if p.cols.halved {
				x, oddCol = j/2, j%2
			}
			c := g.at(i, j)
			if g.state[c] != free {
				continue
			}
			// The first plane of the point's kind, and those of its parents.
			first := 0
			switch {
			case oddRow == 1 && oddCol == 1:
				first = 5
			case oddRow == 1 && p.cols.halved:
				first = 3
			case oddRow == 1 || oddCol == 1:
				first = 1
			}
			for k := range p.weights {
				y, z := k>>1, k&1
				if y > oddRow || z > oddCol || p.weights[k][c] == 0 {
					continue
				}
				if p.coarse.state[p.coarse.at(p.rows.index(p.rows.parent(i)+y), p.cols.index(p.cols.parent(j)+z))] != free {
					continue
				}
				all[(r*n+first+y*(1+oddCol)+z)*width+x] = float32(p.weights[k][c])
			}
		}
	}
	return all
}
