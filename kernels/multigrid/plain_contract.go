package multigrid

import (
	"offload/device"
	"offload/internal/ieee"
)

// plain holds the rows of a grid around a launch, in natural order, and the arguments that
// are common to Start, Cycle and Finish.
type plain[T device.Float] struct {
	tile   *device.Tile
	n, m   int // intervals
	cx, cy T
	flags  int
	f      []T // right side: four half-rows for each launch row
	edges  []T // top and bottom, m + 1 values each, then left and right, n + 1 each
	half   int // width of a half-row of f

	rows device.Range // of the grid that u holds
	u    []T          // m + 1 points a row
}

// at returns the point (i, j) of u.
func (p *plain[T]) at(i, j int) *T { return &p.u[(i-p.rows.Lo)*(p.m+1)+j] }

// onEdge reports whether a point of the grid is on an edge.
func (p *plain[T]) onEdge(i, j int) bool { return i == 0 || i == p.n || j == 0 || j == p.m }

// edge returns the value of a point on an edge. The corners belong to the top and bottom.
func (p *plain[T]) edge(i, j int) T {
	switch {
	case p.flags&HasEdges == 0:
		return 0
	case i == 0:
		return p.edges[j]
	case i == p.n:
		return p.edges[p.m+1+j]
	case j == 0:
		return p.edges[2*(p.m+1)+i]
	}
	return p.edges[2*(p.m+1)+p.n+1+i]
}

// side returns the right side at a point.
func (p *plain[T]) side(i, j int) T {
	if p.flags&HasSource == 0 {
		return 0
	}
	colour := (i + j) & 1 // 0 is red
	return p.f[(2*i+colour)*p.half+j/2]
}

// relaxed returns the value that satisfies the equation of an inner point.
func (p *plain[T]) relaxed(i, j int) T {
	v := T(p.cy*(*p.at(i-1, j)+*p.at(i+1, j))) + T(p.cx*(*p.at(i, j-1)+*p.at(i, j+1)))
	if p.flags&HasSource != 0 {
		v += p.side(i, j)
	}
	return v
}

// load allocates u for the launch rows r and halo more launch rows on each side, and sets
// the edges. It returns the rows of the grid that u holds.
func (p *plain[T]) load(r device.Range, halo int) device.Range {
	pairs := r.Grow(halo, p.n/2+1)
	p.rows = device.Range{Lo: 2 * pairs.Lo, Hi: min(2*pairs.Hi, p.n+1)}
	p.u = make([]T, max(p.rows.Len(), 0)*(p.m+1))
	for i := p.rows.Lo; i < p.rows.Hi; i++ {
		for j := 0; j <= p.m; j++ {
			if p.onEdge(i, j) {
				*p.at(i, j) = p.edge(i, j)
			}
		}
	}
	return p.rows
}

// sweep does half-sweeps, beginning with red. Each makes one row on each side of u invalid,
// unless that is an edge.
func (p *plain[T]) sweep(halves int) {
	for k := range halves {
		if p.tile.Done() {
			return
		}
		for i := max(p.rows.Lo+1, 1); i < min(p.rows.Hi-1, p.n); i++ {
			for j := 1; j < p.m; j++ {
				if (i+j)&1 == k&1 {
					*p.at(i, j) = p.relaxed(i, j)
				}
			}
		}
	}
}

// residual returns the residual of the red points of row i and calls each for those of an
// even row, which are the points of the coarse grid.
func (p *plain[T]) residual(i int, each func(J int, r T)) (largest T) {
	if i <= 0 || i >= p.n {
		return 0
	}
	for j := 2 - i&1; j < p.m; j += 2 {
		r := p.relaxed(i, j) - *p.at(i, j)
		largest = max(largest, ieee.Abs(r))
		if i&1 == 0 && each != nil {
			each(j/2, r)
		}
	}
	return largest
}

// blacks calls each for the black points of the rows that u holds.
func (p *plain[T]) blacks(rows device.Range, each func(i, j, t int)) {
	for i := rows.Lo; i < rows.Hi; i++ {
		for j := 1 - i&1; j <= p.m; j += 2 {
			each(i, j, j/2)
		}
	}
}

// correct sets the black points of u to those of the state plus the correction, which is
// linear between the points of the coarse grid.
func (p *plain[T]) correct(state []T, half int, c []float32, width int) {
	p.blacks(p.rows, func(i, j, t int) {
		if p.onEdge(i, j) {
			return
		}
		a, b := c[i/2*width+t], float32(0)
		if i&1 == 0 {
			b = c[i/2*width+t+1]
		} else {
			b = c[(i/2+1)*width+t]
		}
		*p.at(i, j) = state[i*half+t] + T(T(0.5)*(T(a)+T(b)))
	})
}

// interpolate sets the black points of u by cubic interpolation in the solution q of the
// coarse grid, along the row or column with two of its points as neighbours.
func (p *plain[T]) interpolate(q []T, width int) {
	p.blacks(p.rows, func(i, j, t int) {
		if p.onEdge(i, j) {
			return
		}
		if i&1 == 0 {
			row := q[i/2*width:]
			*p.at(i, j) = cubic(t, p.m/2, func(k int) T { return row[k] })
		} else {
			*p.at(i, j) = cubic(i/2, p.n/2, func(k int) T { return q[k*width+t] })
		}
	})
}

// cubic returns the value half-way between the points t and t + 1 of n + 1: by the cubic
// through four neighbours, or linearly if n < 3.
func cubic[T device.Float](t, n int, q func(int) T) T {
	switch {
	case n < 3:
		return T(T(0.5) * (q(t) + q(t+1)))
	case t == 0:
		return (T(T(0.3125)*q(0)) + T(T(0.9375)*q(1))) + (T(T(0.0625)*q(3)) - T(T(0.3125)*q(2)))
	case t == n-1:
		return (T(T(0.3125)*q(n)) + T(T(0.9375)*q(n-1))) + (T(T(0.0625)*q(n-3)) - T(T(0.3125)*q(n-2)))
	}
	return T(T(0.5625)*(q(t)+q(t+1))) - T(T(0.0625)*(q(t-1)+q(t+2)))
}

// storeState writes the black halves of launch row I.
func (p *plain[T]) storeState(state []T, half, I int) {
	clear(state[2*I*half : 2*(I+1)*half])
	p.blacks(device.Range{Lo: 2 * I, Hi: min(2*I+2, p.n+1)}, func(i, j, t int) {
		state[i*half+t] = flush(*p.at(i, j))
	})
}

// storeCoarse writes the halves of row I of the coarse right side, which is 0 on the edges.
func (p *plain[T]) storeCoarse(coarse []float32, half, I int) (largest T) {
	set := func(J int, v float32) { coarse[(2*I+(I+J)&1)*half+J/2] = v }
	clear(coarse[2*I*half : 2*(I+1)*half])
	largest = p.residual(2*I, func(J int, r T) { set(J, flush(float32(2*r))) })
	return max(largest, p.residual(2*I+1, nil))
}

// storeSolution writes the natural rows of launch row I.
func (p *plain[T]) storeSolution(out []T, width, I int) {
	clear(out[2*I*width : 2*(I+1)*width])
	for i := 2 * I; i < min(2*I+2, p.n+1); i++ {
		for j := 0; j <= p.m; j++ {
			out[i*width+j] = flush(*p.at(i, j))
		}
	}
}

// largestOf returns the largest magnitude of the first n elements of row I of c.
func largestOf[T device.Float](c []float32, width, n, I int) T {
	largest := float32(0)
	for _, v := range c[I*width:][:n] {
		largest = max(largest, ieee.Abs(v))
	}
	return T(largest)
}
