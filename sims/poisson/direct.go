package poisson

import (
	"offload/device"
	"offload/kernels/multigrid"
)

// direct solves the equations of a small grid of n × m intervals with fixed edges,
//
//	u − cy·(up + down) − cx·(left + right) = f,
//
// by the factors L·D·Lᵀ of their matrix, which is banded if the points are numbered along
// the shorter side. It computes in float64, whatever the type of the grid.
type direct struct {
	n, m           int
	cx, cy         float64
	transposed     bool // points are numbered along the columns
	band, unknowns int
	lower          []float64 // column k of L below the diagonal: band numbers
	diagonal       []float64 // of D
	x              []float64
}

func newDirect(n, m int, cx, cy float64) *direct {
	d := &direct{n: n, m: m, cx: cx, cy: cy, transposed: n < m, band: min(n, m) - 1, unknowns: (n - 1) * (m - 1)}
	d.lower, d.diagonal = make([]float64, d.unknowns*d.band), make([]float64, d.unknowns)
	d.x = make([]float64, d.unknowns)
	d.factor()
	return d
}

// factor computes L and D, column by column, each from the columns before it.
func (d *direct) factor() {
	near, far := d.cx, d.cy // weights of neighbours in number, and a band away
	if d.transposed {
		near, far = far, near
	}
	b := d.band
	for k := range d.unknowns {
		d.diagonal[k] = 1
		if (k+1)%b != 0 {
			d.lower[k*b] = -near
		}
		if k+b < d.unknowns {
			d.lower[k*b+b-1] -= far // for b = 1, both are one
		}
	}
	for k := range d.unknowns {
		column := d.lower[k*b:][:b]
		for p := 1; p <= min(b, d.unknowns-1-k); p++ {
			scaled := column[p-1] / d.diagonal[k]
			d.diagonal[k+p] -= float64(scaled * column[p-1])
			for q := p + 1; q <= b; q++ { // row k+q of column k+p
				d.lower[(k+p)*b+q-p-1] -= float64(scaled * column[q-1])
			}
		}
		for p := range column {
			column[p] /= d.diagonal[k]
		}
	}
}

// solve replaces x, the right sides, by the solution.
func (d *direct) solve() {
	b, x := d.band, d.x
	for k := range x {
		v := x[k]
		for p, l := range d.lower[k*b:][:min(b, d.unknowns-1-k)] {
			x[k+1+p] -= float64(l * v)
		}
	}
	for k := d.unknowns - 1; k >= 0; k-- {
		below := x[k+1:]
		var sum [4]float64
		for p, l := range d.lower[k*b:][:min(b, len(below))] {
			sum[p&3] += float64(l * below[p])
		}
		x[k] = x[k]/d.diagonal[k] - ((sum[0] + sum[2]) + (sum[1] + sum[3]))
	}
}

// at returns the number of the inner point (i, j).
func (d *direct) at(i, j int) int {
	if d.transposed {
		return (j-1)*(d.n-1) + i - 1
	}
	return (i-1)*(d.m-1) + j - 1
}

// solveDirect sets u, natural rows of width elements, to the solution for the right side f
// in half-rows of half elements and the values on the edges, which are zero if nil; see
// package multigrid for the layout.
func solveDirect[T device.Float](d *direct, f []T, half int, edges []T, u []T, width int) {
	setEdges(edges, d.n, d.m, u, width)
	for i := 1; i < d.n; i++ {
		for j := 1; j < d.m; j++ {
			value := func(i, j int) float64 { // on the edge; 0 inside
				if i == 0 || i == d.n || j == 0 || j == d.m {
					return float64(u[i*width+j])
				}
				return 0
			}
			v := float64(d.cy*(value(i-1, j)+value(i+1, j))) + float64(d.cx*(value(i, j-1)+value(i, j+1)))
			if f != nil {
				v += float64(f[(2*i+(i+j)&1)*half+j/2])
			}
			d.x[d.at(i, j)] = v
		}
	}
	d.solve()
	floor := multigrid.Floor[T]()
	for i := 1; i < d.n; i++ {
		for j := 1; j < d.m; j++ {
			u[i*width+j] = flush(T(d.x[d.at(i, j)]), floor)
		}
	}
}

// setEdges sets the edges of u, natural rows of width elements.
func setEdges[T device.Float](edges []T, n, m int, u []T, width int) {
	if edges == nil {
		return // u is zero there
	}
	top, bottom, left, right := edges[:m+1], edges[m+1:][:m+1], edges[2*(m+1):][:n+1], edges[2*(m+1)+n+1:]
	for i := range n + 1 {
		u[i*width], u[i*width+m] = left[i], right[i]
	}
	copy(u[:m+1], top)
	copy(u[n*width:][:m+1], bottom)
}
