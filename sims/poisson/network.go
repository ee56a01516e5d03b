package poisson

import (
	"context"
	"math"
	"math/bits"
	"slices"

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

// part is a connected part of the plate that heat cannot leave. Its solution is
// determined up to a constant, so that one of its points is held in the equations.
type part struct {
	points []int
	pin    int
}

// assemble sets up the equations of p.
func assemble(ctx context.Context, p *Problem) (*assembly, error) {
	dx, dy := p.spacing()
	g := newGrid(p.Rows, p.Cols, p.Left.Kind == Periodic, p.Top.Kind == Periodic, false)
	n := p.Rows * p.Cols
	a := &assembly{finest: g, flux: make([]float64, n), around: make([]float64, n), area: make([]float64, n)}
	k := func(at int) float64 {
		if p.Conductivity != nil {
			return p.Conductivity[at]
		}
		return p.conductivity()
	}
	for i := range p.Rows {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		height := dy * share(i, p.Rows, g.wrapRows)
		for j := range p.Cols {
			width := dx * share(j, p.Cols, g.wrapCols)
			at, c := i*p.Cols+j, g.at(i, j)
			if j+1 < p.Cols || g.wrapCols {
				g.east[c] = harmonic(k(at), k(i*p.Cols+(j+1)%p.Cols)) * height / dx
			}
			if i+1 < p.Rows || g.wrapRows {
				g.south[c] = harmonic(k(at), k((i+1)%p.Rows*p.Cols+j)) * width / dy
			}
			a.area[at] = height * width
			switch {
			case p.isolated(at):
				g.state[c] = isolated
				continue
			case p.keeps(i, j):
				g.state[c] = held
			}
			if p.Reaction != nil {
				g.loss[c] = p.Reaction[at] * a.area[at]
			}
			edge := func(e Edge, length float64) {
				switch e.Kind {
				case Flux:
					a.flux[at] += float64(e.Flux * length)
				case Convection:
					g.loss[c] += float64(e.Transfer * length)
					a.around[at] += float64(e.Transfer*length) * e.Ambient
				}
			}
			if i == 0 {
				edge(p.Top, width)
			}
			if i == p.Rows-1 {
				edge(p.Bottom, width)
			}
			if j == 0 {
				edge(p.Left, height)
			}
			if j == p.Cols-1 {
				edge(p.Right, height)
			}
		}
	}
	if err := a.normalise(); err != nil {
		return nil, err
	}
	g.fill(g.east, g.south, g.loss)
	g.fillState()
	a.findParts()
	g.setDiagonal(0)
	return a, nil
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
func (a *assembly) normalise() error {
	g := a.finest
	largest, least := 0.0, math.Inf(1)
	for i := range g.rows {
		for j := range g.cols {
			c := g.at(i, j)
			largest = max(largest, g.east[c], g.south[c])
			isFree := g.state[c] == free
			if isFree {
				largest = max(largest, g.loss[c])
			}
			for _, v := range [3]struct {
				conductance float64
				i, j        int // the other end
			}{{g.east[c], i, j + 1}, {g.south[c], i + 1, j}, {g.loss[c], i, j}} {
				if v.conductance > 0 && (isFree || g.state[g.at(v.i%g.rows, v.j%g.cols)] == free) {
					least = min(least, v.conductance)
				}
			}
		}
	}
	if math.IsInf(largest, 0) || largest > 0 && (least < largest*contract.NetworkLeast || largest < 0x1p-900) {
		return device.Invalidf("conductances of cells from %g to %g are too different", least, largest)
	}
	a.unit = 1
	if largest > 0 {
		_, e := math.Frexp(largest)
		a.unit = math.Ldexp(1, 1-e)
	}
	for _, m := range [][]float64{g.east, g.south, g.loss, a.flux, a.around} {
		for i := range m {
			m[i] *= a.unit
		}
	}
	return nil
}

// findParts finds the parts without any way out, and holds a point of each. Only points
// without conductivity can cut a part off from all points that are held.
func (a *assembly) findParts() {
	g := a.finest
	if slices.Max(g.loss) > 0 || slices.Contains(g.state, held) {
		if !slices.Contains(g.state, isolated) {
			return
		}
	}
	seen := make([]bool, g.rows*g.cols)
	for at := range seen {
		if seen[at] || g.state[g.at(at/g.cols, at%g.cols)] != free {
			continue
		}
		points, out := g.flood(at, seen)
		if out {
			continue
		}
		pin := points[0]
		for _, q := range points {
			if g.evenness(q) > g.evenness(pin) || g.evenness(q) == g.evenness(pin) && q < pin {
				pin = q
			}
		}
		a.parts = append(a.parts, part{points, pin})
	}
	for _, s := range a.parts {
		g.state[g.at(s.pin/g.cols, s.pin%g.cols)] = held
	}
	g.fillState()
}

// evenness returns on how many coarser grids a point remains.
func (g *grid) evenness(at int) int {
	return min(bits.TrailingZeros32(uint32(at/g.cols)), bits.TrailingZeros32(uint32(at%g.cols)))
}

// flood returns the points that heat reaches from a point without crossing a held one, and
// reports whether it finds a way out.
func (g *grid) flood(from int, seen []bool) (points []int, out bool) {
	points = []int{from}
	seen[from] = true
	for next := 0; next < len(points); next++ {
		i, j := points[next]/g.cols, points[next]%g.cols
		c := g.at(i, j)
		out = out || g.loss[c] > 0
		for _, nb := range [4]struct {
			i, j int
			g    float64
		}{{i, j + 1, g.east[c]}, {i, j - 1, g.east[c-1]}, {i + 1, j, g.south[c]}, {i - 1, j, g.south[c-g.stride]}} {
			if nb.g == 0 {
				continue
			}
			at := (nb.i+g.rows)%g.rows*g.cols + (nb.j+g.cols)%g.cols
			switch {
			case g.state[g.at(nb.i, nb.j)] == held:
				out = true
			case !seen[at]:
				seen[at] = true
				points = append(points, at)
			}
		}
	}
	return points, out
}
