package poisson

import (
	"math/bits"
	"slices"
)

// part is a connected part of the plate that heat cannot leave. Its solution is
// determined up to a constant, so that one of its points is held in the equations.
type part struct {
	points []int
	pin    int
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
