package poisson

import (
	"context"
	"math"

	"offload/kernels/multigrid"
)

// The setup of coarser grids, as far as it depends on the equations: which axes are
// halved, the interpolation, and the operator.

const (
	// coarsest is the largest number of points that are solved directly.
	coarsest = 256
	// anisotropy is the ratio of the conductances of both directions above which only the
	// stronger one is halved.
	anisotropy = 2
	// mergeBelow is the gap between the last and the first point of a ring, in distances,
	// below which both become one point of the coarser grid.
	mergeBelow = 0.8
	// leastShare is the least share of a sum of conductances in an interpolation.
	leastShare = 0.01
	// leastWeight is the least weight; smaller ones become 0.
	leastWeight = 0x1p-30
	// leastLoss is the part of the diagonal below which a loss is but rounding.
	leastLoss = 0x1p-43
)

// axis is the relation of an axis of n points to that of the coarser grid.
type axis struct {
	n, coarse int
	halved    bool
	wrap      bool
	kept      bool // the last point is odd, and lies at the last coarse one
}

// newAxis returns the halves of n points: kept says what becomes of an odd last point, gap
// of the last point of a ring.
func newAxis(n int, wrap, kept bool, gap float64) (axis, float64) {
	a := axis{n: n, coarse: (n + 1) / 2, halved: true, wrap: wrap}
	switch {
	case wrap && n%2 == 0:
		gap = (1 + gap) / 2
	case wrap && gap < mergeBelow:
		a.coarse, gap = (n-1)/2, 1
	case wrap:
		gap /= 2
	case n%2 == 0 && kept:
		a.coarse, a.kept = n/2+1, true
	}
	return a, gap
}

// parent returns the coarse point a at or before point x in [−1, n], not taken modulo the
// number of coarse points.
func (a axis) parent(x int) int {
	switch {
	case !a.halved:
		return x
	case x < 0 && a.wrap:
		return (a.n-1)/2 - a.coarse
	case x >= a.n && a.wrap:
		return a.coarse
	}
	return x >> 1
}

// at reports whether a point lies at a coarse one, which is number second of its parents.
func (a axis) at(x int) (at bool, second int) {
	switch {
	case !a.halved || x%2 == 0:
		return true, 0
	case a.kept && x == a.n-1:
		return true, 1
	}
	return false, 0
}

// single reports whether a point between coarse ones has only its first parent.
func (a axis) single(x int) bool { return a.halved && !a.wrap && !a.kept && x%2 == 1 && x == a.n-1 }

// index returns the number of coarse point x.
func (a axis) index(x int) int {
	if a.wrap && x >= a.coarse {
		return x - a.coarse
	}
	if a.wrap && x < 0 {
		return x + a.coarse
	}
	return x
}

// pairOfGrids is a grid with the next coarser one. weights[2·r+c] is the weight of the
// parent number r along columns and c along rows.
type pairOfGrids struct {
	fine, coarse *grid
	rows, cols   axis
	weights      [4][]float64
}

// axes returns the scalar of the kernels.
func (p *pairOfGrids) axes() (all int) {
	if p.cols.halved {
		all |= multigrid.HalveCols
	}
	if p.rows.halved {
		all |= multigrid.HalveRows
	}
	return all
}

// gaps are the distances from the last points of rings to the first ones.
type gaps struct{ rows, cols float64 }

// hierarchy returns the pairs of grids from the finest one down to the coarsest.
func hierarchy(ctx context.Context, finest *grid) (pairs []*pairOfGrids, last *grid, err error) {
	g, gap := finest, gaps{1, 1}
	for g.rows*g.cols > coarsest {
		p := halve(g, &gap)
		if p == nil {
			break
		}
		if err := p.interpolate(ctx); err != nil {
			return nil, nil, err
		}
		if err := p.operator(ctx); err != nil {
			return nil, nil, err
		}
		pairs, g = append(pairs, p), p.coarse
	}
	return pairs, g, nil
}

// halve chooses the axes to halve; it returns nil if there is none.
func halve(g *grid, gap *gaps) *pairOfGrids {
	keptCols := !g.wrapCols && g.mostHeld(func(k int) int { return g.at(k, g.cols-1) }, g.rows)
	keptRows := !g.wrapRows && g.mostHeld(func(k int) int { return g.at(g.rows-1, k) }, g.cols)
	possible := func(n int, wrap, kept bool) bool {
		switch {
		case wrap:
			return n > 3
		case kept:
			return n > 2
		}
		return n > 1
	}
	cols, rows := possible(g.cols, g.wrapCols, keptCols), possible(g.rows, g.wrapRows, keptRows)
	if cols && rows {
		alongRow, alongColumn := g.strengths()
		if alongRow > anisotropy*alongColumn {
			rows = false
		} else if alongColumn > anisotropy*alongRow {
			cols = false
		}
	}
	if !cols && !rows {
		return nil
	}
	p := &pairOfGrids{fine: g, rows: axis{n: g.rows, coarse: g.rows, wrap: g.wrapRows}, cols: axis{n: g.cols, coarse: g.cols, wrap: g.wrapCols}}
	if cols {
		p.cols, gap.cols = newAxis(g.cols, g.wrapCols, keptCols, gap.cols)
	}
	if rows {
		p.rows, gap.rows = newAxis(g.rows, g.wrapRows, keptRows, gap.rows)
	}
	p.coarse = newGrid(p.rows.coarse, p.cols.coarse, g.wrapCols, g.wrapRows, true)
	return p
}

// mostHeld reports whether more than half of n points keep their values.
func (g *grid) mostHeld(at func(k int) int, n int) bool {
	count := 0
	for k := range n {
		if g.state[at(k)] != free {
			count++
		}
	}
	return 2*count > n
}

// strengths returns the sums of the conductances to the neighbours in the row and in the
// column, relative to those of each point in all.
func (g *grid) strengths() (alongRow, alongColumn float64) {
	for i := range g.rows {
		for j := range g.cols {
			if c := g.at(i, j); g.state[c] == free {
				alongRow += (g.east[c] + g.east[c-1]) / g.diagonal[c]
				alongColumn += (g.south[c] + g.south[c-g.stride]) / g.diagonal[c]
			}
		}
	}
	return alongRow, alongColumn
}

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

// neighbour is the place of a neighbour, or of the point itself.
type neighbour struct{ i, j int }

var neighbours = [9]neighbour{{-1, -1}, {-1, 0}, {-1, 1}, {0, -1}, {0, 0}, {0, 1}, {1, -1}, {1, 0}, {1, 1}}

// operator sets the coarser grid to the product of restriction, operator and
// interpolation. Losses are formed of differences, so that rounding makes none.
func (p *pairOfGrids) operator(ctx context.Context) error {
	g, h, w := p.fine, p.coarse, &p.weights
	var at [9]int
	for k, n := range neighbours {
		at[k] = n.i*g.stride + n.j
	}
	for i := range g.rows {
		if err := ctx.Err(); err != nil {
			return err
		}
		a := p.rows.parent(i)
		up, down := p.rows.parent(i-1)-a, p.rows.parent(i+1)-a
		for j := range g.cols {
			c := g.at(i, j)
			if w[0][c] == 0 && w[1][c] == 0 && w[2][c] == 0 && w[3][c] == 0 {
				continue
			}
			b := p.cols.parent(j)
			left, right := p.cols.parent(j-1)-b, p.cols.parent(j+1)-b
			l := g.links(c)
			conductances := [9]float64{l.northWest, l.north, l.northEast, l.west, 0, l.east, l.southWest, l.south, l.southEast}
			rows, cols := [3]int{up, 0, down}, [3]int{left, 0, right}

			// The products of the operator's row with the columns of the interpolation, for
			// the coarse points around (a, b); and with a vector of ones.
			var row [4][4]float64
			own := (w[0][c] + w[1][c]) + (w[2][c] + w[3][c])
			loss := float64(g.loss[c] * own)
			for k, v := range conductances {
				if k == 4 {
					v = -g.diagonal[c]
				}
				if v == 0 {
					continue
				}
				n, y, x := c+at[k], 1+rows[k/3], 1+cols[k%3]
				w0, w1, w2, w3 := w[0][n], w[1][n], w[2][n], w[3][n]
				if w0 != 0 {
					row[y][x] -= float64(v * w0)
				}
				if w1 != 0 {
					row[y][x+1] -= float64(v * w1)
				}
				if w2 != 0 {
					row[y+1][x] -= float64(v * w2)
				}
				if w3 != 0 {
					row[y+1][x+1] -= float64(v * w3)
				}
				if k != 4 {
					loss += float64(v * (own - ((w0 + w1) + (w2 + w3))))
				}
			}
			for k := range w {
				v := w[k][c]
				if v == 0 {
					continue
				}
				y, x := 1+k>>1, 1+k&1
				to := h.at(p.rows.index(a+k>>1), p.cols.index(b+k&1))
				h.loss[to] += float64(v * loss)
				h.east[to] -= float64(v * row[y][x+1])
				h.south[to] -= float64(v * row[y+1][x])
				h.southEast[to] -= float64(v * row[y+1][x+1])
				h.southWest[to] -= float64(v * row[y+1][x-1])
			}
		}
	}
	h.clean()
	h.fill(h.east, h.south, h.southEast, h.southWest)
	for i := range h.rows {
		for j := range h.cols {
			c := h.at(i, j)
			if math.Abs(h.loss[c]) < leastLoss*h.links(c).sum() {
				h.loss[c] = 0
			}
		}
	}
	h.setDiagonal()
	return nil
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
