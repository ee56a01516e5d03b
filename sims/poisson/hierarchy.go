package poisson

import (
	"context"

	"offload/device"
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

// inner returns the points x with 2 ≤ x < n − 3 and an even number of them: they and their
// neighbours lie at coarse points if they are even, else between two, none of which is
// across an end. The range is empty unless the axis is halved.
func (a axis) inner() device.Range {
	if !a.halved || a.n < 8 {
		return device.Range{}
	}
	return device.Range{Lo: 2, Hi: (a.n - 3) &^ 1}
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
func hierarchy(ctx context.Context, crew crew, finest *grid) (pairs []*pairOfGrids, last *grid, err error) {
	g, gap := finest, gaps{1, 1}
	for g.rows*g.cols > coarsest {
		p := halve(g, &gap)
		if p == nil {
			break
		}
		if err := p.interpolate(ctx, crew); err != nil {
			return nil, nil, err
		}
		if err := p.operator(ctx, crew); err != nil {
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
