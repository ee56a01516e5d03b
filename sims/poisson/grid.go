package poisson

import (
	"context"
	"math"

	"offload/device"
	"offload/internal/contract"
)

// The states of a point.
const (
	free     = iota
	held     // keeps its value
	isolated // has no neighbours and keeps its value
)

// halo is the width of the border around the matrices of a grid: the interpolation at a
// point uses conductances that far away.
const halo = 2

// grid is a network of conductances in float64, while a hierarchy is set up. Its matrices
// have a border, which repeats the opposite side where the grid wraps and is 0 elsewhere.
type grid struct {
	rows, cols, stride   int
	wrapCols, wrapRows   bool
	nine                 bool      // points are joined to all eight neighbours
	east, south          []float64 // conductance to the next column, to the next row
	southEast, southWest []float64 // to the next row's next and previous column; nil unless nine
	loss                 []float64
	diagonal             []float64
	state                []uint8
}

func newGrid(rows, cols int, wrapCols, wrapRows, nine bool) *grid {
	g := &grid{rows: rows, cols: cols, stride: cols + 2*halo, wrapCols: wrapCols, wrapRows: wrapRows, nine: nine}
	n := (rows + 2*halo) * g.stride
	for _, m := range []*[]float64{&g.east, &g.south, &g.loss, &g.diagonal} {
		*m = make([]float64, n)
	}
	if nine {
		g.southEast, g.southWest = make([]float64, n), make([]float64, n)
	}
	g.state = make([]uint8, n)
	return g
}

// at returns the index of point (i, j), which may lie in the border.
func (g *grid) at(i, j int) int { return (i+halo)*g.stride + j + halo }

// fill sets the borders of matrices.
func (g *grid) fill(all ...[]float64) {
	for _, m := range all {
		fillBorder(g, m)
	}
}

// fillState sets the border of state.
func (g *grid) fillState() { fillBorder(g, g.state) }

func fillBorder[E float64 | uint8](g *grid, m []E) {
	if g.wrapCols {
		for i := range g.rows {
			for k := 1; k <= halo; k++ {
				m[g.at(i, -k)] = m[g.at(i, (g.cols*halo-k)%g.cols)]
				m[g.at(i, g.cols-1+k)] = m[g.at(i, (k-1)%g.cols)]
			}
		}
	}
	if g.wrapRows {
		row := func(i int) []E { return m[(i+halo)*g.stride:][:g.stride] }
		for k := 1; k <= halo; k++ {
			copy(row(-k), row((g.rows*halo-k)%g.rows))
			copy(row(g.rows-1+k), row((k-1)%g.rows))
		}
	}
}

// links are the conductances around a point.
type links struct {
	east, west, south, north                   float64
	southEast, northWest, southWest, northEast float64
}

// links returns the conductances around the point with index c.
func (g *grid) links(c int) links {
	s := g.stride
	l := links{east: g.east[c], west: g.east[c-1], south: g.south[c], north: g.south[c-s]}
	if g.nine {
		l.southEast, l.northWest = g.southEast[c], g.southEast[c-s-1]
		l.southWest, l.northEast = g.southWest[c], g.southWest[c-s+1]
	}
	return l
}

// row returns row i of a matrix with its border.
func (g *grid) row(m []float64, i int) []float64 { return m[(i+halo)*g.stride:][:g.stride] }

// setDiagonal sets the diagonal, from matrices whose borders are set, and makes losses 0
// that are smaller than the part least of the conductances. Points without conductances
// become isolated.
func (g *grid) setDiagonal(ctx context.Context, crew crew, least float64) error {
	err := crew.rows(ctx, g.rows, g.cols, func(r device.Range) error {
		g.setDiagonalRows(r, least)
		return nil
	})
	g.fill(g.diagonal)
	g.fillState()
	return err
}

func (g *grid) setDiagonalRows(r device.Range, least float64) {
	for i := r.Lo; i < r.Hi; i++ {
		dst, loss, state := g.row(g.diagonal, i), g.row(g.loss, i), g.state[(i+halo)*g.stride:][:g.stride]
		east, south, north := g.row(g.east, i), g.row(g.south, i), g.row(g.south, i-1)
		for x := halo; x < len(dst)-halo; x++ {
			dst[x] = (east[x] + east[x-1]) + (south[x] + north[x])
		}
		if g.nine {
			southEast, southWest := g.row(g.southEast, i), g.row(g.southWest, i)
			aboveSouthEast, aboveSouthWest := g.row(g.southEast, i-1), g.row(g.southWest, i-1)
			for x := halo; x < len(dst)-halo; x++ {
				dst[x] += (southEast[x] + aboveSouthEast[x-1]) + (southWest[x] + aboveSouthWest[x+1])
			}
		}
		for x := halo; x < len(dst)-halo; x++ {
			sum := dst[x]
			if math.Abs(loss[x]) < least*sum {
				loss[x] = 0
			}
			if dst[x] = sum + loss[x]; !(dst[x] >= contract.NetworkLeast) {
				state[x], dst[x] = isolated, 1
			}
		}
	}
}

// clean replaces conductances and losses below the least one by 0.
func (g *grid) clean() {
	for _, m := range [...][]float64{g.east, g.south, g.southEast, g.southWest, g.loss} {
		for c, v := range m {
			if v != 0 && math.Abs(v) < contract.NetworkLeast {
				m[c] = 0
			}
		}
	}
}
