package poisson

import (
	"context"

	"offload/device"
)

// operator sets the coarser grid to the product of restriction, operator and
// interpolation. Losses are formed of differences, so that rounding makes none.
func (p *pairOfGrids) operator(ctx context.Context, crew crew) error {
	h := p.coarse
	if err := crew.rows(ctx, h.rows, 4*h.cols, func(r device.Range) error { return p.multiply(ctx, r) }); err != nil {
		return err
	}
	return p.finishOperator(ctx, crew)
}

// finishOperator removes what is but rounding from the coarser grid, and sets its diagonal.
func (p *pairOfGrids) finishOperator(ctx context.Context, crew crew) error {
	h := p.coarse
	h.clean()
	h.fill(h.east, h.south, h.southEast, h.southWest)
	return h.setDiagonal(ctx, crew, leastLoss)
}

// multiply adds to rows of the coarser grid what each point of the finer one contributes,
// row by row.
func (p *pairOfGrids) multiply(ctx context.Context, band device.Range) error {
	g := p.fine
	inside := func(r int) bool { return r >= band.Lo && r < band.Hi }
	regular := newRegular(p)
	for i := range g.rows {
		a := p.rows.parent(i)
		first, second := p.rows.index(a), p.rows.index(a+1)
		upper, lower := inside(first), inside(second)
		if !upper && !lower {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		inner := p.regularColumns(i)
		for j := range inner.Lo {
			p.multiplyPoint(i, j, upper, lower)
		}
		if inner.Len() > 0 {
			regular.multiplyRow(i, upper, lower)
		}
		for j := inner.Hi; j < g.cols; j++ {
			p.multiplyPoint(i, j, upper, lower)
		}
	}
	return nil
}

// multiplyPoint adds what point (i, j) contributes to the first and the second of the coarse
// rows between which it lies.
func (p *pairOfGrids) multiplyPoint(i, j int, upper, lower bool) {
	g, h, w := p.fine, p.coarse, &p.weights
	c := g.at(i, j)
	if w[0][c] == 0 && w[1][c] == 0 && w[2][c] == 0 && w[3][c] == 0 {
		return
	}
	a, b := p.rows.parent(i), p.cols.parent(j)
	rows := [3]int{p.rows.parent(i-1) - a, 0, p.rows.parent(i+1) - a}
	cols := [3]int{p.cols.parent(j-1) - b, 0, p.cols.parent(j+1) - b}
	l := g.links(c)
	conductances := [9]float64{l.northWest, l.north, l.northEast, l.west, 0, l.east, l.southWest, l.south, l.southEast}

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
		n, y, x := c+(k/3-1)*g.stride+k%3-1, 1+rows[k/3], 1+cols[k%3]
		w0, w1, w2, w3 := w[0][n], w[1][n], w[2][n], w[3][n]
		row[y][x] -= float64(v * w0)
		row[y][x+1] -= float64(v * w1)
		row[y+1][x] -= float64(v * w2)
		row[y+1][x+1] -= float64(v * w3)
		if k != 4 {
			loss += float64(v * (own - ((w0 + w1) + (w2 + w3))))
		}
	}
	for k := range w {
		v := w[k][c]
		if v == 0 || k < 2 && !upper || k >= 2 && !lower {
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
