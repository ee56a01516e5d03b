package poisson

import (
	"context"
	"math"
	"sync"

	"offload/device"
	"offload/internal/contract"
)

// assembly is the equations of a problem: each point's heat balance over its cell. Cells
// at edges are halved, unless the edge is periodic.
type assembly struct {
	finest *grid
	flux   []float64 // heat into each cell through edges with a given flux
	around []float64 // heat into each cell through convective edges, at u = 0
	area   []float64 // of each cell; a point that keeps its value has one, too
	unit   float64   // power of two that scales all equations
	parts  []part    // parts of the plate without any way out for heat
}

// assemble sets up the equations of p.
func assemble(ctx context.Context, crew crew, p *Problem) (*assembly, error) {
	dx, dy := p.spacing()
	g := newGrid(p.Rows, p.Cols, p.Left.Kind == Periodic, p.Top.Kind == Periodic, false)
	n := p.Rows * p.Cols
	a := &assembly{finest: g, flux: make([]float64, n), around: make([]float64, n), area: make([]float64, n)}
	if err := crew.rows(ctx, p.Rows, p.Cols, func(r device.Range) error {
		for i := r.Lo; i < r.Hi && ctx.Err() == nil; i++ {
			a.assembleRow(p, i, dx, dy)
		}
		return ctx.Err()
	}); err != nil {
		return nil, err
	}
	for _, side := range [...]struct {
		Edge
		at, step, n int // first point, distance of points, their number
		length      float64
		wraps       bool // around the ends of the edge
	}{
		{p.Top, 0, 1, p.Cols, dx, g.wrapCols},
		{p.Bottom, n - p.Cols, 1, p.Cols, dx, g.wrapCols},
		{p.Left, 0, p.Cols, p.Rows, dy, g.wrapRows},
		{p.Right, p.Cols - 1, p.Cols, p.Rows, dy, g.wrapRows},
	} {
		for k := range side.n {
			if at := side.at + k*side.step; !p.isolated(at) {
				a.cross(at, side.Edge, side.length*share(k, side.n, side.wraps))
			}
		}
	}
	if err := a.normalise(ctx, crew); err != nil {
		return nil, err
	}
	g.fill(g.east, g.south, g.loss)
	g.fillState()
	a.findParts()
	return a, g.setDiagonal(ctx, crew, 0)
}

// assembleRow sets the conductances, the states and the reaction of a row of points.
func (a *assembly) assembleRow(p *Problem, i int, dx, dy float64) {
	g, first := a.finest, i*p.Cols
	east, south := g.row(g.east, i)[halo:][:p.Cols], g.row(g.south, i)[halo:][:p.Cols]
	area, state := a.area[first:][:p.Cols], g.state[g.at(i, 0):][:p.Cols]
	height := dy * share(i, p.Rows, g.wrapRows)
	inner, outer := dx, dx*share(0, p.Cols, g.wrapCols) // widths of cells
	for j := range area {
		area[j] = height * inner
	}
	area[0], area[p.Cols-1] = height*outer, height*outer

	below := i+1 < p.Rows || g.wrapRows
	if p.Conductivity == nil {
		k := harmonic(p.conductivity(), p.conductivity())
		for j := range east {
			east[j] = k * height / dx
		}
		if below {
			for j := range south {
				south[j] = k * inner / dy
			}
			south[0], south[p.Cols-1] = k*outer/dy, k*outer/dy
		}
	} else {
		k := p.Conductivity[first:][:p.Cols]
		for j, v := range k[:p.Cols-1] {
			east[j] = harmonic(v, k[j+1]) * height / dx
		}
		east[p.Cols-1] = harmonic(k[p.Cols-1], k[0]) * height / dx
		if below {
			next := p.Conductivity[(i+1)%p.Rows*p.Cols:][:p.Cols]
			for j, v := range k {
				south[j] = harmonic(v, next[j]) * inner / dy
			}
			for _, j := range [2]int{0, p.Cols - 1} {
				south[j] = harmonic(k[j], next[j]) * outer / dy
			}
		}
		for j, v := range k {
			if v == 0 {
				state[j] = isolated
			}
		}
	}
	if !g.wrapCols {
		east[p.Cols-1] = 0
	}
	keeps := func(j int) {
		if state[j] != isolated {
			state[j] = held
		}
	}
	if i == 0 && p.Top.Kind == Fixed || i == p.Rows-1 && p.Bottom.Kind == Fixed {
		for j := range state {
			keeps(j)
		}
	}
	if p.Left.Kind == Fixed {
		keeps(0)
	}
	if p.Right.Kind == Fixed {
		keeps(p.Cols - 1)
	}
	if p.Held != nil {
		for j, h := range p.Held[first:][:p.Cols] {
			if h {
				keeps(j)
			}
		}
	}
	if p.Reaction != nil {
		loss := g.row(g.loss, i)[halo:][:p.Cols]
		for j, v := range p.Reaction[first:][:p.Cols] {
			if state[j] != isolated {
				loss[j] = v * area[j]
			}
		}
	}
}

// cross adds what crosses an edge to the cell of a point, over so much of its length.
func (a *assembly) cross(at int, e Edge, length float64) {
	switch e.Kind {
	case Flux:
		a.flux[at] += float64(e.Flux * length)
	case Convection:
		a.finest.loss[a.finest.at(at/a.finest.cols, at%a.finest.cols)] += float64(e.Transfer * length)
		a.around[at] += float64(float64(e.Transfer*length) * e.Ambient)
	}
}

// share returns the share of a cell of the last point before an edge that is in the plate.
func share(i, n int, wrap bool) float64 {
	if !wrap && (i == 0 || i == n-1) {
		return 0.5
	}
	return 1
}

// harmonic returns the harmonic mean of a and b.
func harmonic(a, b float64) float64 {
	if a == 0 || b == 0 {
		return 0
	}
	if a > b { // no overflow, and the same for either order
		a, b = b, a
	}
	return 2 * (a / (1 + a/b))
}

// normalise multiplies the equations by a power of two, such that the largest conductance
// is at least 1 and below 2. It refuses numbers whose magnitudes are too different.
func (a *assembly) normalise(ctx context.Context, crew crew) error {
	g := a.finest
	largest, least := 0.0, math.Inf(1)
	var mu sync.Mutex
	if err := crew.rows(ctx, g.rows, g.cols, func(r device.Range) error {
		most, fewest := g.extremes(r)
		mu.Lock()
		defer mu.Unlock()
		largest, least = max(largest, most), min(least, fewest)
		return nil
	}); err != nil {
		return err
	}
	if math.IsInf(largest, 0) || largest > 0 && (least < largest*contract.NetworkLeast || largest < 0x1p-900) {
		return device.Invalidf("conductances of cells from %g to %g are too different", least, largest)
	}
	a.unit = 1
	if largest > 0 {
		_, e := math.Frexp(largest)
		a.unit = math.Ldexp(1, 1-e)
	}
	if a.unit == 1 {
		return nil
	}
	for _, m := range [...][]float64{g.east, g.south, g.loss, a.flux, a.around} {
		for i := range m {
			m[i] *= a.unit
		}
	}
	return nil
}

// extremes returns the largest conductance or loss in rows r, and the least one above 0 that
// a free point has.
func (g *grid) extremes(r device.Range) (largest, least float64) {
	least = math.Inf(1)
	count := func(v float64, matters bool) {
		if v > largest {
			largest = v
		}
		if v < least && matters && v > 0 {
			least = v
		}
	}
	for i := r.Lo; i < r.Hi; i++ {
		state, below := g.state[g.at(i, 0):][:g.cols], g.state[g.at((i+1)%g.rows, 0):][:g.cols]
		east, south, loss := g.row(g.east, i)[halo:], g.row(g.south, i)[halo:], g.row(g.loss, i)[halo:]
		next := state[0] // state of the next point; of the last one, the first
		for j := g.cols - 1; j >= 0; j-- {
			isFree := state[j] == free
			count(east[j], isFree || next == free)
			count(south[j], isFree || below[j] == free)
			if isFree {
				count(loss[j], true)
			}
			next = state[j]
		}
	}
	return largest, least
}
