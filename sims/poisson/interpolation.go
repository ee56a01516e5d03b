package poisson

import (
	"context"
	"math"

	"offload/device"
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
	if !g.nine {
		return g.east[c-1], g.east[c]
	}
	l, s, v := g.links(c), g.stride, g.south
	return combine(l.west, l.southWest, theta(v[c-1], v[c-1+s]), l.northWest, theta(v[c-1-s], v[c-1-2*s])),
		combine(l.east, l.southEast, theta(v[c+1], v[c+1+s]), l.northEast, theta(v[c+1-s], v[c+1-2*s]))
}

// alongColumn returns the conductances of a point to the north and to the south.
func (g *grid) alongColumn(c int) (north, south float64) {
	s := g.stride
	if !g.nine {
		return g.south[c-s], g.south[c]
	}
	l, h := g.links(c), g.east
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
func (p *pairOfGrids) interpolate(ctx context.Context, crew crew) error {
	g, w := p.fine, &p.weights
	for k := range w {
		w[k] = make([]float64, len(g.state))
	}
	p.holdCoarse()
	steps := []func(i int){p.interpolateRow, p.interpolateFours, p.dropHeld}
	for _, step := range steps {
		if err := crew.rows(ctx, g.rows, g.cols, func(r device.Range) error {
			for i := r.Lo; i < r.Hi && ctx.Err() == nil; i++ {
				step(i)
			}
			return ctx.Err()
		}); err != nil {
			return err
		}
		g.fill(w[:]...)
	}
	return nil
}

// columnStep returns the distance of columns that lie at coarse ones.
func (p *pairOfGrids) columnStep() int {
	if p.cols.halved {
		return 2
	}
	return 1
}

// holdCoarse holds the coarse points at which held points lie.
func (p *pairOfGrids) holdCoarse() {
	g, h, step := p.fine, p.coarse, p.columnStep()
	for i := range g.rows {
		at, second := p.rows.at(i)
		if !at {
			continue
		}
		state := g.state[g.at(i, 0):][:g.cols]
		to := h.state[h.at(p.rows.index(p.rows.parent(i)+second), 0):][:h.cols]
		for j := 0; j < len(state); j += step {
			if state[j] == held {
				to[p.cols.index(p.cols.parent(j))] = held
			}
		}
		if last := g.cols - 1; p.cols.kept && state[last] == held {
			to[p.cols.index(p.cols.parent(last)+1)] = held
		}
	}
	h.fillState()
}

// interpolateRow sets the weights of the points of row i with one or two parents.
func (p *pairOfGrids) interpolateRow(i int) {
	g, w, step, last := p.fine, &p.weights, p.columnStep(), p.fine.cols
	if p.cols.kept {
		last--
	}
	at, r := p.rows.at(i)
	if !at {
		for j := 0; j < g.cols; j += step {
			p.interpolateColumn(i, j, 0)
		}
		if last < g.cols {
			p.interpolateColumn(i, last, 1)
		}
		return
	}
	same := func(j, k int) {
		if c := g.at(i, j); g.state[c] != isolated {
			w[2*r+k][c] = 1
		}
	}
	for j := 0; j < g.cols; j += step {
		same(j, 0)
	}
	if last < g.cols {
		same(last, 1)
	}
	if step == 1 {
		return
	}
	for j := 1; j < last; j += 2 {
		if c := g.at(i, j); g.state[c] != isolated {
			west, east := g.alongRow(c)
			w[2*r][c], w[2*r+1][c] = between(west, east, g.loss[c], p.cols.single(j))
		}
	}
}

// interpolateFours sets the weights of the points of row i with four parents.
func (p *pairOfGrids) interpolateFours(i int) {
	if at, _ := p.rows.at(i); at || !p.cols.halved {
		return
	}
	inner := p.regularColumns(i)
	if inner.Len() > 0 {
		p.regularFours(i, inner)
	}
	for j := 1; j < p.fine.cols; j += 2 {
		if j == inner.Lo+1 {
			j = inner.Hi + 1
		}
		if at, _ := p.cols.at(j); !at {
			p.interpolateFour(i, j)
		}
	}
}

// interpolateColumn sets the weights of a point between coarse rows, whose column is a
// coarse one, number k.
func (p *pairOfGrids) interpolateColumn(i, j, k int) {
	if c := p.fine.at(i, j); p.fine.state[c] != isolated {
		north, south := p.fine.alongColumn(c)
		p.weights[k][c], p.weights[2+k][c] = between(north, south, p.fine.loss[c], p.rows.single(i))
	}
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

// dropHeld removes the weights of free coarse points at held points of row i, and weights that
// are too small. Points at coarse ones have none of these.
func (p *pairOfGrids) dropHeld(i int) {
	g, between := p.fine, p.rows.halved && i%2 == 1
	state := g.state[g.at(i, 0):][:g.cols]
	for k := range p.weights {
		first, step := 0, 1
		if k&1 == 1 || !between {
			first, step = 1, 2
		}
		if k >= 2 && !between || step == 2 && !p.cols.halved {
			continue
		}
		values, parents := g.row(p.weights[k], i)[halo:][:g.cols], p.parents(i, k)
		for j := first; j < len(values); j += step {
			v := values[j]
			if state[j] != held && !(math.Abs(v) < leastWeight) || v == 0 {
				continue
			}
			if math.Abs(v) < leastWeight || parents[p.cols.parent(j)+k&1+halo] != held {
				values[j] = 0
			}
		}
	}
}

// parents returns the states of the coarse row, with its border, that has the parents with
// weight number k of row i.
func (p *pairOfGrids) parents(i, k int) []uint8 {
	h := p.coarse
	return h.state[h.at(p.rows.parent(i)+k>>1, -halo):][:h.stride]
}
