package multigrid

import (
	"offload/device"
	"offload/internal/contract"
	"offload/kernels/internal/base"
)

// A network is a grid of rows × cols points that conductances join: a point with its four
// neighbours, or with all eight. Its coefficients are a matrix with one row for each row
// of points, which holds planes of cols numbers one after another: four planes for a
// network of four neighbours, six for eight.
//
// The flow into point (i, j) from its neighbours is, with differences to its own value
// and each product and sum rounded once,
//
//	s = (east·(u[i][j+1] − u) + west·(u[i][j−1] − u)) + (south·(u[i+1][j] − u) + north·(u[i−1][j] − u))
//
// and for eight neighbours
//
//	s + ((southeast·(u[i+1][j+1] − u) + northwest·(u[i−1][j−1] − u)) + (southwest·(u[i+1][j−1] − u) + northeast·(u[i−1][j+1] − u)))
//
// where west is the plane East of point (i, j−1), north is South of (i−1, j), northwest is
// SouthEast of (i−1, j−1), and northeast is SouthWest of (i−1, j+1).
//
// Columns always wrap: column cols is column 0. Where they should not, the conductances
// are 0. Rows wrap if the scalar wrap is 1. If it is 0, there is no row above the first
// and none below the last: conductances there count as 0 whatever the planes hold, and
// the values as those of the point itself.
const (
	PlaneEast      = iota // conductance to the next column
	PlaneSouth            // conductance to the next row
	PlaneInverse          // 1/diagonal, the diagonal being the sum of all conductances and the loss; 0 at a held point
	PlaneLoss             // what leaves the point itself, for each unit of u
	PlaneSouthEast        // conductance to the next row's next column
	PlaneSouthWest        // conductance to the next row's previous column

	Planes4 = PlaneLoss + 1      // planes for four neighbours
	Planes8 = PlaneSouthWest + 1 // planes for eight neighbours
)

// General returns the kernels for networks: Direction, Step and Dot in both precisions,
// and Smooth, Restrict and Prolong.
func General() []*device.Kernel {
	return []*device.Kernel{direction32, direction64, step32, step64, dot32, dot64, smooth, restrict, prolong}
}

// NetworkFloor returns the magnitude below which a value becomes zero.
func NetworkFloor[T device.Float]() T {
	return base.PerPrecision[T](contract.NetworkFloor32, contract.NetworkFloor64)
}

// network reads the coefficients of a grid.
type network[T device.Float] struct {
	coef               []T
	rows, cols, planes int
	wrap               bool
	none               []T // a row of conductances 0
}

// links are the coefficients at one row.
type links[T device.Float] struct {
	east, south, north, inverse, loss                    []T
	southEast, southWest, aboveSouthEast, aboveSouthWest []T // nil for four neighbours
}

func newNetwork[T device.Float](coef []T, rows, cols, planes int, wrap bool) *network[T] {
	return &network[T]{coef, rows, cols, planes, wrap, make([]T, cols)}
}

// at returns the index of row r, or −1 if there is none.
func (n *network[T]) at(r int) int {
	switch {
	case r >= 0 && r < n.rows:
		return r
	case n.wrap:
		return (r + n.rows) % n.rows
	}
	return -1
}

func (n *network[T]) plane(r, plane int) []T { return n.coef[(r*n.planes+plane)*n.cols:][:n.cols] }

// links returns the coefficients at row r, which exists.
func (n *network[T]) links(r int) links[T] {
	l := links[T]{
		east: n.plane(r, PlaneEast), south: n.none, north: n.none,
		inverse: n.plane(r, PlaneInverse), loss: n.plane(r, PlaneLoss),
	}
	above, below := n.at(r-1), n.at(r+1)
	if above >= 0 {
		l.north = n.plane(above, PlaneSouth)
	}
	if below >= 0 {
		l.south = n.plane(r, PlaneSouth)
	}
	if n.planes < Planes8 {
		return l
	}
	l.southEast, l.southWest, l.aboveSouthEast, l.aboveSouthWest = n.none, n.none, n.none, n.none
	if above >= 0 {
		l.aboveSouthEast, l.aboveSouthWest = n.plane(above, PlaneSouthEast), n.plane(above, PlaneSouthWest)
	}
	if below >= 0 {
		l.southEast, l.southWest = n.plane(r, PlaneSouthEast), n.plane(r, PlaneSouthWest)
	}
	return l
}

// flows sets dst[j] to the flow into point j of a row for j = first, first+stride, …; up
// and down are the rows beside it.
func (l *links[T]) flows(dst, up, mid, down []T, first, stride int) {
	n := len(mid)
	if first == 0 && n > 0 {
		dst[0] = l.flow(up, mid, down, 0, n-1, min(1, n-1))
		first = stride
	}
	if n > 1 && (n-1-first)%stride == 0 && first <= n-1 {
		dst[n-1] = l.flow(up, mid, down, n-1, n-2, 0)
	}
	if l.southEast == nil {
		l.flows4(dst, up, mid, down, first, stride)
	} else {
		l.flows8(dst, up, mid, down, first, stride)
	}
}

// flow returns the flow into point j, whose neighbours are in the columns west and east.
func (l *links[T]) flow(up, mid, down []T, j, west, east int) T {
	c := mid[j]
	s := (T(l.east[j]*(mid[east]-c)) + T(l.east[west]*(mid[west]-c))) +
		(T(l.south[j]*(down[j]-c)) + T(l.north[j]*(up[j]-c)))
	if l.southEast == nil {
		return s
	}
	return s + ((T(l.southEast[j]*(down[east]-c)) + T(l.aboveSouthEast[west]*(up[west]-c))) +
		(T(l.southWest[j]*(down[west]-c)) + T(l.aboveSouthWest[east]*(up[east]-c))))
}

// flows4 is flows of the inner columns for four neighbours.
func (l *links[T]) flows4(dst, up, mid, down []T, first, stride int) {
	n := len(mid)
	dst, up, down = dst[:n], up[:n], down[:n]
	east, south, north := l.east[:n], l.south[:n], l.north[:n]
	for j := first; j < n-1; j += stride {
		if j < 1 { // for the compiler: no bounds check of j−1
			continue
		}
		c := mid[j]
		dst[j] = (T(east[j]*(mid[j+1]-c)) + T(east[j-1]*(mid[j-1]-c))) +
			(T(south[j]*(down[j]-c)) + T(north[j]*(up[j]-c)))
	}
}

// flows8 is flows of the inner columns for eight neighbours.
func (l *links[T]) flows8(dst, up, mid, down []T, first, stride int) {
	n := len(mid)
	dst, up, down = dst[:n], up[:n], down[:n]
	east, south, north := l.east[:n], l.south[:n], l.north[:n]
	se, sw, nw, ne := l.southEast[:n], l.southWest[:n], l.aboveSouthEast[:n], l.aboveSouthWest[:n]
	for j := first; j < n-1; j += stride {
		if j < 1 {
			continue
		}
		c := mid[j]
		s := (T(east[j]*(mid[j+1]-c)) + T(east[j-1]*(mid[j-1]-c))) +
			(T(south[j]*(down[j]-c)) + T(north[j]*(up[j]-c)))
		dst[j] = s + ((T(se[j]*(down[j+1]-c)) + T(nw[j-1]*(up[j-1]-c))) +
			(T(sw[j]*(down[j-1]-c)) + T(ne[j+1]*(up[j+1]-c))))
	}
}

// window keeps the last three rows of values that a contract derives row by row.
type window[T device.Float] struct {
	rows [3][]T
}

func newWindow[T device.Float](cols int) *window[T] {
	all := make([]T, 3*cols)
	return &window[T]{[3][]T{all[:cols], all[cols : 2*cols], all[2*cols:]}}
}

// row returns the place of row r ≥ −2.
func (w *window[T]) row(r int) []T { return w.rows[(r+3)%3] }

// around returns row r of the window and the rows beside it, those outside the network
// replaced by row r.
func (n *network[T]) around(w *window[T], r int) (up, mid, down []T) {
	up, mid, down = w.row(r-1), w.row(r), w.row(r+1)
	if n.at(r-1) < 0 {
		up = mid
	}
	if n.at(r+1) < 0 {
		down = mid
	}
	return up, mid, down
}

// SumRows adds column col of rows with width elements each: in float64, by recursive
// halves.
func SumRows[T device.Float](rows []T, width, col int) float64 {
	switch n := len(rows) / width; n {
	case 0:
		return 0
	case 1:
		return float64(rows[col])
	default:
		half := n / 2 * width
		return SumRows(rows[:half], width, col) + SumRows(rows[half:], width, col)
	}
}
